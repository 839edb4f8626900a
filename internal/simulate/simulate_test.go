package simulate

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
)

// Rates are of 2,000 replicates, as the promise has it. Their Monte Carlo error is
// half a point; a larger run with its error is in docs/proof. The seed is 1
// everywhere and was not chosen: a rate that leaves its bounds is a finding.

// between fails the test when a rate is outside of its bounds; where replicates are
// scarce, when it is so far outside that chance does not explain it.
func between(t *testing.T, what string, r Rate, low, high float64) {
	t.Helper()
	t.Logf("%-46s %5.2f %% (%.2f to %.2f) of %d", what, 100*r.Value, 100*r.Low, 100*r.High, r.Runs)
	outside := r.Value < low || r.Value > high
	if scarce > 1 {
		outside = r.High < low || r.Low > high
	}
	if r.Runs == 0 || outside {
		t.Errorf("%s: %.2f %%, want %.1f to %.1f %%", what, 100*r.Value, 100*low, 100*high)
	}
}

// A/A at nominal 5 %: users of very different diligence (Pareto counts of shape 2,
// mean 11), whose requests are alike (ICC 0.3).
func TestFalseAlarmsOfTimes(t *testing.T) {
	r := Run(Config{Metric: Latency, ICC: 0.3, P95: true, Looks: Continuous, Runs: 2000 / scarce, Seed: 1}, nil)
	between(t, "latency, by unit", r.Unit, 0.04, 0.06)
	between(t, "latency, its interval covers", r.Covers, 0.94, 0.96)
	between(t, "latency p95, clustered", *r.P95, 0.04, 0.06)
	between(t, "latency, naive per request", r.Naive, 0.3, 1)
	// Fault K7: a look at every request. Two standard errors above alpha at most.
	bound := 0.05 + 2*math.Sqrt(0.05*0.95/float64(r.Sequence.Runs))
	between(t, "stopped at some look, confidence sequence", *r.Sequence, 0, bound)
	between(t, "stopped at some look, fixed test", *r.Fixed, 0.15, 1)
	between(t, "the sequence holds the truth at all looks", *r.Always, 1-bound, 1)
}

// The clock of harm hears every request, and one client in a hundred always fails.
func TestFalseAlarmsOfErrors(t *testing.T) {
	r := Run(Config{Metric: ErrorRate, ICC: 0.3, Broken: 0.01, Harm: true, Runs: 2000 / scarce, Seed: 1}, nil)
	between(t, "errors, by unit", r.Unit, 0.04, 0.06)
	between(t, "errors, its interval covers", r.Covers, 0.94, 0.96)
	between(t, "errors, naive per request", r.Naive, 0.3, 1)
	between(t, "clock of harm, at every request", *r.Harm, 0, 0.01)
}

func TestFalseAlarmsOfCosts(t *testing.T) {
	r := Run(Config{Metric: Cost, ICC: 0.3, Runs: 2000 / scarce, Seed: 1}, nil)
	between(t, "cost, by unit", r.Unit, 0.04, 0.06)
	between(t, "cost, its interval covers", r.Covers, 0.94, 0.96)
	between(t, "cost, naive per request", r.Naive, 0.3, 1)
}

// At shape 1.5 a few users weigh as much as all others. What the test then does is
// told, not promised; that few dominate is what the report has to say.
func TestWhereFewDominateTheReportSaysSo(t *testing.T) {
	r := Run(Config{ICC: 0.3, Requests: Count{Shape: 1.5}, Runs: 500 / scarce, Seed: 1}, nil)
	between(t, "shape 1.5: latency, by unit", r.Unit, 0, 0.15)
	between(t, "shape 1.5: the report warns of the top 1 %", r.Warned, 0.5, 1)
	t.Logf("the busiest 1 %% of users make %.0f %% of the requests", 100*r.Top)
	even := Run(Config{ICC: 0.3, Requests: Count{Kind: Poisson}, Runs: 100, Seed: 1}, nil)
	between(t, "even users: the report warns", even.Warned, 0, 0)
}

// Where users make one request each, or are all alike, there is nothing to cluster,
// and the naive test is as good.
func TestNaiveIsRightWhereNothingIsClustered(t *testing.T) {
	r := Run(Config{Requests: Count{Kind: Constant, Mean: 1}, Runs: 1000 / scarce, Seed: 1}, nil)
	between(t, "one request each, naive", r.Naive, 0.03, 0.07)
	between(t, "one request each, by unit", r.Unit, 0.03, 0.07)
	if math.Abs(r.Design-1) > 0.01 {
		t.Errorf("design effect %.3f, want 1", r.Design)
	}
}

// An effect that is there is found, and the interval is about the truth, not zero.
func TestEffectsAreFoundAndCovered(t *testing.T) {
	for _, c := range []Config{
		{Metric: Latency, Effect: -0.3, ICC: 0.3},
		{Metric: ErrorRate, Effect: 1, Level: 0.1, ICC: 0.1},
		{Metric: Cost, Effect: 0.4, ICC: 0.1},
	} {
		c.Requests, c.Runs, c.Seed, c.Drift = Count{Kind: Poisson}, 400/scarce, 1, 0
		r := Run(c, nil)
		between(t, c.Metric+": found", r.Unit, 0.8, 1)
		between(t, c.Metric+": the interval covers the effect", r.Covers, 0.92, 0.98)
	}
}

// A drift of all by a tenth a day harms nobody: both variants are of one time.
func TestDriftIsNoEffect(t *testing.T) {
	r := Run(Config{ICC: 0.3, Drift: 0.1, Requests: Count{Kind: Poisson}, Runs: 600 / scarce, Seed: 1}, nil)
	between(t, "latency under drift, by unit", r.Unit, 0.03, 0.075)
}

// The figures are of the seed, not of the machine.
func TestTheSameFiguresOnAnyNumberOfCores(t *testing.T) {
	c := Config{Metric: ErrorRate, ICC: 0.3, Users: 60, Looks: 12, Harm: true, Runs: 60, Seed: 9}
	text := func(cores int, seed uint64) []byte {
		c.Cores, c.Seed = cores, seed
		b, err := json.Marshal(Run(c, nil))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	one := text(1, 9)
	if !bytes.Equal(one, text(7, 9)) {
		t.Error("one core and seven differ")
	}
	if bytes.Equal(one, text(1, 10)) {
		t.Error("another seed makes no difference")
	}
}

func TestProgressIsToldToItsEnd(t *testing.T) {
	var last, total int
	Run(Config{Users: 10, Runs: 20, Cores: 4}, func(done, of int) {
		if done < last {
			t.Errorf("%d after %d", done, last)
		}
		last, total = done, of
	})
	if last != 20 || total != 20 {
		t.Errorf("ends at %d of %d", last, total)
	}
}

func TestCourseOfPeekingRises(t *testing.T) {
	r := Run(Config{ICC: 0.3, Users: 100, Looks: 20, Runs: 300, Seed: 1, Requests: Count{Kind: Poisson}}, nil)
	if len(r.Course) != 20 {
		t.Fatalf("%d looks", len(r.Course))
	}
	for i := 1; i < 20; i++ {
		if r.Course[i].Fixed.Hits < r.Course[i-1].Fixed.Hits {
			t.Errorf("look %d: %d stops, %d before it", i+1, r.Course[i].Fixed.Hits, r.Course[i-1].Fixed.Hits)
		}
	}
	if last := r.Course[19]; last.Look != 20 || last.Fixed != *r.Fixed || last.Sequence != *r.Sequence {
		t.Errorf("the course ends with %+v, the whole is %+v and %+v", last, *r.Fixed, *r.Sequence)
	}
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	for want, c := range map[string]Config{
		"latency, error_rate or cost": {Metric: "speed"},
		"2 to 1,000,000":              {Users: 1},
		"above 1, where the mean":     {Requests: Count{Shape: 1}},
		"constant, poisson or pareto": {Requests: Count{Kind: "normal"}},
		"from 0":                      {ICC: 1},
		"above -1":                    {Effect: -1},
		"stays below 1":               {Metric: ErrorRate, Level: 0.6, Effect: 1},
		"between 0 and 0.5":           {Alpha: 0.7},
		"would take hours":            {Users: 1_000_000, Runs: 1_000_000},
		"between -1 and 1":            {Drift: math.NaN()},
	} {
		if err := c.Usual().Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
		if r := Run(c, nil); r.Unit.Runs != 0 {
			t.Errorf("%+v was run", c)
		}
	}
	if err := (Config{}).Usual().Check(); err != nil {
		t.Error(err)
	}
}
