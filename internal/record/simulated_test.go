package record

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/evidence"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/simulate"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
)

// The whole way: made-up requests are dealt by the hash, become events, go
// through the journal and the Writer into a store, are read as evidence, and make
// a report. Beside it stand sums that this file adds up from the requests, in its
// own way. Both have to be the same, to the last digit.

// dealer deals users as the gateway does.
type dealer struct {
	route *experiment.Route
	next  int
}

func newDealer(t *testing.T, name string) *dealer {
	t.Helper()
	arms, err := experiment.Split([]*experiment.Variant{{Name: "baseline"}, {Name: "candidate"}}, []float64{50, 50})
	if err != nil {
		t.Fatal(err)
	}
	return &dealer{route: &experiment.Route{Name: "support", Baseline: arms[0].Variant, Experiment: &experiment.Experiment{
		Name: name, Route: "support", Epoch: 1, Salt: experiment.DefaultSalt(name, 1), Kind: "user", Arms: arms,
	}}}
}

// deal assigns a unit.
func (d *dealer) deal(unit string) event.Assignment {
	a := (&experiment.Set{}).Assign(d.route, &experiment.Input{Unit: experiment.Unit{Kind: "user", ID: unit}})
	return event.Assignment{Experiment: d.route.Experiment.Name, Epoch: 1, Variant: a.Variant.Name, Reason: a.Reason.String(), Enrolled: a.Enrolled, Probability: a.Probability}
}

// unitOf finds a user who is dealt to a variant.
func (d *dealer) unitOf(variant string) (string, event.Assignment) {
	for {
		d.next++
		unit := fmt.Sprintf("user-%d", d.next)
		if a := d.deal(unit); a.Variant == variant {
			return unit, a
		}
	}
}

// through carries records the whole way, and gives the report's input.
func through(t *testing.T, records []event.Record, p analysis.Plan) analysis.Input {
	t.Helper()
	d, st := newDisk(), store.NewMemory()
	for _, r := range records {
		d.Record(r)
	}
	w := start(t, d.reopen(), st, func(c *Config) { c.Batch = 4000 })
	w.settled()
	w.stopWell()
	in, err := evidence.Read(t.Context(), st, evidence.Question{Plan: p, Started: noon, Now: noon.AddDate(0, 0, 14), Units: -1})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// simulated is one data set: its events, and what they come to by this file's reckoning.
type simulated struct {
	plan   analysis.Plan
	events []*event.Event
	units  map[string]map[string]*tallies // by variant, by unit
}

// tallies of a unit: how many requests, their sums by measure, and their times.
type tallies struct {
	requests int64
	sums     map[string]int64
	values   []float64
}

// newSimulated makes a data set. What is not its metric is the same in all requests.
func newSimulated(t *testing.T, c simulate.Config, replicate int) *simulated {
	t.Helper()
	c = c.Usual()
	s := &simulated{plan: simulatedPlan(c), units: map[string]map[string]*tallies{"baseline": {}, "candidate": {}}}
	d := newDealer(t, s.plan.Experiment)
	units, dealt := make([]string, 2*c.Users), make([]event.Assignment, 2*c.Users)
	for u := range units {
		variant := "baseline"
		if u >= c.Users {
			variant = "candidate"
		}
		units[u], dealt[u] = d.unitOf(variant)
	}
	for i, q := range simulate.Draw(c, replicate) {
		e := exchange(i)
		e.Time, e.Unit, e.Assignments = noon.Add(q.At), units[q.User], []event.Assignment{dealt[q.User]}
		e.Total, e.Cost, e.CostBasis = time.Second, 100, meter.Priced
		switch c.Metric {
		case simulate.Latency:
			e.Total = time.Duration(q.Value * 1e9)
		case simulate.Cost:
			e.Cost = meter.Micro(math.Round(q.Value * 1e6))
		default:
			if q.Value == 1 {
				e.Outcome, e.Status = event.UpstreamError, 502
			}
		}
		s.add(e)
	}
	return s
}

func (s *simulated) add(e *event.Event) {
	s.events = append(s.events, e)
	of := s.units[e.Assignments[0].Variant]
	if of[e.Unit] == nil {
		of[e.Unit] = &tallies{sums: map[string]int64{}}
	}
	u := of[e.Unit]
	u.requests++
	for _, measure := range s.measures() {
		u.sums[measure] += valueOf(e, measure)
	}
	u.values = append(u.values, e.Total.Seconds())
}

func simulatedPlan(c simulate.Config) analysis.Plan {
	m, _ := metric.Find(c.Metric)
	p := analysis.Plan{
		Experiment: "made-up", Route: "support", Epoch: 1, UnitKind: "user", MinUnits: int64(c.Users), MinDays: 14, Weekdays: true, Looks: 1,
		Variants: []analysis.Variant{{Name: "baseline", Weight: 0.5, Baseline: true}, {Name: "candidate", Weight: 0.5}},
		Primary:  &analysis.Goal{Metric: m, Mode: analysis.Better},
	}
	if c.Metric == simulate.Latency {
		errors, _ := metric.Find("error_rate")
		p95, _ := metric.Find("latency_p95")
		p.Bounds = []analysis.Bound{{Metric: errors, Margin: analysis.Amount{Value: 0.02, Absolute: true}}}
		p.Metrics = []metric.Metric{p95}
	}
	return p
}

// measures are those whose sums this file knows.
func (s *simulated) measures() []string {
	return slices.Compact(slices.Sorted(slices.Values([]string{"error", s.plan.Primary.Metric.Measure})))
}

// input adds up what the store should come to.
func (s *simulated) input() analysis.Input {
	in := analysis.Input{
		Plan: s.plan, Times: analysis.Times{Started: noon, Now: noon.AddDate(0, 0, 14)},
		Sums: map[string]map[string]stats.Moments{}, Clusters: map[string]map[string][]stats.Cluster{}, Shape: map[string]analysis.Shape{},
		Weekdays: map[string][7]int64{}, Traffic: analysis.Traffic{Requests: int64(len(s.events))},
	}
	for variant, units := range s.units {
		in.Sums[variant], in.Clusters[variant] = map[string]stats.Moments{}, map[string][]stats.Cluster{}
		for _, name := range s.measures() {
			in.Sums[variant][name] = momentsOf(units, name, nil)
		}
		in.Clusters[variant]["latency"] = clustersOf(units)
		in.Shape[variant] = s.shape(units)
	}
	s.byDay(&in)
	return in
}

func momentsOf(units map[string]*tallies, measure string, without map[string]bool) (m stats.Moments) {
	for name, u := range units {
		if !without[name] {
			m.Add(u.sums[measure], u.requests)
		}
	}
	return m
}

func clustersOf(units map[string]*tallies) []stats.Cluster {
	byBucket := map[uint64]*stats.Sketch{}
	for name, u := range units {
		b := experiment.Hash("", "user", name) % store.Buckets
		if byBucket[b] == nil {
			byBucket[b] = stats.NewSketch()
		}
		for _, v := range u.values {
			byBucket[b].Add(v)
		}
	}
	var list []stats.Cluster
	for b := range uint64(store.Buckets) {
		if sketch := byBucket[b]; sketch != nil {
			list = append(list, stats.Cluster{N: sketch.Count(), Sketch: sketch})
		}
	}
	return list
}

func (s *simulated) shape(units map[string]*tallies) analysis.Shape {
	var names []string
	shape := analysis.Shape{Units: int64(len(units)), LeftOut: map[string]stats.Moments{}}
	for name, u := range units {
		names = append(names, name)
		shape.Requests += u.requests
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(units[b].requests, units[a].requests), strings.Compare(a, b))
	})
	top, busiest := map[string]bool{}, int64(0)
	for _, name := range names[:(len(names)+99)/100] {
		top[name] = true
		busiest += units[name].requests
	}
	shape.Top = float64(busiest) / float64(shape.Requests)
	for _, measure := range s.measures() {
		shape.LeftOut[measure] = momentsOf(units, measure, top)
	}
	return shape
}

func (s *simulated) byDay(in *analysis.Input) {
	type slot struct {
		day              time.Time
		variant, measure string
	}
	days := map[slot]*analysis.Day{}
	for _, e := range s.events {
		variant := e.Assignments[0].Variant
		week := in.Weekdays[variant]
		week[e.Time.Weekday()]++
		in.Weekdays[variant] = week
		for _, measure := range s.measures() {
			k := slot{e.Time.Truncate(24 * time.Hour), variant, measure}
			if days[k] == nil {
				days[k] = &analysis.Day{Day: k.day, Variant: variant, Measure: measure}
			}
			days[k].N++
			days[k].Sum += valueOf(e, measure)
		}
	}
	for _, d := range days {
		in.Days = append(in.Days, *d)
	}
}

// valueOf is what a request adds to a measure, by this file's reckoning.
func valueOf(e *event.Event, measure string) int64 {
	switch measure {
	case "log_latency":
		return int64(math.Round(1e6 * math.Log(float64(e.Total)/1e9)))
	case "cost":
		return int64(e.Cost)
	}
	return int64(e.Status / 502)
}

// reportText is a report without what it was computed from: sums that the store
// keeps besides are in there too.
func reportText(t *testing.T, in analysis.Input) []byte {
	t.Helper()
	r := analysis.Analyse(in)
	r.Inputs = analysis.Input{}
	slices.SortFunc(r.Days, func(a, b analysis.DayReading) int {
		return cmp.Or(a.Day.Compare(b.Day), strings.Compare(a.Variant, b.Variant), strings.Compare(a.Metric, b.Metric))
	})
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// simulatedSets gives the configurations in turn; runs of a full proof have as
// many as they ask for.
func simulatedSets(i int) simulate.Config {
	return []simulate.Config{
		{Metric: simulate.Latency, ICC: 0.3, Seed: 41},
		{Metric: simulate.ErrorRate, ICC: 0.3, Broken: 0.01, Seed: 42},
		{Metric: simulate.Cost, ICC: 0.3, Seed: 43},
		{Metric: simulate.Latency, ICC: 0.3, Effect: -0.2, Drift: 0.02, Seed: 44},
		{Metric: simulate.Cost, ICC: 0.1, Effect: 0.3, Requests: simulate.Count{Kind: simulate.Poisson}, Seed: 45},
	}[i%5]
}

func TestReportsThroughTheWholePathEqualThoseComputedDirectly(t *testing.T) {
	sets := wholeSets
	if text := os.Getenv("WHOLE_PATH_SETS"); text != "" { // scripts/proof/experiments.sh has more
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("WHOLE_PATH_SETS=%q: %v", text, err)
		}
		sets = n
	}
	rejected, requests := map[string]int{}, 0
	of := map[string]int{}
	for i := range sets {
		c := simulatedSets(i)
		s := newSimulated(t, c, i)
		records := make([]event.Record, len(s.events))
		for j, e := range s.events {
			records[j] = e
		}
		requests += len(records)
		in, direct := through(t, records, s.plan), s.input()
		for variant := range s.units {
			for _, measure := range s.measures() {
				if got, want := in.Sums[variant][measure], direct.Sums[variant][measure]; got != want {
					t.Fatalf("set %d (%s), %s of %s: the store has %+v, the requests come to %+v", i, c.Metric, measure, variant, got, want)
				}
			}
		}
		if got, want := reportText(t, in), reportText(t, direct); !bytes.Equal(got, want) {
			t.Fatalf("set %d (%s): the reports differ at %s", i, c.Metric, whereTheyDiffer(got, want))
		}
		if c.Effect == 0 {
			of[c.Metric]++
			if float64(analysis.Analyse(in).Metrics[0].Comparisons[0].P) < 0.05 {
				rejected[c.Metric]++
			}
		}
	}
	t.Logf("%d data sets, %d requests: sums and reports the same to the last digit", sets, requests)
	for _, name := range slices.Sorted(maps.Keys(of)) {
		p := stats.Proportion(int64(rejected[name]), int64(of[name]), 0.05)
		t.Logf("A/A of %s through the whole path: %d of %d rejected at 5 %% (%.1f %%, Monte Carlo %.1f to %.1f %%)", name, rejected[name], of[name], 100*p.Value, 100*p.Wilson.Low, 100*p.Wilson.High)
	}
}

func whereTheyDiffer(a, b []byte) string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	around := func(s []byte) string { return string(s[max(0, n-200):min(len(s), n+80)]) }
	return fmt.Sprintf("…%s…\nagainst\n…%s…", around(a), around(b))
}
