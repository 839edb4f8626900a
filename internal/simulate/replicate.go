package simulate

import (
	"math"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// Variants of what is made up.
const (
	baseline  = "baseline"
	candidate = "candidate"
)

// names by side: 0 is the baseline.
var names = [2]string{baseline, candidate}

// found is what the methods said of one replicate.
type found struct {
	requests  int
	top       float64 // share of requests by the busiest 1 % of units, the greater of both variants
	warned    bool    // the report says that few units dominate
	inflation float64 // of the variance of the difference by clusters

	naive, unit, p95 answer
	fixed, sequence  peek
	harm             bool
}

// answer is one test of one replicate.
type answer struct {
	known, rejects, covers bool
}

// worker does replicates one after the other, in memory that it keeps.
type worker struct {
	cfg      Config
	plan     analysis.Plan
	requests []Request
	users    []pair
	values   [2][]float64
	widths   []float64 // of the confidence sequence in standard errors, by number of units
}

// pair is a unit's sums.
type pair struct{ x, y int64 }

func newWorker(c Config) *worker {
	m, _ := metric.Find(c.Metric)
	w := &worker{cfg: c, users: make([]pair, 2*c.Users)}
	w.plan = analysis.Plan{
		Experiment: "simulation", UnitKind: "user", MinUnits: int64(c.Users), Alpha: c.Alpha, Looks: 1,
		Variants: []analysis.Variant{{Name: baseline, Weight: 0.5, Baseline: true}, {Name: candidate, Weight: 0.5}},
		Primary:  &analysis.Goal{Metric: m, Mode: analysis.Better},
	}
	if c.P95 {
		q := m
		q.Name, q.Measure, q.Kind, q.Quantile, q.Scale = m.Name+"_p95", "distribution", metric.Quantile, 0.95, 1
		w.plan.Metrics = []metric.Metric{q}
	}
	if c.Looks != 0 {
		w.widths = make([]float64, 2*c.Users+1)
		for n := 1; n < len(w.widths); n++ {
			w.widths[n] = stats.SequentialMultiplier(int64(n), c.Alpha, w.nStar())
		}
	}
	return w
}

// nStar is where analysis makes always-valid intervals narrowest: at the planned
// units of two variants.
func (w *worker) nStar() float64 { return 2 * float64(w.cfg.Users) }

// replicate draws users once, and asks every method.
func (w *worker) replicate(i int) found {
	w.requests = draw(w.cfg, source(w.cfg.Seed, i), w.requests[:0])
	var f found
	f.requests = len(w.requests)
	in := w.input(&f)
	r := analysis.Analyse(in)
	w.judge(&f, r)
	f.naive = w.naive()
	if v := varianceOfMeans(w.values); v > 0 {
		f.inflation = varianceOfSums(in, w.plan.Primary.Metric) / v
	}
	if w.cfg.Looks != 0 || w.cfg.Harm {
		slices.SortFunc(w.requests, byTime)
	}
	if w.cfg.Looks != 0 {
		w.peek(&f)
	}
	if w.cfg.Harm {
		f.harm = w.hear()
	}
	return f
}

// input adds requests up by unit, as the record does.
func (w *worker) input(f *found) analysis.Input {
	clear(w.users)
	w.values[0], w.values[1] = w.values[0][:0], w.values[1][:0]
	var clusters [2][]stats.Cluster
	if w.cfg.P95 {
		clusters = [2][]stats.Cluster{make([]stats.Cluster, 128), make([]stats.Cluster, 128)}
	}
	for _, q := range w.requests {
		x, side := w.cfg.whole(q.Value), sideOf(q)
		w.users[q.User].x += x
		w.users[q.User].y++
		w.values[side] = append(w.values[side], float64(x))
		if w.cfg.P95 {
			c := &clusters[side][mix(uint64(q.User))%128]
			if c.Sketch == nil {
				c.Sketch = stats.NewSketch()
			}
			c.Sketch.Add(q.Value)
			c.N++
		}
	}
	in := analysis.Input{Plan: w.plan, Complete: true, Sums: map[string]map[string]stats.Moments{}, Shape: map[string]analysis.Shape{},
		Clusters: map[string]map[string][]stats.Cluster{}, Enrolled: map[string]analysis.Enrolled{}}
	for side, name := range names {
		users := w.users[side*w.cfg.Users : (side+1)*w.cfg.Users]
		var m stats.Moments
		for _, u := range users {
			m.Add(u.x, u.y)
		}
		n := int64(len(w.values[side]))
		in.Sums[name] = map[string]stats.Moments{w.plan.Primary.Metric.Measure: m}
		in.Enrolled[name] = analysis.Enrolled{Units: m.Units, Requests: n}
		in.Shape[name] = analysis.Shape{Units: m.Units, Requests: n, Top: top(users)}
		f.top = max(f.top, in.Shape[name].Top)
		if w.cfg.P95 {
			in.Clusters[name] = map[string][]stats.Cluster{"distribution": clusters[side]}
		}
	}
	return in
}

func sideOf(q Request) int {
	if q.Candidate {
		return 1
	}
	return 0
}

// mix is splitmix64: a bucket must not follow from a user's number.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// top is the share of requests by the busiest 1 % of users.
func top(users []pair) float64 {
	busiest := make([]int64, (len(users)+99)/100) // the least first
	all := int64(0)
	for _, u := range users {
		all += u.y
		if u.y > busiest[0] {
			busiest[0] = u.y
			slices.Sort(busiest)
		}
	}
	sum := int64(0)
	for _, n := range busiest {
		sum += n
	}
	return float64(sum) / float64(all)
}

// judge reads from a report what it says, and whether that is right.
func (w *worker) judge(f *found, r analysis.Report) {
	relative, absolute := w.cfg.truth()
	f.unit = w.answer(r.Metrics[0].Comparisons[0], relative, absolute)
	if w.cfg.P95 {
		f.p95 = w.answer(r.Metrics[1].Comparisons[0], relative, math.NaN())
	}
	for _, warning := range r.Warnings {
		f.warned = f.warned || warning.Code == "top_units"
	}
}

func (w *worker) answer(c analysis.Comparison, relative, absolute float64) answer {
	e, truth := c.Relative, relative
	if c.Fits == "absolute" {
		e, truth = c.Absolute, absolute
	}
	if !c.P.OK() || e.Status != string(stats.OK) {
		return answer{}
	}
	return answer{known: true, rejects: float64(c.P) < w.cfg.Alpha, covers: float64(e.Low) <= truth && truth <= float64(e.High)}
}

// naive is Welch's test as if every request were on its own.
func (w *worker) naive() answer {
	e := stats.Welch(stats.Summarise(w.values[0]), stats.Summarise(w.values[1]), w.cfg.Alpha, stats.TwoSided)
	return answer{known: e.Status == stats.OK, rejects: e.Significant(w.cfg.Alpha)}
}

func varianceOfMeans(values [2][]float64) (sum float64) {
	for _, v := range values {
		sum += stats.Summarise(v).Variance / float64(len(v))
	}
	return sum
}

func varianceOfSums(in analysis.Input, m metric.Metric) (sum float64) {
	for _, name := range names {
		sum += stats.RatioOf(in.Sums[name][m.Measure]).Variance
	}
	return sum
}

// hear lets the clock of harm hear every request, and tells whether it alarmed.
func (w *worker) hear() bool {
	clock := analysis.NewHarmClock(analysis.HarmConfig{Share: 0.5, Alpha: w.cfg.HarmAt})
	for _, q := range w.requests {
		s := clock.Add(analysis.Ended{Candidate: q.Candidate, Unit: mix(uint64(q.User)), Failed: q.Value > 0, Time: time.Unix(0, 0).Add(q.At)})
		if s.Alarm == analysis.AlarmSplit || s.Alarm == analysis.AlarmTrip {
			return true
		}
	}
	return false
}
