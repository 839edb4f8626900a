package simulate

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Request is one request of a made-up user.
type Request struct {
	User      int // from 0; below Users of the baseline, from there on of the candidate
	Candidate bool
	At        time.Duration // since the beginning
	Value     float64       // seconds, dollars, or 1 for a failure
}

// Draw gives the requests of one replicate, by time: the same for the same seed,
// whatever else is drawn.
func Draw(c Config, replicate int) []Request {
	c = c.Usual()
	all := draw(c, source(c.Seed, replicate), nil)
	slices.SortFunc(all, byTime)
	return all
}

// byTime leaves nothing to the way of sorting: of one user's requests at one
// time, the order is of no account.
func byTime(a, b Request) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.User, b.User)) }

// source is the randomness of one replicate.
func source(seed uint64, replicate int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(replicate)))
}

// draw appends requests to a list, user by user: the baseline's users first.
func draw(c Config, r *rand.Rand, list []Request) []Request {
	span := float64(c.Days) * float64(24*time.Hour)
	for u := range 2 * c.Users {
		candidate := u >= c.Users
		one := c.person(r, candidate)
		came := r.Float64()
		for range c.Requests.count(r) {
			at := came + r.Float64()*(1-came)
			day := math.Floor(at * float64(c.Days))
			list = append(list, Request{User: u, Candidate: candidate, At: time.Duration(at * span), Value: one(r, math.Pow(1+c.Drift, day))})
		}
	}
	return list
}

// person draws a user, and gives what draws that user's requests; times is what
// the day does to the level.
//
// Failures are beta-binomial, whose intraclass correlation is 1/(1+a+b) exactly.
// Times and costs have a normal variable beneath them that correlates within a
// user: the logarithm of a time is that variable, and a cost its Pareto quantile.
func (c Config) person(r *rand.Rand, candidate bool) func(*rand.Rand, float64) float64 {
	effect := 1.0
	if candidate {
		effect += c.Effect
	}
	if c.Metric == ErrorRate {
		return c.failing(r, c.Level*effect)
	}
	own, within := math.Sqrt(c.ICC)*r.NormFloat64(), math.Sqrt(1-c.ICC)
	if c.Metric == Latency {
		return func(r *rand.Rand, times float64) float64 {
			return c.Level * effect * times * math.Exp(c.Spread*(own+within*r.NormFloat64()))
		}
	}
	least := c.Level * (c.Spread - 1) / c.Spread
	return func(r *rand.Rand, times float64) float64 {
		return least * effect * times * math.Pow(upperNormal(own+within*r.NormFloat64()), -1/c.Spread)
	}
}

func (c Config) failing(r *rand.Rand, rate float64) func(*rand.Rand, float64) float64 {
	p := rate
	if c.ICC > 0 {
		size := 1/c.ICC - 1 // a + b
		p = beta(r, rate*size, (1-rate)*size)
	}
	broken := r.Float64() < c.Broken
	return func(r *rand.Rand, times float64) float64 {
		if broken || r.Float64() < p*times {
			return 1
		}
		return 0
	}
}

// truth is the difference that is there, b - a: relative, and in the terms that
// sums are compared in (logarithms, dollars, shares).
func (c Config) truth() (relative, absolute float64) {
	switch c.Metric {
	case Latency:
		return c.Effect, math.Log1p(c.Effect)
	case ErrorRate:
		level := c.Broken + (1-c.Broken)*c.Level
		absolute = (1 - c.Broken) * c.Level * c.Effect
		return absolute / level, absolute
	}
	return c.Effect, c.Level * c.Effect
}

// whole is a request's part in the sums, in whole numbers as they are kept: see
// metric's measures log_latency, error and cost.
func (c Config) whole(value float64) int64 {
	switch c.Metric {
	case Latency:
		return int64(math.Round(math.Log(time.Duration(value*1e9).Seconds()) * 1e6))
	case ErrorRate:
		return int64(value)
	}
	return int64(math.Round(value * 1e6))
}
