package analysis

import (
	"encoding/json"
	"strings"
	"testing"
)

// What was started is not what is defined now: nothing is decided, however long
// it goes on, and harm is heard all the same.
func TestNoLookIsTakenOfWhatWasChanged(t *testing.T) {
	in := pitfall(success, spread(2000, 1, half), spread(2000, 2, most))
	in.Complete, in.Plan.MaxDays, in.Held = false, 5, "its goal was changed"
	r := Analyse(in)
	if r.Clock.Rung || r.Verdict != NotYet || !strings.Contains(r.Sentence, "its goal was changed") || !strings.Contains(r.Change, "epoch") {
		t.Errorf("%s, rung %v: %s %s", r.Verdict, r.Clock.Rung, r.Sentence, r.Change)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var again Report
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if r := Recompute(again); r.Verdict != NotYet {
		t.Errorf("computed again it is %s", r.Verdict)
	}
	in.Plan.Bounds = []Bound{{Metric: errorRate, Margin: Amount{Value: 0.02, Absolute: true}}}
	in.Sums["A"]["error"], in.Sums["B"]["error"] = alike(2000, 0, 1), alike(2000, 1, 1)
	if r := Analyse(in); r.Verdict != RollBack {
		t.Errorf("harm: %s", r.Sentence)
	}
}
