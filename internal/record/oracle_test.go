package record

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/store"
)

// oracle knows what the gateway did, and adds it up in another way than the
// Writer: one number at a time.
type oracle struct {
	r       *rand.Rand
	n       int
	ended   map[string]*event.Event // what should be found by id
	shed    map[string]*event.Entry
	others  []*event.Entry // corrections
	pending []*event.Event // begun, and their Event is still to come
	scores  map[string]bool
}

func newOracle(r *rand.Rand) *oracle {
	return &oracle{r: r, ended: map[string]*event.Event{}, shed: map[string]*event.Entry{}, scores: map[string]bool{}}
}

// act does one thing that a gateway does.
func (o *oracle) act(to event.Recorder) {
	switch k := o.r.IntN(20); {
	case k < 8:
		e := o.event()
		if o.r.IntN(4) > 0 { // an exchange need not have a Begin
			to.Record(began(e))
		}
		o.pending = append(o.pending, e)
	case k < 16 && len(o.pending) > 0:
		i := o.r.IntN(len(o.pending))
		e := o.pending[i]
		o.pending = slices.Delete(o.pending, i, i+1)
		o.end(to, e)
	case k == 16:
		n := &event.Entry{ID: o.id("cor"), Project: "default", Time: noon, Why: "correction", Cost: meter.Micro(o.r.IntN(100) - 50), Basis: meter.Priced}
		o.others = append(o.others, n)
		to.Record(n)
	case k == 17:
		to.Record(&event.Decision{ID: o.id("dec"), Time: noon, Subject: "rollout/x", Action: "hold"})
	case k == 18:
		s := &event.Score{ID: o.id("sco"), Event: idOf(o.r.IntN(o.n + 1)), Time: noon, Name: "thumbs", Source: "feedback", Value: 1_000_000}
		o.scores[s.ID] = true
		to.Record(s)
	case k == 19:
		to.Record(&event.Body{ID: o.id("ev"), Time: noon, Request: []byte("q")})
	}
}

// end writes the end of an exchange: its event, or its money alone.
func (o *oracle) end(to event.Recorder, e *event.Event) {
	if o.r.IntN(10) == 0 {
		o.shed[e.ID] = e.Entry()
		to.Record(e.Entry())
		return
	}
	o.ended[e.ID] = e
	to.Record(e)
}

// killed is what becomes of the exchanges under way: those with a Begin on disk
// are interrupted.
func (o *oracle) killed(onDisk func(id string) bool) {
	for _, e := range o.pending {
		if onDisk(e.ID) {
			o.ended[e.ID] = began(e).Interrupted()
		}
	}
	o.pending = nil
}

func (o *oracle) id(kind string) string {
	o.n++
	return fmt.Sprintf("%s-%06d", kind, o.n)
}

func (o *oracle) event() *event.Event {
	e := exchange(o.r.IntN(5000))
	e.ID = o.id("ev")
	e.Outcome = event.Outcome(o.r.IntN(10))
	e.Usage.Input, e.Usage.Output = int64(o.r.IntN(1000)), int64(o.r.IntN(100))
	e.CostBasis = []meter.Basis{meter.Priced, meter.Estimated, meter.Unpriced, ""}[o.r.IntN(4)]
	if e.CostBasis == meter.Unpriced || e.CostBasis == "" {
		e.Cost = 0
	}
	e.FirstToken = time.Duration(o.r.IntN(3)) * time.Millisecond
	switch o.r.IntN(10) {
	case 0:
		e.ShadowOf = idOf(0)
	case 1:
		e.Assignments, e.Unit, e.UnitKind = nil, "", ""
	case 2:
		e.Assignments = slices.Clone(e.Assignments)
		e.Assignments[0].Enrolled = false
	case 3:
		e.Tags = []string{"team=a"}
	case 4:
		e.Attempts = append(e.Attempts, event.Attempt{Model: "m2", Endpoint: "http://m2", Result: "connect"})
	}
	return e
}

// totals is every number that is checked, by a name.
type totals map[string]int64

// expected adds up what the store should hold.
func (o *oracle) expected() totals {
	sums := totals{}
	for _, e := range o.ended {
		sums["events"]++
		n := e.Entry()
		sums.money(n)
		if n.Why == "shadow" {
			continue
		}
		sums["rollup requests"]++
		sums["rollup cost"] += int64(n.Cost)
		sums["outcome "+e.Outcome.String()]++
		for _, a := range e.Attempts {
			sums["sent "+a.Endpoint]++
		}
		if len(e.Assignments) == 0 {
			continue
		}
		a := e.Assignments[0]
		sums["assigned "+a.Variant]++
		if a.Enrolled && e.Outcome != event.Invalid {
			sums.experiment(e, a)
		}
	}
	for _, n := range o.shed {
		sums["entries"]++
		sums.money(n)
		if n.Why == "request" {
			sums["rollup requests"]++
			sums["rollup cost"] += int64(n.Cost)
		}
	}
	for _, n := range o.others {
		sums["entries"]++
		sums.money(n)
	}
	return sums
}

func (s totals) money(n *event.Entry) {
	k := "ledger " + n.Why + " " + n.Route + " " + n.Variant + " " + n.Key + " "
	s[k+"requests"] += n.Requests
	s[k+"cost"] += int64(n.Cost)
	s[k+"errors"] += n.Errors
	s[k+"input"] += n.Usage.Input
	s[k+"output"] += n.Usage.Output
	if n.Basis == meter.Unpriced {
		s[k+"unpriced"] += n.Requests
	}
	if n.Basis == meter.Estimated {
		s[k+"guessed"] += n.Requests
	}
}

func (s totals) experiment(e *event.Event, a event.Assignment) {
	s["exposures"]++
	s["unit "+e.Unit+" error N"]++
	s["variant "+a.Variant+" error Y"]++
	s["day "+a.Variant+" error N"]++
	if e.Outcome.Against() {
		s["unit "+e.Unit+" error Sum"]++
		s["variant "+a.Variant+" error X"]++
		s["day "+a.Variant+" error Sum"]++
	}
	if e.CostBasis == meter.Priced || e.CostBasis == meter.Estimated {
		s["variant "+a.Variant+" cost Y"]++
		s["variant "+a.Variant+" cost X"] += int64(e.Cost)
	}
	if e.Outcome == event.OK || e.Outcome == event.Timeout && e.Total > 0 {
		s["sketched latency "+a.Variant]++
	}
	if e.FirstToken > 0 || e.Stream && e.Outcome == event.Timeout && e.Total > 0 {
		s["sketched ttft "+a.Variant]++
	}
}

// found adds up what the store holds.
func found(t *testing.T, st *store.Memory, o *oracle) totals {
	t.Helper()
	ctx, sums := t.Context(), totals{}
	for _, row := range must[[]store.LedgerRow](t)(st.LedgerRows(ctx, store.LedgerQuery{})) {
		k := "ledger " + row.Why + " " + row.Route + " " + row.Variant + " " + row.Key + " "
		sums[k+"requests"] += row.Requests
		sums[k+"cost"] += int64(row.Cost)
		sums[k+"errors"] += row.Errors
		sums[k+"input"] += row.Input
		sums[k+"output"] += row.Output
		sums[k+"unpriced"] += row.Unpriced
		sums[k+"guessed"] += row.Guessed
	}
	for _, row := range must[[]store.Rollup](t)(st.RollupRows(ctx, store.RollupQuery{})) {
		sums["rollup requests"] += row.Requests
		sums["rollup cost"] += int64(row.Cost)
		for word, n := range row.Outcomes {
			sums["outcome "+word] += n
		}
	}
	for _, row := range must[[]store.TrafficRow](t)(st.TrafficRows(ctx, store.RollupQuery{})) {
		sums["assigned "+row.Variant] += row.Assigned
		sums["sent "+row.Endpoint] += row.Sent
	}
	for id, e := range o.ended {
		got, err := st.Event(ctx, id)
		if err != nil || got.Outcome != e.Outcome {
			t.Errorf("event %s: %v, want %v: %v", id, got, e.Outcome, err)
			continue
		}
		sums["events"]++
		for range must[[]store.Exposure](t)(exposures(st.Exposure(ctx, id))) {
			sums["exposures"]++
		}
	}
	sums["entries"] = must[store.Info](t)(st.Info(ctx)).Rows["entries"]
	foundSums(t, st, sums)
	return sums
}

// exposures takes that there are none for no error.
func exposures(list []store.Exposure, err error) ([]store.Exposure, error) {
	if err != nil && len(list) == 0 {
		return nil, nil
	}
	return list, err
}

func foundSums(t *testing.T, st *store.Memory, sums totals) {
	t.Helper()
	ctx := t.Context()
	for _, row := range must[[]store.UnitRow](t)(st.UnitRows(ctx, "x", store.UnitKey{}, 1000)) {
		for _, v := range row.Values {
			if v.Metric == "error" {
				sums["unit "+row.Unit+" error N"] += v.N
				sums["unit "+row.Unit+" error Sum"] += v.Sum
			}
		}
	}
	for _, row := range must[[]store.VariantRow](t)(st.VariantRows(ctx, "x")) {
		if row.Metric == "error" || row.Metric == "cost" {
			sums["variant "+row.Variant+" "+row.Metric+" X"] += row.X.Big().Int64()
			sums["variant "+row.Variant+" "+row.Metric+" Y"] += row.Y.Big().Int64()
		}
	}
	for _, row := range must[[]store.DayRow](t)(st.DayRows(ctx, "x")) {
		if row.Metric == "error" {
			sums["day "+row.Variant+" error N"] += row.N
			sums["day "+row.Variant+" error Sum"] += row.Sum
		}
	}
	for _, row := range must[[]store.SketchRow](t)(st.SketchRows(ctx, "x")) {
		sums["sketched "+row.Metric+" "+row.Variant] += must[*sketch](t)(parseSketch(row.Sketch)).Count()
	}
	if wrong := must[[]store.Difference](t)(st.Rebuild(ctx)); len(wrong) > 0 {
		t.Errorf("variant rows were not what unit rows say: %+v", wrong)
	}
}

// compareTotals says what differs; a sum of nothing is none.
func compareTotals(t *testing.T, got, want totals) {
	t.Helper()
	for k, n := range want {
		if got[k] != n {
			t.Errorf("%s: %d, want %d", k, got[k], n)
		}
	}
	for k, n := range got {
		if _, ok := want[k]; !ok && n != 0 {
			t.Errorf("%s: %d, want none", k, n)
		}
	}
}
