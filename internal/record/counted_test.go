package record

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/store"
)

// assigned is the n-th exchange, of a unit that got a variant for a reason.
func assigned(n int, unit, variant, reason string) *event.Event {
	e := exchange(n)
	e.Unit = unit
	e.Assignments = []event.Assignment{{Experiment: "x", Epoch: 1, Variant: variant, Reason: reason, Enrolled: reason == "chance"}}
	return e
}

// rowsOf applies batches to a store and gives what it has of variants.
func rowsOf(t *testing.T, batches ...*prepared) (*store.Memory, map[string]store.VariantRow) {
	t.Helper()
	st := store.NewMemory()
	at := event.Position{}
	for _, d := range batches {
		d.batch.From, d.batch.To = at, event.Position{Segment: 1, Offset: at.Offset + 1}
		at = d.batch.To
		if err := st.Apply(t.Context(), &d.batch); err != nil {
			t.Fatal(err)
		}
	}
	rows := map[string]store.VariantRow{}
	for _, row := range must[[]store.VariantRow](t)(st.VariantRows(t.Context(), "x")) {
		rows[row.Variant+" "+row.Metric] = row
	}
	return st, rows
}

func TestAUnitInTwoVariantsOfOneBatchCountsForTheFirst(t *testing.T) {
	events := []event.Record{assigned(1, "u", "b", "chance"), assigned(2, "u", "a", "chance"), assigned(3, "u", "a", "chance"), assigned(4, "u", "b", "chance")}
	_, whole := rowsOf(t, batchOf(newTestPreparer(t, nil), events...))
	p := newTestPreparer(t, nil)
	_, cut := rowsOf(t, batchOf(p, events[0]), batchOf(p, events[1:3]...), batchOf(p, events[3]))
	same(t, "cut or whole", cut, whole)
	other := whole["b "+store.OtherVariant]
	if whole["b error"].Units != 1 || whole["b error"].Y.Big().Int64() != 4 || whole["a error"].Units != 0 || other.Units != 1 || other.X.Big().Int64() != 2 {
		t.Errorf("%+v", whole)
	}
}

func TestAUnitThatWasSentByHandIsOut(t *testing.T) {
	for _, reason := range []string{"override", "forced"} {
		events := []event.Record{assigned(1, "u", "a", "chance"), assigned(2, "u", "b", reason), assigned(3, "u", "a", "chance"), assigned(4, "v", "a", "chance")}
		for _, order := range [][]int{{0, 1, 2, 3}, {1, 0, 2, 3}, {0, 2, 3, 1}} {
			var list []event.Record
			for _, i := range order {
				list = append(list, events[i])
			}
			_, rows := rowsOf(t, batchOf(newTestPreparer(t, nil), list...))
			out := rows["a "+store.LeftOut].Units + rows["b "+store.LeftOut].Units
			if rows["a error"].Units != 1 || rows["a error"].Y.Big().Int64() != 1 || out != 1 {
				t.Errorf("%s, in order %v: %+v", reason, order, rows)
			}
		}
	}
	invalid := assigned(1, "u", "b", "forced")
	invalid.Outcome = event.Invalid
	if b := batchOf(newTestPreparer(t, nil), invalid).batch; len(b.Units) > 0 {
		t.Errorf("what Weir refused leaves nobody out: %+v", b.Units)
	}
}

func TestWhatAnExperimentDeclaresIsKeptForIt(t *testing.T) {
	asked := 0
	_, slow := metric.SlowShare("latency", time.Second)
	p := newTestPreparer(t, func(c *Config) {
		c.MeasuresOf = func(experiment string, epoch int) []metric.Measure {
			if asked++; experiment != "x" || epoch != 1 || asked < 3 { // at first it is not known
				return nil
			}
			return append(metric.Standard(), slow)
		}
	})
	e, other := assigned(1, "u", "a", "chance"), assigned(2, "u", "a", "chance")
	other.Assignments[0].Experiment = "y"
	has := func(d *prepared, experiment string) bool {
		return slices.ContainsFunc(d.batch.Units, func(u store.UnitDelta) bool {
			return u.Experiment == experiment && slices.ContainsFunc(u.Values, func(v store.Value) bool { return v.Metric == slow.Name })
		})
	}
	first := batchOf(p, e, other)
	if has(first, "x") || has(first, "y") {
		t.Error("before it was known")
	}
	for range 3 {
		if d := batchOf(p, e, other); !has(d, "x") || has(d, "y") {
			t.Errorf("declared by x alone: %+v", d.batch.Units)
		}
	}
	if n := asked; n != 2+1+3 { // x twice (not known, then known), y each time
		t.Errorf("asked %d times", n)
	}
}

func TestSegmentsAreKeptWithTheUnit(t *testing.T) {
	p := newTestPreparer(t, func(c *Config) {
		c.SegmentsOf = func(e *event.Event, experiment string) []string {
			return []string{e.ID, experiment, "3", "4", "5", "6"}
		}
	})
	a, b := assigned(1, "u", "a", "chance"), assigned(2, "u", "a", "chance")
	got := batchOf(p, a, b).batch.Units
	if len(got) != 1 || !slices.Equal(got[0].Segments, []string{a.ID, "x", "3", "4", "5"}) || got[0].Requests != 2 {
		t.Errorf("%+v", got)
	}
}

// talking is an exchange of a conversation, from one minute to another.
func talking(n int, conversation string, from, to float64) *event.Event {
	e := assigned(n, "u", "a", "chance")
	e.Conversation, e.Route = conversation, "chat"
	e.Time = noon.Add(time.Duration(from * float64(time.Minute)))
	e.Total = time.Duration((to - from) * float64(time.Minute))
	return e
}

func continued(scores []*event.Score) (events []string) {
	for _, s := range scores {
		if s.Name == metric.Continued && s.Source == metric.ContinuedSource && s.Value > 0 {
			events = append(events, s.Event)
		}
	}
	return events
}

func TestAConversationThatGoesOn(t *testing.T) {
	outside := talking(2, "c", 5, 6)
	outside.Assignments[0].Enrolled, outside.Assignments[0].Reason = false, "outside"
	elsewhere := talking(2, "c", 5, 6)
	elsewhere.Route = "titles"
	shadow := talking(2, "c", 5, 6)
	shadow.ShadowOf = "e"
	first := talking(1, "c", 0, 1)
	for name, c := range map[string]struct {
		then []event.Record
		want []string
	}{
		"it goes on":                         {[]event.Record{talking(2, "c", 5, 6)}, []string{first.ID}},
		"just in time":                       {[]event.Record{talking(2, "c", 31, 32)}, []string{first.ID}},
		"too late":                           {[]event.Record{talking(2, "c", 31.01, 32)}, nil},
		"another one":                        {[]event.Record{talking(2, "d", 5, 6)}, nil},
		"none":                               {[]event.Record{talking(2, "", 5, 6)}, nil},
		"side by side":                       {[]event.Record{talking(2, "c", 0.5, 6)}, nil},
		"twice":                              {[]event.Record{talking(2, "c", 5, 6), talking(3, "c", 7, 8)}, []string{first.ID, talking(2, "c", 5, 6).ID}},
		"the same again":                     {[]event.Record{first}, nil},
		"what is not enrolled goes on too":   {[]event.Record{outside, talking(3, "c", 7, 8)}, []string{first.ID}},
		"on another route, by a helper":      {[]event.Record{elsewhere}, nil},
		"a copy":                             {[]event.Record{shadow}, nil},
		"after one that ended in the middle": {[]event.Record{talking(2, "c", 0.2, 0.5), talking(3, "c", 2, 3)}, []string{first.ID}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newTestPreparer(t, nil)
			whole := continued(batchOf(p, append([]event.Record{first}, c.then...)...).batch.Scores)
			if !slices.Equal(whole, c.want) {
				t.Errorf("in one batch: %v, want %v", whole, c.want)
			}
			var cut []string
			for _, r := range append([]event.Record{first}, c.then...) {
				batchOf(p, r) // one that is not applied is forgotten
				d := batchOf(p, r)
				p.applied(d)
				cut = append(cut, continued(d.batch.Scores)...)
			}
			if !slices.Equal(cut, c.want) {
				t.Errorf("one by one: %v, want %v", cut, c.want)
			}
		})
	}
}

func TestConversationsDoNotPileUp(t *testing.T) {
	p := newTestPreparer(t, nil)
	for n := range 3 {
		talks := map[talkKey]talk{}
		for i := range mostTalks * 2 / 3 {
			talks[talkKeyOf("r", fmt.Sprint(n, i))] = talk{talkID{1}, noon.Add(time.Duration(n) * 20 * time.Minute)}
		}
		p.remember(talks)
		if len(p.talks) > mostTalks {
			t.Fatalf("%d are remembered", len(p.talks))
		}
		if _, ok := p.talks[talkKeyOf("r", fmt.Sprint(n, 0))]; !ok {
			t.Errorf("those of round %d, the youngest, are forgotten", n)
		}
	}
}

func TestAConversationGoesOnOverARestart(t *testing.T) {
	d, st := newDisk(), store.NewMemory()
	w := start(t, d.reopen(), st, nil)
	d.Record(talking(1, "c", 0, 1))
	w.settled()
	w.stopWell()
	w = start(t, d.reopen(), st, nil)
	d.Record(talking(2, "c", 5, 6))
	w.settled()
	w.stopWell()
	rows := must[[]store.VariantRow](t)(st.VariantRows(t.Context(), "x"))
	at := slices.IndexFunc(rows, func(r store.VariantRow) bool { return r.Metric == "continuation" })
	if at < 0 || rows[at].X.Big().Int64() != 1 || rows[at].Y.Big().Int64() != 2 || rows[at].Hits != 1 {
		t.Errorf("%+v", rows)
	}
}
