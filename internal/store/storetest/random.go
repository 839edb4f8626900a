package storetest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
)

// Experiments are those of random batches.
var Experiments = []string{"x", "y"}

// Random makes a batch with about n of everything, drawn so that rows meet: the
// same units, minutes, requests and scores come again and again.
func Random(r *rand.Rand, n int) *store.Batch {
	b := &store.Batch{}
	for range n {
		e := Event(r.IntN(400))
		b.Events = append(b.Events, e)
		b.Ledger = append(b.Ledger, ledgerRow(r.IntN(3), e.Route, e.Key, "", "request", r.Int64N(9)))
		b.Traffic = append(b.Traffic, store.TrafficRow{Hour: Start, Project: "default", Route: e.Route, Variant: e.Variant(), Model: e.Model, Assigned: 1})
		b.Units = append(b.Units, randomDelta(r))
		b.Days = append(b.Days, store.DayRow{Day: Start.Truncate(24 * time.Hour), Experiment: Experiments[r.IntN(2)], Variant: "a", Metric: "m", N: 1, Sum: r.Int64N(99)})
		b.Sketches = append(b.Sketches, store.SketchRow{Experiment: Experiments[r.IntN(2)], Variant: "a", Metric: "m", Bucket: r.IntN(3), Sketch: oneValue(r.Float64())})
		b.Rollups = append(b.Rollups, store.Rollup{
			Minute: Start.Add(time.Duration(r.IntN(3)) * time.Minute), Project: "default", Route: e.Route, Outcomes: map[string]int64{e.Outcome.String(): 1},
			Duration: oneValue(r.Float64()),
		})
		x := exposure(r.IntN(400), 0, Experiments[r.IntN(2)])
		x.UnitKey = randomDelta(r).UnitKey
		x.Variant = variantOf(x.UnitKey)
		b.Exposures = append(b.Exposures, x)
		b.Scores = append(b.Scores, score(r.IntN(4000), r.IntN(400), pick(r.IntN(2), "thumbs", "stars"), "feedback", r.Int64N(2e6)-1e6))
		if r.IntN(10) == 0 {
			b.Scores[len(b.Scores)-1].Type = event.TypeText
		}
	}
	b.Opened = []*event.Begin{begin(r.IntN(400))}
	b.Closed = []string{begin(r.IntN(400)).ID}
	b.Entries = []*event.Entry{Event(r.IntN(400)).Entry()}
	b.Bodies = []*event.Body{{ID: Event(r.IntN(400)).ID, Time: Start, Request: []byte("asked"), Response: fmt.Append(nil, r.IntN(9))}}
	at := Start.Add(time.Duration(r.IntN(1000)) * time.Millisecond)
	b.Decisions = []*event.Decision{{ID: ID(at, 0), Time: at, Subject: pick(r.IntN(2), "rollout/a", "rollout/b"), Action: "advance"}}
	return b
}

func randomDelta(r *rand.Rand) store.UnitDelta {
	d := store.UnitDelta{UnitKey: store.UnitKey{
		Experiment: Experiments[r.IntN(2)], Epoch: r.IntN(2), Step: r.IntN(2), UnitKind: "user", Unit: unit(r.IntN(20)),
	}, First: Start}
	d.Variant = variantOf(d.UnitKey)
	d.Requests = r.Int64N(3)
	if r.IntN(20) == 0 { // by hand, once or more
		d.Variant, d.LeaveOut = pick(r.IntN(3), "a", "b", "c"), true
	} else if r.IntN(20) == 0 { // its variant has changed
		d.Variant = pick(r.IntN(3), "a", "b", "c")
	}
	for i := range r.IntN(4) {
		d.Values = append(d.Values, store.Value{Metric: fmt.Sprint("m", i), N: r.Int64N(4) - 1, Sum: r.Int64N(2e9) - 1e9})
	}
	return d
}

// variantOf is what a unit got: the same each time.
func variantOf(k store.UnitKey) string { return pick(int(k.Unit[15]), "a", "b", "c") }

// oneValue is the sketch of a value.
func oneValue(v float64) []byte {
	s := stats.NewSketch()
	s.Add(v)
	b, _ := s.AppendBinary(nil) // a sketch of one value can be written
	return b
}
