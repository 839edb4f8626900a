package calculator

import (
	"math"

	"github.com/weirhq/weir/internal/stats"
)

var powerMethods = []Method{
	{
		Name:    "sample_size_two_means",
		Summary: "size of group 1 for a standardised effect d: (1+1/r)(z_α+z_power)²/d² by the normal distribution, and by the noncentral t",
		Source:  "Chow, Shao, Wang 2008; as statsmodels TTestIndPower",
		Inputs:  []string{"alpha", "alternative", "cohens_d", "power", "ratio_n2_over_n1"},
		Outputs: []string{"n1_noncentral_t", "n1_noncentral_t_ceil", "n1_normal_approximation", "n1_normal_approximation_ceil"},
		run:     sizeMeans,
	},
	{
		Name:    "sample_size_two_proportions",
		Summary: "size of each group: (z_α√(2p̄q̄)+z_power√(p_a q_a+p_b q_b))²/δ² pooled, (z_α+z_power)²(p_a q_a+p_b q_b)/δ² unpooled, 2(z_α+z_power)²/h² by arcsine",
		Source:  "Fleiss 1981; Cohen 1988",
		Inputs:  []string{"alpha", "alternative", "power", "rate_a", "rate_b"},
		Outputs: []string{"n_per_arm_arcsine", "n_per_arm_pooled_formula", "n_per_arm_unpooled_formula"},
		run:     sizeProportions,
	},
	{
		Name:    "achieved_power_two_means",
		Summary: "power of a two-sided test of a standardised effect with n in each group, by the noncentral t and by the normal distribution",
		Source:  "as statsmodels TTestIndPower and NormalIndPower",
		Inputs:  []string{"alpha", "cohens_d", "n_per_arm"},
		Outputs: []string{"power_noncentral_t", "power_normal"},
		run:     powerMeans,
	},
	{
		Name:    "minimum_detectable_effect",
		Summary: "(z_{α/2}+z_power)·sd·√(2/n), and that over |baseline_mean|",
		Source:  "Bloom 1995",
		Inputs:  []string{"alpha", "baseline_mean", "n_per_arm", "power", "sd"},
		Outputs: []string{"mde_absolute", "mde_relative"},
		run:     mde,
	},
	{
		Name:    "sample_size_total_two_means",
		Summary: "both groups together, equal split, two-sided t test (noncentral t), each rounded up",
		Source:  "as G*Power",
		Inputs:  []string{"absolute_mde", "alpha", "power", "variance"},
		Outputs: []string{"n_total"},
		run:     sizeTotalMeans,
	},
	{
		Name:    "sample_size_total_two_proportions",
		Summary: "both groups together, equal split, two-sided pooled z test with both tails, each rounded up; rate b is baseline_rate+absolute_mde",
		Source:  "as G*Power",
		Inputs:  []string{"absolute_mde", "alpha", "baseline_rate", "power"},
		Outputs: []string{"n_total"},
		run:     sizeTotalProportions,
	},
}

const (
	noEffect   = "an effect of 0, or one on the side that is not tested, is found by no number of observations"
	noNeed     = "the power is not above alpha: chance alone reaches it"
	unreached  = "rates outside 0 to 1 do not exist"
	alwaysDiff = "both rates are certain: any sample shows it"
)

// alternatives reads on which side the effect is looked for; words of other programs are
// known too. One-sided means the side on which the effect is.
func (in *input) alternatives(effect float64) stats.Alternative {
	switch in.choice("alternative", "two-sided", "greater", "less", "larger", "smaller", "one-sided") {
	case "greater", "larger":
		return stats.Greater
	case "less", "smaller":
		return stats.Less
	case "one-sided":
		if effect < 0 {
			return stats.Less
		}
		return stats.Greater
	}
	return stats.TwoSided
}

// power is what is planned for, 0.8 when left out.
func (in *input) power() float64 { return in.shareOr("power", 0.8) }

func sizeMeans(in *input) answer {
	d, alpha, power, ratio := in.number("cohens_d"), in.alpha(), in.power(), 1.0
	if in.has("ratio_n2_over_n1") {
		ratio = in.positive("ratio_n2_over_n1")
	}
	alt := in.alternatives(d)
	t, z := stats.SampleSizeMeansT(d, alpha, power, ratio, alt), stats.SampleSizeMeans(d, alpha, power, ratio, alt)
	return answer{{"n1_noncentral_t", t}, {"n1_noncentral_t_ceil", math.Ceil(t)}, {"n1_normal_approximation", z}, {"n1_normal_approximation_ceil", math.Ceil(z)},
		because(reasonOf(z))}
}

// reasonOf says why a size is none.
func reasonOf(n float64) string {
	if math.IsInf(n, 1) {
		return noEffect
	}
	return noNeed
}

func sizeProportions(in *input) answer {
	a, b := in.within("rate_a", 0, 1), in.within("rate_b", 0, 1)
	alpha, power, alt := in.alpha(), in.power(), in.alternatives(b-a)
	pooled, unpooled, arcsine := stats.SampleSizeProportions(a, b, alpha, power, alt)
	return answer{{"n_per_arm_pooled_formula", pooled}, {"n_per_arm_unpooled_formula", unpooled}, {"n_per_arm_arcsine", arcsine}, because(reasonOf(unpooled))}
}

func powerMeans(in *input) answer {
	d, n, alpha := in.number("cohens_d"), in.atLeast0("n_per_arm"), in.alpha()
	if n <= 1 {
		return undefined("a test of two means needs two observations in each arm", "power_noncentral_t", "power_normal")
	}
	return answer{{"power_noncentral_t", stats.PowerMeansT(d, n, n, alpha, stats.TwoSided)}, {"power_normal", stats.PowerMeans(d, n, n, alpha, stats.TwoSided)}}
}

func mde(in *input) answer {
	sd, n, base := in.atLeast0("sd"), in.atLeast0("n_per_arm"), in.numberOr("baseline_mean", math.NaN())
	effect := stats.MDE(sd*math.Sqrt(2/n), in.alpha(), in.power())
	relative, reason := effect/math.Abs(base), noNeed
	if base == 0 || math.IsNaN(base) {
		relative = math.NaN()
		reason = "a relative effect needs a baseline mean other than 0"
	}
	if n == 0 {
		effect, relative, reason = math.NaN(), math.NaN(), "an arm has no observations"
	}
	return answer{{"mde_absolute", effect}, {"mde_relative", relative}, because(reason)}
}

func sizeTotalMeans(in *input) answer {
	effect, variance, alpha, power := in.number("absolute_mde"), in.atLeast0("variance"), in.alpha(), in.power()
	if variance == 0 {
		return undefined("the variance is 0: any difference is plain from the smallest sample", "n_total")
	}
	n := stats.SampleSizeMeansT(effect/math.Sqrt(variance), alpha, power, 1, stats.TwoSided)
	return answer{{"n_total", 2 * math.Ceil(n)}, because(reasonOf(n))}
}

func sizeTotalProportions(in *input) answer {
	base, effect, alpha, power := in.within("baseline_rate", 0, 1), in.number("absolute_mde"), in.alpha(), in.power()
	if b := base + effect; b < 0 || b > 1 {
		return undefined(unreached, "n_total")
	}
	if math.Abs(effect) == 1 {
		return undefined(alwaysDiff, "n_total")
	}
	n := stats.SampleSizeProportionsZ(base, base+effect, alpha, power)
	return answer{{"n_total", 2 * math.Ceil(n)}, because(reasonOf(n))}
}
