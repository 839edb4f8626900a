package calculator

import (
	"math"
	"math/big"

	"github.com/weirhq/weir/internal/stats"
)

var sequentialMethods = []Method{
	{
		Name: "sequential_asymptotic_cs",
		Summary: "asymptotic confidence sequence of b minus a (or of (b-a)/|a|), from successes or from sums: " +
			"N=n_a+n_b; rho²=(-2 ln α + ln(1-2 ln α))/N*; half width SE·√(2(Nρ²+1)/(Nρ²)·ln(√(Nρ²+1)/α)); p=min(1,1/e)",
		Source:  "Waudby-Smith et al., Annals of Statistics 2024 (arXiv 2103.06476), equation 9",
		Inputs:  []string{"alpha", "difference_type", "n_a", "n_b", "successes_a", "successes_b", "sum_a", "sum_b", "sum_squares_a", "sum_squares_b", "tuning_n_star"},
		Outputs: []string{"ci_high", "ci_low", "estimate", "log_e_value", "p_value", "rho", "standard_error"},
		run:     asymptoticSequence,
	},
	{
		Name:    "sequential_multiplier",
		Summary: "half the width of sequential_asymptotic_cs in standard errors after n_total observations, beside the fixed-horizon z",
		Source:  "as sequential_asymptotic_cs",
		Inputs:  []string{"alpha", "n_total", "tuning_n_star"},
		Outputs: []string{"fixed_horizon_z", "half_width_in_standard_errors", "inflation", "rho"},
		run:     sequentialMultiplier,
	},
	{
		Name:    "msprt_normal",
		Summary: "mixture sequential probability ratio test of a difference of means, mixing N(0,τ²): L=√(V/(V+nτ²))·exp(n²τ²d²/(2V(V+nτ²))), V=var_a+var_b, n in each group; p=min(1,1/L)",
		Source:  "Johari, Koomen, Pekelis, Walsh, Operations Research 2022",
		Inputs:  []string{"difference", "mixing_variance_tau2", "n_per_arm", "variance_a_plus_variance_b"},
		Outputs: []string{"likelihood_ratio", "log_likelihood_ratio", "p_value"},
		run:     msprt,
	},
	{
		Name:    "bernoulli_confidence_sequence",
		Summary: "always-valid interval for a rate from a beta-binomial mixture tuned to optimized_at_trials: the rates whose mixture has not reached 1/α",
		Source:  "Howard, Ramdas, McAuliffe, Sekhon, Annals of Statistics 2021, sub-Bernoulli mixture (α_opt 0.05)",
		Inputs:  []string{"alpha", "optimized_at_trials", "successes", "trials"},
		Outputs: []string{"ci_high", "ci_low"},
		run:     bernoulliSequence,
	},
	{
		Name:    "normal_mixture_bound",
		Summary: "normal mixture boundary of a sum at intrinsic time v: ρ=v_opt/(2 ln(1/α_opt)+ln(1+2 ln(1/α_opt))), with 2α_opt when it has one side; bound √((v+ρ)(ln(1+v/ρ)+2 ln(1/α))) for two sides, where the one-sided mixture reaches 1/α for one",
		Source:  "Howard, Ramdas, McAuliffe, Sekhon, Annals of Statistics 2021, propositions 4 and 5",
		Inputs:  []string{"alpha", "alpha_opt", "intrinsic_time_v", "sides", "v_opt"},
		Outputs: []string{"bound", "log_mixture_at_s10", "rho"},
		run:     mixtureBound,
	},
}

func asymptoticSequence(in *input) answer {
	alpha, star := in.alpha(), 5000.0
	if in.has("tuning_n_star") {
		star = in.positive("tuning_n_star")
	}
	relative := in.choice("difference_type", "absolute", "relative") == "relative"
	a, b := in.moments("_a"), in.moments("_b")
	names := []string{"estimate", "standard_error", "rho", "ci_low", "ci_high", "p_value", "log_e_value"}
	switch {
	case a.n == 0 || b.n == 0:
		return undefined("an arm has no observations", names...)
	case relative && a.mean == 0:
		return undefined("a relative difference needs a baseline mean other than 0", names...)
	}
	estimate, variance := b.mean-a.mean, a.variance/float64(a.n)+b.variance/float64(b.n)
	if relative {
		m := math.Abs(a.mean)
		estimate /= m
		variance = b.variance/float64(b.n)/(m*m) + a.variance/float64(a.n)*(b.mean/m)*(b.mean/m)/(m*m)
	}
	se := math.Sqrt(variance)
	s := stats.Sequential(estimate, se, a.n+b.n, alpha, star)
	out := answer{{"estimate", estimate}, {"standard_error", se}, {"rho", s.Rho}, {"ci_low", s.Low}, {"ci_high", s.High}, {"p_value", s.P}, {"log_e_value", s.LogE}}
	return append(out, because("the standard error is not above 0: there is nothing to measure the effect with"))
}

// moment is what is known of one arm.
type moment struct {
	n              int64
	mean, variance float64
}

// moments reads an arm: successes, whose variance is p(1-p), or sum and sum of squares,
// whose variance is the sample's, with n - 1. The sums are taken with all their digits: the
// difference of two nearly equal ones is what counts.
func (in *input) moments(arm string) moment {
	n := in.count("n" + arm)
	m := moment{n: n, mean: math.NaN(), variance: math.NaN()}
	if in.has("successes" + arm) {
		x := in.count("successes" + arm)
		if in.has("sum" + arm) {
			in.wrong("sum"+arm, "successes"+arm+" is given too", "give the one or the other")
		}
		if x > n {
			in.wrong("successes"+arm, "there are more successes than observations", "it is at most n"+arm)
		}
		if n > 0 {
			p := float64(x) / float64(n)
			m.mean, m.variance = p, p*(float64(n-x)/float64(n))
		}
		return m
	}
	if !in.has("sum" + arm) {
		in.wrong("successes"+arm, "it is missing", "give successes"+arm+", or sum"+arm+" and sum_squares"+arm)
	}
	sum, squares := in.exact("sum"+arm), in.exact("sum_squares"+arm)
	if n == 0 {
		return m
	}
	count := new(big.Rat).SetInt64(n)
	mean := new(big.Rat).Quo(sum, count)
	rest := new(big.Rat).Sub(squares, new(big.Rat).Mul(sum, mean))
	m.mean, _ = mean.Float64()
	if n > 1 {
		m.variance, _ = rest.Quo(rest, new(big.Rat).SetInt64(n-1)).Float64()
	}
	in.notNegative("sum_squares"+arm, &m, squares)
	return m
}

// notNegative refuses sums that no sample has; what rounding may have done to those of a
// constant sample is none.
func (in *input) notNegative(name string, m *moment, squares *big.Rat) {
	if !(m.variance < 0) {
		return
	}
	total, _ := squares.Float64()
	if -m.variance*float64(m.n-1) > 1e-9*total {
		in.wrong(name, "it is smaller than the square of the sum over n", "no sample has such sums: check them")
	}
	m.variance = 0
}

func sequentialMultiplier(in *input) answer {
	alpha, n, star := in.alpha(), in.count("n_total"), in.positive("tuning_n_star")
	z := stats.NormalCritical(alpha, stats.TwoSided)
	width := math.Inf(1)
	if n > 0 {
		width = stats.SequentialMultiplier(n, alpha, star)
	}
	return answer{{"rho", stats.SequentialRho(alpha, star)}, {"half_width_in_standard_errors", width}, {"fixed_horizon_z", z}, {"inflation", width / z}}
}

func msprt(in *input) answer {
	d, n := in.number("difference"), in.atLeast0("n_per_arm")
	v, tau2 := in.atLeast0("variance_a_plus_variance_b"), in.positive("mixing_variance_tau2")
	if v == 0 {
		return undefined("the variance is 0: there is nothing to measure the difference with", "likelihood_ratio", "log_likelihood_ratio", "p_value")
	}
	log, p := stats.MSPRT(d, n, v, tau2)
	return answer{{"likelihood_ratio", math.Exp(log)}, {"log_likelihood_ratio", log}, {"p_value", p}}
}

func bernoulliSequence(in *input) answer {
	alpha, best := in.alpha(), in.positive("optimized_at_trials")
	successes, trials := in.count("successes"), in.count("trials")
	if successes > trials {
		in.wrong("successes", "there are more successes than trials", "it is at most trials")
	}
	ci := stats.BernoulliSequence(successes, trials, alpha, best)
	return answer{{"ci_low", ci.Low}, {"ci_high", ci.High}}
}

func mixtureBound(in *input) answer {
	alpha, v, best := in.alpha(), in.atLeast0("intrinsic_time_v"), in.positive("v_opt")
	atBest := in.shareOr("alpha_opt", alpha)
	sides := in.sides(1)
	if sides == 1 && atBest >= 0.5 {
		in.wrong("alpha_opt", "it is too great for one side", "it is below 0.5")
	}
	m := stats.NewNormalMixture(best, atBest, sides)
	return answer{{"bound", m.Bound(v, alpha)}, {"log_mixture_at_s10", m.Log(10, v)}, {"rho", m.Rho}}
}

// sides reads 1 or 2.
func (in *input) sides(otherwise float64) int {
	n := in.numberOr("sides", otherwise)
	if n != 1 && n != 2 {
		in.wrong("sides", "a test has 1 side or 2", "write 1 or 2")
	}
	return int(n)
}
