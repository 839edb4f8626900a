package simulate

import (
	"math"
	"slices"
	"testing"
)

// one draws a single large data set.
func one(c Config) []Request { return Draw(c, 0) }

// The intraclass correlation that comes out is the one that was asked for, by the
// analysis of variance of equal groups: (MSB - MSW)/(MSB + (n-1) MSW).
func TestIntraclassCorrelation(t *testing.T) {
	for name, c := range map[string]Config{
		"latency, logarithms": {Metric: Latency, ICC: 0.3},
		"errors":              {Metric: ErrorRate, ICC: 0.3},
		"errors, rare alike":  {Metric: ErrorRate, ICC: 0.05, Level: 0.3},
		"none":                {Metric: Latency},
	} {
		c.Users, c.Requests, c.Seed = 10_000, Count{Kind: Constant, Mean: 8}, 3
		groups := map[int][]float64{}
		for _, q := range one(c) {
			v := q.Value
			if c.Metric == Latency {
				v = math.Log(v)
			}
			groups[q.User] = append(groups[q.User], v)
		}
		if got := intraclass(groups); math.Abs(got-c.ICC) > 0.015 {
			t.Errorf("%s: %.3f, want %.3f", name, got, c.ICC)
		}
	}
}

func intraclass(groups map[int][]float64) float64 {
	var between, within, mean, k, n float64
	for _, g := range groups {
		k++
		n = float64(len(g))
		for _, v := range g {
			mean += v
		}
	}
	mean /= k * n
	for _, g := range groups {
		m := 0.0
		for _, v := range g {
			m += v / n
		}
		between += n * (m - mean) * (m - mean) / (k - 1)
		for _, v := range g {
			within += (v - m) * (v - m) / (k * (n - 1))
		}
	}
	return (between - within) / (between + (n-1)*within)
}

func TestLevelsAndEffects(t *testing.T) {
	for name, c := range map[string]struct {
		Config
		of    func([]float64) float64
		wants [2]float64
	}{
		"errors":                 {Config{Metric: ErrorRate, Effect: 0.5, ICC: 0.2}, mean, [2]float64{0.05, 0.075}},
		"errors, broken clients": {Config{Metric: ErrorRate, Broken: 0.1}, mean, [2]float64{0.145, 0.145}},
		"latency, median":        {Config{Effect: -0.25, ICC: 0.2}, median, [2]float64{1.2, 0.9}},
		"cost":                   {Config{Metric: Cost, Effect: 1, Spread: 4}, mean, [2]float64{0.002, 0.004}},
		"cost, correlated":       {Config{Metric: Cost, ICC: 0.5, Spread: 4}, mean, [2]float64{0.002, 0.002}},
	} {
		c.Users, c.Seed, c.Requests = 12_000, 5, Count{Kind: Poisson}
		var values [2][]float64
		for _, q := range one(c.Config) {
			values[sideOf(q)] = append(values[sideOf(q)], q.Value)
		}
		for side, want := range c.wants {
			if got := c.of(values[side]); math.Abs(got/want-1) > 0.03 {
				t.Errorf("%s, %s: %.5f, want %.5f", name, names[side], got, want)
			}
		}
	}
}

func mean(x []float64) (m float64) {
	for _, v := range x {
		m += v / float64(len(x))
	}
	return m
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

func TestCountsHaveTheirMean(t *testing.T) {
	r := source(7, 0)
	for _, c := range []Count{{Constant, 11, 0, 1000}, {Poisson, 11, 0, 1000}, {Poisson, 90, 0, 1000}, {Pareto, 11, 3, 100_000}, {Pareto, 11, 2, 11_000}} {
		sum, most := 0.0, 0
		const n = 200_000
		for range n {
			k := c.count(r)
			sum += float64(k) / n
			most = max(most, k)
		}
		if math.Abs(sum/c.Mean-1) > 0.03 || most > c.Most {
			t.Errorf("%+v: mean %.2f, at most %d", c, sum, most)
		}
	}
}

// Requests come in order of time and belong to users of both variants alike.
func TestDrawIsInOrder(t *testing.T) {
	all := one(Config{Users: 50, Days: 3, Seed: 1})
	if !slices.IsSortedFunc(all, byTime) {
		t.Error("not by time")
	}
	for _, q := range all {
		if q.Candidate != (q.User >= 50) || q.At < 0 || q.At.Hours() > 72 {
			t.Fatalf("%+v", q)
		}
	}
	if !slices.Equal(all, one(Config{Users: 50, Days: 3, Seed: 1})) {
		t.Error("the same seed draws other requests")
	}
}

func TestDriftGoesByDay(t *testing.T) {
	day := map[int][]float64{}
	for _, q := range one(Config{Users: 20_000, Days: 2, Drift: 0.5, Seed: 1, Requests: Count{Kind: Poisson}}) {
		day[int(q.At.Hours()/24)] = append(day[int(q.At.Hours()/24)], q.Value)
	}
	if got := median(day[1]) / median(day[0]); math.Abs(got-1.5) > 0.03 {
		t.Errorf("the second day is %.3f of the first, want 1.5", got)
	}
}
