package stats

import (
	"fmt"
	"math"
)

// Status says what an Effect's numbers are good for.
type Status string

// The statuses. Only with OK is every number a number.
const (
	OK        Status = "ok"
	Undefined Status = "undefined" // the data do not determine an interval and a p-value: they are NaN
	Unbounded Status = "unbounded" // there is an estimate, but too few values to bound it: the interval is infinite, p is NaN
)

// Effect is b minus a (or that relative to a), with what is known of its error. An
// interval of a one-sided alternative has one infinite end by design.
type Effect struct {
	Estimate float64
	SE       float64  // standard error, in the estimate's measure
	Interval Interval // at 1 - alpha
	P        float64
	Log10P   float64 // goes on where P is too small for a float64
	DF       float64 // of Student's distribution; +Inf is the normal one
	Status   Status
	Reason   string // in plain words, when the status is not OK
}

// T is the estimate in standard errors, NaN where that is undefined.
func (e Effect) T() float64 {
	if e.Status != OK {
		return math.NaN()
	}
	return e.Estimate / e.SE
}

// Significant reports whether p is below alpha; what is undefined never is.
func (e Effect) Significant(alpha float64) bool { return e.Status == OK && e.P < alpha }

// AsRatio gives estimate and interval of a relative effect as ratios of b to a: 1
// is no effect.
func (e Effect) AsRatio() (ratio float64, interval Interval) {
	return 1 + e.Estimate, Interval{1 + e.Interval.Low, 1 + e.Interval.High}
}

// undefinedEffect keeps what is known of an estimate that cannot be tested.
func undefinedEffect(estimate, se float64, reason string, args ...any) Effect {
	nan := math.NaN()
	return Effect{Estimate: estimate, SE: se, Interval: Interval{nan, nan}, P: nan, Log10P: nan, DF: nan,
		Status: Undefined, Reason: fmt.Sprintf(reason, args...)}
}

// unboundedEffect is an estimate of which nothing bounds the error.
func unboundedEffect(estimate float64, reason string, args ...any) Effect {
	e := undefinedEffect(estimate, math.Inf(1), reason, args...)
	e.Status, e.Interval = Unbounded, Interval{math.Inf(-1), math.Inf(1)}
	return e
}

// StudentEffect tests an estimate with a standard error against 0 by Student's
// distribution with df degrees of freedom; an infinite df is the normal one.
// A standard error of 0 leaves nothing to compare the estimate with: undefined.
func StudentEffect(estimate, se, df, alpha float64, alt Alternative) Effect {
	switch {
	case !finite(estimate) || !finite(se):
		return undefinedEffect(math.NaN(), math.NaN(), "the values are too great to compute with, or are no numbers")
	case !(alpha > 0 && alpha < 1):
		return undefinedEffect(estimate, se, "alpha is %v and has to be between 0 and 1", alpha)
	case se == 0:
		return undefinedEffect(estimate, se, "no value differs from the others of its side, so there is no error to compare the difference with")
	case !(df > 0):
		return undefinedEffect(estimate, se, "there are no degrees of freedom")
	}
	e := Effect{Estimate: estimate, SE: se, DF: df, Status: OK}
	p := StudentTail(estimate/se, df, alt)
	e.P, e.Log10P = p.P, p.Log10P
	e.Interval = alt.interval(estimate, se*StudentCritical(alpha, df, alt))
	return e
}

// NormalEffect is StudentEffect by the normal distribution.
func NormalEffect(estimate, se, alpha float64, alt Alternative) Effect {
	return StudentEffect(estimate, se, math.Inf(1), alpha, alt)
}

// interval is the estimate ± half, without the end that the alternative leaves open.
func (alt Alternative) interval(estimate, half float64) Interval {
	i := Interval{estimate - half, estimate + half}
	switch alt {
	case Less:
		i.Low = math.Inf(-1)
	case Greater:
		i.High = math.Inf(1)
	}
	return i
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
