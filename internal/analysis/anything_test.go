package analysis

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// Whatever comes in, a report comes out that can be written, and says to deploy
// only what it may.
func TestAnythingGivesAReport(t *testing.T) {
	deployed := 0
	for seed := range uint64(3000) {
		in := anything(rand.New(rand.NewPCG(seed, 5)))
		r := Analyse(in)
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if !json.Valid(text) {
			t.Fatalf("seed %d: no JSON", seed)
		}
		if r.Sentence == "" || r.Verdict == "" {
			t.Errorf("seed %d: says nothing", seed)
		}
		if r.Verdict != Deploy {
			continue
		}
		deployed++
		c := r.Clock
		p := r.Metrics[0].Comparisons
		ok := c.Units >= in.Plan.MinUnits && c.Days >= float64(in.Plan.MinDays) && (len(c.Waits) == 0 || c.Complete) && c.Held == "" && len(c.Missing) == 0
		for i, b := range r.Bounds {
			if b.Variant == r.Variant {
				ok = ok && b.State != BoundHarm && b.State != BoundFails && b.State != BoundNotShown && (!in.Plan.Bounds[i/len(p)].Prove || b.State == BoundProven)
			}
		}
		for _, one := range p {
			if one.Variant == r.Variant {
				ok = ok && one.P.OK()
			}
		}
		if !ok {
			t.Errorf("seed %d: %s\n%s", seed, r.Sentence, text)
		}
	}
	if deployed < 20 {
		t.Errorf("%d of them deploy: too few to say anything", deployed)
	}
}

// anything is an input that may lack, break or contradict whatever it likes.
func anything(r *rand.Rand) Input {
	kinds := []metric.Kind{metric.Rate, metric.Mean, metric.PerUnit, metric.Geometric, metric.Quantile}
	find := func(name string) metric.Metric {
		m := metric.Metric{Name: name, Measure: name, Kind: kinds[r.IntN(5)], Scale: []float64{1, 1e-6}[r.IntN(2)], Quantile: 0.95,
			Direction: []metric.Direction{metric.Up, metric.Down, metric.Down, metric.Up, metric.None}[r.IntN(5)], Unit: []string{"share", "dollars", "seconds", "points"}[r.IntN(4)]}
		return m
	}
	amount := func() Amount {
		return Amount{Value: []float64{0, 0.01, 0.05, 1}[r.IntN(4)], Absolute: r.IntN(2) == 0}
	}
	gain := find("gain")
	p := Plan{Experiment: "e", Variants: []Variant{{Name: "A", Weight: 0.5, Baseline: true}, {Name: "B", Weight: 0.3}, {Name: "C", Weight: 0.2, Stopped: r.IntN(2) == 0}}[:1+r.IntN(3)],
		Primary:  &Goal{Metric: find("m"), Mode: []Mode{Better, NoWorse}[r.IntN(2)], Minimum: amount(), Margin: amount()},
		MinUnits: int64(2 + r.IntN(100)), MinDays: r.IntN(9), Looks: 1 + r.IntN(2), MaxDays: r.IntN(20), Weekdays: r.IntN(4) == 0, AA: r.IntN(9) == 0}
	if r.IntN(3) == 0 {
		p.Primary.Gain = &gain
	}
	for range r.IntN(3) {
		b := Bound{Metric: find([]string{"error", "cost"}[r.IntN(2)]), Margin: amount(), Prove: r.IntN(2) == 0, Action: []string{"rollback", "pause", "warn", ""}[r.IntN(4)]}
		if r.IntN(3) == 0 {
			limit := r.Float64()
			b.Max = &limit
		}
		p.Bounds = append(p.Bounds, b)
	}
	started := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	in := Input{Plan: p, Times: Times{Started: started, Now: started.Add(time.Duration(r.IntN(30*24)) * time.Hour)}, Complete: r.IntN(4) == 0,
		Sums: map[string]map[string]stats.Moments{}, Clusters: map[string]map[string][]stats.Cluster{}}
	if r.IntN(4) == 0 {
		in.Coverage = []string{"behind"}
	}
	if r.IntN(6) == 0 {
		in.Held = "changed"
	}
	if r.IntN(3) == 0 {
		in.First = &FirstLook{Time: started, Units: int64(r.IntN(200))}
	}
	units := []int{0, 1, 2, 3, 40, 300}[r.IntN(6)]
	for _, v := range p.Variants {
		in.Sums[v.Name] = map[string]stats.Moments{}
		for _, name := range []string{"m", "gain", "error", "cost"} {
			if r.IntN(12) == 0 {
				continue
			}
			n := units
			if r.IntN(8) == 0 {
				n = r.IntN(300)
			}
			in.Sums[v.Name][name] = spread(n, r.Uint64(), anyUnit(r))
		}
		if r.IntN(2) == 0 {
			for range r.IntN(40) {
				c := stats.Cluster{Sketch: stats.NewSketch()}
				for range r.IntN(30) {
					c.Sketch.Add(math.Abs(r.NormFloat64()) * float64(r.IntN(3)))
				}
				c.N = c.Sketch.Count()
				m := clustersOf(in.Clusters, v.Name)
				m["m"] = append(m["m"], c)
			}
		}
	}
	if r.IntN(3) == 0 { // a candidate that is plainly better, amid all of that
		g := in.Plan.Primary
		g.Metric.Kind, g.Metric.Direction, g.Mode, g.Minimum = metric.Mean, metric.Up, Better, Amount{}
		for i, v := range in.Plan.Variants {
			in.Plan.Variants[i].Weight = 1 / float64(len(in.Plan.Variants))
			middle := 100 + 40*float64(i)
			in.Sums[v.Name]["m"] = spread(300, r.Uint64(), func(r *rand.Rand) (int64, int64) { return int64(middle + 10*r.NormFloat64()), 1 })
			in.Sums[v.Name]["error"] = spread(300, r.Uint64(), half)
		}
	}
	return in
}

func clustersOf(m map[string]map[string][]stats.Cluster, name string) map[string][]stats.Cluster {
	if m[name] == nil {
		m[name] = map[string][]stats.Cluster{}
	}
	return m[name]
}

// anyUnit is a way in which units are.
func anyUnit(r *rand.Rand) func(*rand.Rand) (int64, int64) {
	level := []int64{0, 1, 5, 1e6, -1e6, 1e12}[r.IntN(6)]
	repeats := []int64{1, 1, 3}[r.IntN(3)]
	switch r.IntN(5) {
	case 0:
		return func(*rand.Rand) (int64, int64) { return level, repeats }
	case 1, 2:
		chance := r.Float64()
		return func(r *rand.Rand) (int64, int64) {
			if r.Float64() < chance {
				return repeats, repeats
			}
			return 0, repeats
		}
	case 3:
		return func(r *rand.Rand) (int64, int64) {
			return level + int64(r.NormFloat64()*float64(level)/3), 1 + int64(r.IntN(5))
		}
	}
	return func(r *rand.Rand) (int64, int64) { return int64(r.IntN(2)), 1 }
}
