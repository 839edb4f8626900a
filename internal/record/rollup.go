package record

import (
	"cmp"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/telemetry"
)

// rollupKey names a minute of a route, a variant and a model.
type rollupKey struct {
	minute                         int64
	project, route, variant, model string
}

// rollup is such a minute as it is being added up.
type rollup struct {
	store.LedgerSums
	outcomes             map[event.Outcome]int64
	fallback             int64
	duration, ttft, tpot *stats.Sketch // nil: nothing to say
}

func (r *rows) rollup(k rollupKey) *rollup {
	u := r.rollups[k]
	if u == nil {
		u = &rollup{outcomes: map[event.Outcome]int64{}}
		r.rollups[k] = u
	}
	return u
}

// addRollup counts an event in its minute. Durations are those of requests that
// became the model's: what Weir itself refuses takes microseconds, and would pull
// every quantile down.
func (r *rows) addRollup(e *event.Event, money store.LedgerSums) {
	u := r.rollup(rollupKey{minute(e.Time), e.Project, e.Route, e.Variant(), e.Model})
	u.Add(money)
	u.outcomes[e.Outcome]++
	if e.Fallback {
		u.fallback++
	}
	if e.Outcome != telemetry.OutcomeRefused && e.Outcome != telemetry.OutcomeInvalid {
		observe(&u.duration, e.Total)
	}
	observe(&u.ttft, e.FirstToken)
	observe(&u.tpot, e.PerToken)
}

// addShed counts the money of an event that was shed. How it ended and how long
// it took is not known any more: a minute's outcomes come to less than its
// requests by what was shed in it.
func (r *rows) addShed(n *event.Entry) {
	r.rollup(rollupKey{minute(n.Time), n.Project, n.Route, n.Variant, n.Model}).Add(moneyOf(n))
}

// observe adds a duration in seconds; zero was not reached.
func observe(s **stats.Sketch, d time.Duration) {
	if d <= 0 {
		return
	}
	if *s == nil {
		*s = stats.NewSketch()
	}
	(*s).Add(d.Seconds())
}

func (r *rows) rollupRows() []store.Rollup {
	list := make([]store.Rollup, 0, len(r.rollups))
	for k, u := range r.rollups {
		outcomes := make(map[string]int64, len(u.outcomes))
		for o, n := range u.outcomes {
			outcomes[o.String()] = n
		}
		list = append(list, store.Rollup{
			Minute: utc(k.minute), Project: k.project, Route: k.route, Variant: k.variant, Model: k.model,
			Outcomes: outcomes, Fallback: u.fallback, LedgerSums: u.LedgerSums,
			Duration: encoded(u.duration), TTFT: encoded(u.ttft), TPOT: encoded(u.tpot),
		})
	}
	slices.SortFunc(list, func(a, b store.Rollup) int {
		return cmp.Or(a.Minute.Compare(b.Minute), compare(a.Project, b.Project, a.Route, b.Route, a.Variant, b.Variant, a.Model, b.Model))
	})
	return list
}

// encoded is a sketch as it is kept.
func encoded(s *stats.Sketch) []byte {
	if s == nil {
		return nil
	}
	b, err := s.AppendBinary(nil)
	if err != nil {
		panic(err) // it writes to memory, and has no case that fails
	}
	return b
}

// trafficKey names where requests of an hour went.
type trafficKey struct {
	hour                                     int64
	project, route, variant, model, endpoint string
}

type traffic struct{ assigned, sent, answered int64 }

func (r *rows) trafficRow(k trafficKey) *traffic {
	t := r.traffic[k]
	if t == nil {
		t = &traffic{}
		r.traffic[k] = t
	}
	return t
}

// addTraffic counts the assignment, in a row without model and endpoint, and each
// attempt in the row of its model and endpoint: a fallback is sent elsewhere than
// its variant says. An attempt is answered when its result is `ok`; a 500 is no
// answer.
func (r *rows) addTraffic(e *event.Event) {
	k := trafficKey{hour: hour(e.Time), project: e.Project, route: e.Route, variant: e.Variant()}
	if len(e.Assignments) > 0 {
		r.trafficRow(k).assigned++
	}
	for i := range e.Attempts {
		a := &e.Attempts[i]
		k.model, k.endpoint = a.Model, a.Endpoint
		t := r.trafficRow(k)
		t.sent++
		if a.Result == "ok" {
			t.answered++
		}
	}
}

func (r *rows) trafficRows() []store.TrafficRow {
	list := make([]store.TrafficRow, 0, len(r.traffic))
	for k, t := range r.traffic {
		list = append(list, store.TrafficRow{
			Hour: utc(k.hour), Project: k.project, Route: k.route, Variant: k.variant, Model: k.model, Endpoint: k.endpoint,
			Assigned: t.assigned, Sent: t.sent, Answered: t.answered,
		})
	}
	slices.SortFunc(list, func(a, b store.TrafficRow) int {
		return cmp.Or(a.Hour.Compare(b.Hour), compare(a.Project, b.Project, a.Route, b.Route, a.Variant, b.Variant,
			a.Model, b.Model, a.Endpoint, b.Endpoint))
	})
	return list
}
