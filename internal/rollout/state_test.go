package rollout

import (
	"errors"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/analysis"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// Each phase has the moves of this table and no others.
func TestMoves(t *testing.T) {
	moves := []Move{Start, Pause, Resume, Look, Decide, Stop, RollBack}
	for phase, allowed := range map[Phase]string{
		Draft: "start", Running: "pause look decide stop", Paused: "resume decide stop", Decided: "stop roll_back", Archived: "",
	} {
		var got string
		for _, m := range moves {
			next, err := State{Experiment: "e", Epoch: 1, Phase: phase}.Next(m, noon, "because")
			var illegal *IllegalMove
			switch {
			case err == nil:
				if got != "" {
					got += " "
				}
				got += string(m)
				if next.Changed != noon || next.Why != "because" {
					t.Errorf("%s of %s: %+v", m, phase, next)
				}
			case !errors.As(err, &illegal):
				t.Errorf("%s of %s: %v", m, phase, err)
			}
		}
		if got != allowed {
			t.Errorf("%s may %q, want %q", phase, got, allowed)
		}
	}
}

// Harm brings everybody back to the baseline; any other verdict moves nobody.
func TestServes(t *testing.T) {
	for _, c := range []struct {
		state State
		want  bool
	}{
		{State{Phase: Draft}, false}, {State{Phase: Running}, true}, {State{Phase: Paused}, false}, {State{Phase: Archived}, false},
		{State{Phase: Decided, Verdict: &analysis.Decided{Verdict: analysis.Deploy}}, true},
		{State{Phase: Decided, Verdict: &analysis.Decided{Verdict: analysis.Inconclusive}}, true},
		{State{Phase: Decided, Verdict: &analysis.Decided{Verdict: analysis.RollBack}}, false},
	} {
		if got := c.state.Serves(); got != c.want {
			t.Errorf("%+v serves: %t", c.state, got)
		}
	}
}

// A state is found again in the decision that led to it.
func TestDecision(t *testing.T) {
	s := State{Experiment: "e", Epoch: 2, Phase: Decided, Started: noon, Changed: noon.Add(time.Hour), Forced: "we know", Units: 400,
		Verdict: &analysis.Decided{Time: noon, Verdict: analysis.Keep, Why: "worse", By: "controller"}, Why: "worse"}
	d, err := Decision("id", "default", "controller", Decide, s, []byte(`{"n":1}`))
	if err != nil {
		t.Fatal(err)
	}
	got, ok := Read(d)
	if !ok || got.Epoch != 2 || got.Phase != Decided || got.Verdict == nil || *got.Verdict != *s.Verdict || got.Forced != "we know" || !got.Started.Equal(noon) {
		t.Errorf("read %+v, %t", got, ok)
	}
	d.Subject = "experiment/other"
	if _, ok := Read(d); ok {
		t.Error("a decision about another experiment was read as one about this")
	}
	d.Subject, d.Report = "definitions", []byte(`{"hash":"x"}`)
	if _, ok := Read(d); ok {
		t.Error("a decision about definitions was read as one about a plan")
	}
}
