package sqlite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
	"github.com/weirhq/weir/internal/usage"
)

// traffic makes batches like those of a busy gateway: a few routes, two variants
// each, an experiment with five metrics, three of them with distributions, and
// 100,000 users.
type traffic struct {
	r     *rand.Rand
	at    time.Time
	n     int
	users int
	every time.Duration // between two requests
}

func newTraffic() *traffic {
	return &traffic{r: rand.New(rand.NewPCG(1, 2)), at: storetest.Start, users: 100_000, every: 200 * time.Microsecond}
}

func (g *traffic) event() *event.Event {
	g.n++
	g.at = g.at.Add(g.every)
	variant := []string{"baseline", "candidate"}[g.r.IntN(2)]
	model := map[string]string{"baseline": "sonnet", "candidate": "llama-8b"}[variant]
	outcome := event.OK
	if g.r.IntN(50) == 0 {
		outcome = event.Timeout
	}
	total := time.Duration(g.r.ExpFloat64() * 2e9)
	endpoint := "http://vllm-" + strconv.Itoa(g.r.IntN(4)) + ":8000/v1"
	return &event.Event{
		ID: storetest.ID(g.at, g.n), ClientID: "", BodyID: fmt.Sprintf("chatcmpl-%016x%08x", g.r.Uint64(), g.r.Uint32()), Project: "default", Time: g.at,
		Revision: "3f2a9c71b0de", Path: "/v1/chat/completions", Route: "route-" + strconv.Itoa(g.r.IntN(5)),
		Assignments:  []event.Assignment{{Experiment: "support-llama", Epoch: 1, Step: 2, Variant: variant, Reason: "chance", Enrolled: true, Probability: .5}},
		Conversation: fmt.Sprintf("%016x", g.r.Uint64()), UnitKind: "user", Unit: fmt.Sprintf("%016x", uint64(g.r.IntN(g.users)+1)*0x9e3779b97f4a7c15),
		Key: "key-" + strconv.Itoa(g.r.IntN(5)), Tags: []string{"team=" + strconv.Itoa(g.r.IntN(4))}, Model: model, Vendor: "vllm",
		ServedModel: "meta-llama/Llama-3.1-8B-Instruct", Endpoint: endpoint,
		Attempts: []event.Attempt{{Model: model, Endpoint: endpoint, Status: 200, Result: "ok", Took: total}},
		Stream:   true, Outcome: outcome, Status: 200, Usage: chat.Usage{Input: g.r.Int64N(4000), Output: g.r.Int64N(900)}, UsageKnown: true,
		UsageSource: meter.Reported, Cost: meter.Micro(g.r.IntN(9000)), CostBasis: meter.Priced, PriceFrom: "definitions", Finish: "stop",
		Frames: g.r.IntN(900), QueueWait: time.Duration(g.r.IntN(1e6)), FirstToken: total / 5, PerToken: total / 300, Total: total, Overhead: time.Duration(g.r.IntN(1e6)),
	}
}

// batch makes a batch of n events with all that follows from them.
func (g *traffic) batch(n int) *store.Batch {
	b := &store.Batch{Replica: "a"}
	ledger := map[store.LedgerKey]store.LedgerSums{}
	rollups := map[store.RollupKey]*rollupSum{}
	traffic := map[store.TrafficKey]store.TrafficRow{}
	days := map[store.DayKey]store.DayRow{}
	sketches := map[store.SketchKey]*stats.Sketch{}
	for range n {
		e := g.event()
		b.Events = append(b.Events, e)
		hour, minute := e.Time.Truncate(time.Hour), e.Time.Truncate(time.Minute)
		sums := store.LedgerSums{Requests: 1, Input: e.Usage.Input, Output: e.Usage.Output, Cost: e.Cost}
		lk := store.LedgerKey{Hour: hour, Project: e.Project, Route: e.Route, Variant: e.Variant(), Model: e.Model, Key: e.Key, Tags: e.Tags[0], Why: "request"}
		have := ledger[lk]
		have.Add(sums)
		ledger[lk] = have
		rk := store.RollupKey{Minute: minute, Project: e.Project, Route: e.Route, Variant: e.Variant(), Model: e.Model}
		if rollups[rk] == nil {
			rollups[rk] = &rollupSum{outcomes: map[string]int64{}, sketches: [3]*stats.Sketch{stats.NewSketch(), stats.NewSketch(), stats.NewSketch()}}
		}
		rollups[rk].add(e, sums)
		tk := store.TrafficKey{Hour: hour, Project: e.Project, Route: e.Route, Variant: e.Variant(), Model: e.Model, Endpoint: e.Endpoint}
		tr := traffic[tk]
		tr.Sent++
		tr.Answered++
		traffic[tk] = tr
		g.experiment(b, e, days, sketches)
	}
	for k, sums := range ledger {
		b.Ledger = append(b.Ledger, store.LedgerRow{Hour: k.Hour, Project: k.Project, Route: k.Route, Variant: k.Variant, Model: k.Model, Key: k.Key, Tags: k.Tags, Why: k.Why, LedgerSums: sums})
	}
	for k, r := range rollups {
		b.Rollups = append(b.Rollups, r.row(k))
	}
	for k, r := range traffic {
		r.Hour, r.Project, r.Route, r.Variant, r.Model, r.Endpoint = k.Hour, k.Project, k.Route, k.Variant, k.Model, k.Endpoint
		b.Traffic = append(b.Traffic, r)
	}
	for _, d := range days {
		b.Days = append(b.Days, d)
	}
	for k, s := range sketches {
		packed, _ := s.AppendBinary(nil)
		b.Sketches = append(b.Sketches, store.SketchRow{Experiment: k.Experiment, Epoch: k.Epoch, Step: k.Step, Variant: k.Variant, Metric: k.Metric, Bucket: k.Bucket, Sketch: packed})
	}
	return b
}

type rollupSum struct {
	outcomes map[string]int64
	sums     store.LedgerSums
	sketches [3]*stats.Sketch
}

func (r *rollupSum) add(e *event.Event, sums store.LedgerSums) {
	r.outcomes[e.Outcome.String()]++
	r.sums.Add(sums)
	for i, d := range []time.Duration{e.Total, e.FirstToken, e.PerToken} {
		r.sketches[i].Add(d.Seconds())
	}
}

func (r *rollupSum) row(k store.RollupKey) store.Rollup {
	var packed [3][]byte
	for i, s := range r.sketches {
		packed[i], _ = s.AppendBinary(nil)
	}
	return store.Rollup{Minute: k.Minute, Project: k.Project, Route: k.Route, Variant: k.Variant, Model: k.Model, Outcomes: r.outcomes, LedgerSums: r.sums,
		Duration: packed[0], TTFT: packed[1], TPOT: packed[2]}
}

// experiment adds what an event means for the experiment it is part of.
func (g *traffic) experiment(b *store.Batch, e *event.Event, days map[store.DayKey]store.DayRow, sketches map[store.SketchKey]*stats.Sketch) {
	a := e.Assignments[0]
	k := store.UnitKey{Experiment: a.Experiment, Epoch: a.Epoch, Step: a.Step, UnitKind: e.UnitKind, Unit: e.Unit}
	values := []store.Value{{Metric: "cost_per_request", N: 1, Sum: int64(e.Cost)}, {Metric: "error_rate", N: 1}, {Metric: "latency", N: 1, Sum: int64(e.Total / 1000)},
		{Metric: "output_tokens", N: 1, Sum: e.Usage.Output}, {Metric: "ttft_slow_share", N: 1, Sum: 1}}
	b.Units = append(b.Units, store.UnitDelta{UnitKey: k, Variant: a.Variant, First: e.Time, Segments: []string{"eu", "web"}, Values: values})
	b.Exposures = append(b.Exposures, store.Exposure{RequestID: e.ID, Time: e.Time, UnitKey: k, Variant: a.Variant})
	for _, v := range values {
		vk := store.VariantKey{Experiment: k.Experiment, Epoch: k.Epoch, Step: k.Step, Variant: a.Variant, Metric: v.Metric}
		dk := store.DayKey{VariantKey: vk, Day: e.Time.Truncate(24 * time.Hour)}
		d := days[dk]
		d.Day, d.Experiment, d.Epoch, d.Step, d.Variant, d.Metric = dk.Day, k.Experiment, k.Epoch, k.Step, a.Variant, v.Metric
		d.N, d.Sum = d.N+1, d.Sum+v.Sum
		days[dk] = d
	}
	for i, d := range []time.Duration{e.Total, e.FirstToken, e.PerToken} {
		sk := store.SketchKey{VariantKey: store.VariantKey{Experiment: k.Experiment, Epoch: k.Epoch, Step: k.Step, Variant: a.Variant, Metric: []string{"latency", "ttft", "tpot"}[i]},
			Bucket: int(e.Unit[0]) * int(e.Unit[1]) % store.Buckets}
		if sketches[sk] == nil {
			sketches[sk] = stats.NewSketch()
		}
		sketches[sk].Add(d.Seconds())
	}
}

// BenchmarkApply applies batches of 1,000 events with all their sums; making them
// is not counted.
func BenchmarkApply(b *testing.B) {
	db := open(b, Config{})
	g := newTraffic()
	at := event.Position{}
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		one := g.batch(1000)
		one.From, one.To = at, event.Position{Offset: at.Offset + 1}
		at = one.To
		b.StartTimer()
		if err := db.Apply(context.Background(), one); err != nil {
			b.Fatal(err)
		}
		if at.Offset%20 == 0 {
			if _, err := db.Durable(context.Background(), "a"); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(g.n)/b.Elapsed().Seconds(), "events/s")
	info, err := db.Info(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Bytes)/float64(g.n), "B/event")
}

// BenchmarkScreens asks what screens ask of a store with as many events as
// WEIR_BENCH_EVENTS says, 100,000 otherwise.
func BenchmarkScreens(b *testing.B) {
	n := 100_000
	if text := os.Getenv("WEIR_BENCH_EVENTS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	db := open(b, Config{Path: os.Getenv("WEIR_BENCH_STORE")})
	g := filled(b, db, n)
	end, last := g.at, g.event()
	for _, c := range []struct {
		name string
		q    store.EventQuery
	}{
		{"newest", store.EventQuery{}}, {"route", store.EventQuery{Route: last.Route}}, {"variant", store.EventQuery{Variant: "candidate"}},
		{"outcome", store.EventQuery{Outcome: "timeout"}}, {"key", store.EventQuery{Key: last.Key}}, {"model", store.EventQuery{Model: "sonnet"}},
		{"tag", store.EventQuery{Tag: last.Tags[0]}}, {"unit", store.EventQuery{Unit: last.Unit}}, {"nobody", store.EventQuery{AnyID: "chatcmpl-nobody"}},
		{"long ago", store.EventQuery{To: end.Add(-g.every * time.Duration(n) / 2)}}, {"route and outcome", store.EventQuery{Route: last.Route, Outcome: "timeout"}},
	} {
		b.Run("events/"+c.name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := db.FindEvents(context.Background(), c.q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("rollups of 24 h", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.RollupRows(context.Background(), store.RollupQuery{From: end.Add(-24 * time.Hour)}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ledger of 3 months", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.LedgerRows(context.Background(), store.LedgerQuery{From: end.AddDate(0, -3, 0)}); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, per := range []usage.Per{usage.Week, usage.Month} {
		b.Run("report of a "+string(per), func(b *testing.B) {
			for b.Loop() {
				if _, err := usage.ReadReport(context.Background(), db, db, usage.ReportQuery{Per: per, At: end}, end); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// filled applies n events spread over 90 days, in batches.
func filled(b *testing.B, db *DB, n int) *traffic {
	g := newTraffic()
	g.every = 90 * 24 * time.Hour / time.Duration(n)
	at, err := db.Position(context.Background(), "a")
	if err != nil {
		b.Fatal(err)
	}
	for g.n < n {
		one := g.batch(1000)
		one.From, one.To = at, event.Position{Offset: at.Offset + 1}
		if at.Offset*1000 >= int64(g.n) { // it is there from the last time
			continue
		}
		if err := db.Apply(context.Background(), one); err != nil {
			b.Fatal(err)
		}
		at = one.To
	}
	return g
}
