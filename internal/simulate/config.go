// Package simulate makes up users whose truth is known, and counts how often the
// methods of a report are right about them: false alarms, power, coverage, and
// what peeking does. Its users are correlated, heavy-tailed and uneven, as those
// of language models are; the tests are those of stats and analysis, not copies.
//
// A Config says what users are like, Run draws them again and again from one seed
// and gives the rates with their Monte Carlo error. The same seed gives the same
// figures on any number of cores. It measures methods; it is not for load, and it
// makes no text.
package simulate

import (
	"fmt"
	"math"
	"runtime"
)

// Config is what a simulation draws. The zero value of a field is the default
// that its comment names.
type Config struct {
	Users    int     `json:"users"`            // of each variant; 0: 300
	Requests Count   `json:"requests"`         // of a user
	ICC      float64 `json:"icc"`              // intraclass correlation: how alike the requests of one user are
	Metric   string  `json:"metric"`           // "latency", "error_rate" or "cost_per_request"; "": latency
	Level    float64 `json:"level"`            // of the baseline, in the metric's unit; 0: 1.2 s, 0.05 or $0.002
	Spread   float64 `json:"spread"`           // of latency, the standard deviation of the logarithm (0: 0.7); of cost, the shape of its Pareto tail (0: 3)
	Effect   float64 `json:"effect"`           // relative, on the candidate; 0: A/A
	Broken   float64 `json:"broken,omitempty"` // share of clients that always fail, of error_rate
	Drift    float64 `json:"drift,omitempty"`  // relative, by day, the same in both variants
	Days     int     `json:"days"`             // over which users come; 0: 14
	Alpha    float64 `json:"alpha"`            // 0: 0.05
	Looks    int     `json:"looks"`            // at equal distances of requests; 0: none; Continuous: at every request
	BurnIn   int     `json:"burn_in"`          // units of each variant before the first look; 0: 50, negative: 2
	P95      bool    `json:"p95,omitempty"`    // test the 95th percentile of latency or cost too
	Harm     bool    `json:"harm,omitempty"`   // let the clock of harm hear every request, of error_rate
	HarmAt   float64 `json:"harm_alpha"`       // alpha of that clock; 0: 0.01
	Runs     int     `json:"replicates"`       // 0: 2,000
	Seed     uint64  `json:"seed"`             // the same seed, the same figures
	Cores    int     `json:"-"`                // that work; 0: all. It changes no figure
}

// Continuous is a look at every request.
const Continuous = -1

// Count is how many requests a user makes.
type Count struct {
	Kind  string  `json:"kind"`            // "constant", "poisson" or "pareto"; "": pareto
	Mean  float64 `json:"mean"`            // 0: 11
	Shape float64 `json:"shape,omitempty"` // of pareto, above 1; 0: 2
	Most  int     `json:"most"`            // of one user; 0: a thousand times the mean
}

// Kinds of Count.
const (
	Constant = "constant"
	Poisson  = "poisson"
	Pareto   = "pareto"
)

// Metrics that can be simulated, by the names of the catalogue.
const (
	Latency   = "latency"
	ErrorRate = "error_rate"
	Cost      = "cost_per_request"
)

// Usual gives the configuration with its defaults filled in.
func (c Config) Usual() Config {
	or(&c.Metric, Latency)
	or(&c.Users, 300)
	or(&c.Requests.Kind, Pareto)
	or(&c.Requests.Mean, 11)
	if c.Requests.Kind == Pareto {
		or(&c.Requests.Shape, 2)
	}
	or(&c.Requests.Most, int(math.Ceil(1000*c.Requests.Mean)))
	or(&c.Level, map[string]float64{Latency: 1.2, ErrorRate: 0.05, Cost: 0.002}[c.Metric])
	or(&c.Spread, map[string]float64{Latency: 0.7, Cost: 3}[c.Metric])
	or(&c.Days, 14)
	or(&c.Alpha, 0.05)
	or(&c.BurnIn, 50)
	or(&c.HarmAt, 0.01)
	or(&c.Runs, 2000)
	if c.Cores <= 0 {
		c.Cores = runtime.GOMAXPROCS(0)
	}
	return c
}

func or[T comparable](field *T, usual T) {
	var zero T
	if *field == zero {
		*field = usual
	}
}

// mostWork bounds how many requests a simulation may draw: some minutes.
const mostWork = 5e9

// Check says what is wrong with a configuration, and how to mend it. It looks at
// what Usual gives.
func (c Config) Check() error {
	for _, rule := range []struct {
		broken bool
		format string
		value  any
	}{
		{c.Metric != Latency && c.Metric != ErrorRate && c.Metric != Cost, "metric %q: it is latency, error_rate or cost_per_request", c.Metric},
		{c.Users < 2 || c.Users > 1_000_000, "%v users: give 2 to 1,000,000 of each variant", c.Users},
		{!(c.Requests.Mean >= 1) || c.Requests.Mean > 1e4, "%v requests of a user: give a mean of 1 to 10,000", c.Requests.Mean},
		{c.Requests.Kind != Constant && c.Requests.Kind != Poisson && c.Requests.Kind != Pareto, "requests %q: they are constant, poisson or pareto", c.Requests.Kind},
		{c.Requests.Kind == Pareto && !(c.Requests.Shape > 1 && c.Requests.Shape <= 100), "shape %v: above 1, where the mean is finite, and at most 100", c.Requests.Shape},
		{c.Requests.Most < 1, "%v requests at most: give 1 or more", c.Requests.Most},
		{!(c.ICC >= 0 && c.ICC < 1), "intraclass correlation %v: from 0, requests alike by chance only, to below 1", c.ICC},
		{!(c.Effect > -1 && c.Effect <= 10), "effect %v: relative, above -1 (nothing is left) and at most 10", c.Effect},
		{!(c.Level > 0) || c.Level > 1e6, "level %v: above 0", c.Level},
		{c.Metric == ErrorRate && !(c.Level*(1+c.Effect) < 1), "level %v: with the effect, a share of requests stays below 1", c.Level},
		{c.Metric == Cost && !(c.Spread > 1 && c.Spread <= 100), "spread %v: the shape of the costs' tail is above 1", c.Spread},
		{c.Metric == Latency && !(c.Spread > 0 && c.Spread <= 5), "spread %v: the standard deviation of the logarithms is above 0, and at most 5", c.Spread},
		{!(c.Broken >= 0 && c.Broken < 1), "broken %v: a share of clients below 1", c.Broken},
		{!(math.Abs(c.Drift) <= 1), "drift %v: relative, by day, between -1 and 1", c.Drift},
		{c.Days < 1 || c.Days > 3650, "%v days: give at least 1", c.Days},
		{!(c.Alpha > 0 && c.Alpha < 0.5), "alpha %v: between 0 and 0.5", c.Alpha},
		{!(c.HarmAt > 0 && c.HarmAt < 0.5), "alpha of harm %v: between 0 and 0.5", c.HarmAt},
		{c.Looks < Continuous, "%v looks: 0 for none, -1 for one at every request", c.Looks},
		{c.Runs < 1 || c.Runs > 1_000_000, "%v replicates: give 1 to 1,000,000", c.Runs},
		{c.work() > mostWork, "%.3g requests in all, which would take hours: ask for fewer users, requests or replicates", c.work()},
	} {
		if rule.broken {
			return fmt.Errorf(rule.format, rule.value)
		}
	}
	return nil
}

// work is how many requests are drawn, about.
func (c Config) work() float64 { return 2 * float64(c.Users) * c.Requests.Mean * float64(c.Runs) }
