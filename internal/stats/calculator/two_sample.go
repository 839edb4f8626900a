package calculator

import (
	"fmt"
	"math"

	"github.com/weirhq/weir/internal/stats"
)

// twoSampleMethods compare two samples of independent values.
var twoSampleMethods = []Method{
	{
		Name:    "welch_t_test",
		Summary: "difference of means of two samples, b-a: SE=sqrt(var_a/n_a+var_b/n_b), variances with divisor n-1, Satterthwaite's degrees of freedom, p of Student's t",
		Source:  "Welch 1947",
		Inputs:  []string{"a", "alpha", "alternative", "b"},
		Outputs: []string{"ci_high", "ci_low", "df", "difference", "log10_p_value", "mean_a", "mean_b", "p_value", "significant", "standard_error", "t"},
		run:     welch,
	},
	{
		Name:    "welch_t_test_summary",
		Summary: "welch_t_test from means, standard deviations (divisor n-1) and counts; log10_p_value for the tails",
		Source:  "Welch 1947",
		Inputs:  []string{"alpha", "alternative", "mean_a", "mean_b", "n_a", "n_b", "sd_a", "sd_b"},
		Outputs: []string{"ci_high", "ci_low", "df", "difference", "log10_p_value", "p_value", "standard_error", "t"},
		run:     welchSummary,
	},
	{
		Name:    "relative_difference",
		Summary: "(mean_b-mean_a)/|mean_a|",
		Source:  "definition",
		Inputs:  []string{"mean_a", "mean_b"},
		Outputs: []string{"relative_difference"},
		run:     relativeDifference,
	},
	{
		Name:    "delta_method_variance_of_lift",
		Summary: "variance of b-a, or with relative of (b-a)/|a|: var_b/n_b/mean_a²+var_a/n_a·mean_b²/mean_a⁴",
		Source:  "Deng, Knoblich, Lu 2018, section 3.1",
		Inputs:  []string{"mean_a", "mean_b", "n_a", "n_b", "relative", "var_a", "var_b"},
		Outputs: []string{"variance"},
		run:     varianceOfLift,
	},
	{
		Name:    "cohens_d",
		Summary: "difference of means in standard deviations: sqrt((sd_a²+sd_b²)/2) with divisor n (the one reported), the textbook's pooled one with divisor n-1, and Hedges' g with the exact factor",
		Source:  "Cohen 1988; Hedges 1981, equation 6e",
		Inputs:  []string{"a", "b"},
		Outputs: []string{"cohens_d_seed_ddof0", "cohens_d_weighted_ddof1", "difference", "hedges_g_exact", "magnitude", "pooled_sd_seed_ddof0", "pooled_sd_weighted_ddof1"},
		run:     cohensD,
	},
	{
		Name:    "cohens_d_label",
		Summary: "a word for |d|: negligible below 0.2, small, medium from 0.5, large from 0.8",
		Source:  "Cohen 1988, section 2.2.3",
		Inputs:  []string{"cohens_d"},
		Outputs: []string{"magnitude"},
		run:     func(in *input) answer { return answer{{"magnitude", stats.EffectSize(in.number("cohens_d"))}} },
	},
	{
		Name:    "mann_whitney_u",
		Summary: "U of b by mid-ranks; p by the normal approximation with tie and continuity correction, and exactly (given the ties) for small samples; the chance U/(n_a n_b) that a b exceeds an a",
		Source:  "Mann and Whitney 1947",
		Inputs:  []string{"a", "alpha", "alternative", "b"},
		Outputs: []string{"common_language_effect_b_gt_a", "p_value_asymptotic_tie_corrected_continuity", "p_value_exact", "significant", "u_b"},
		run:     mannWhitney,
	},
	{
		Name:    "log_ratio_of_geometric_means",
		Summary: "Welch on natural logarithms, exponentiated: ratio of geometric means, b over a",
		Source:  "Welch 1947",
		Inputs:  []string{"a", "alpha", "alternative", "b"},
		Outputs: []string{"df", "geometric_mean_a", "geometric_mean_b", "p_value", "ratio", "ratio_ci_high", "ratio_ci_low"},
		run:     geometricMeans,
	},
	{
		Name:    "ab_significance",
		Summary: "verdict on two lists of scores: Welch's t, lift (b-a)/|a| in percent, Cohen's d; insufficient_samples below min_samples in either; means to 4 places, lift 2, p 6, d 4",
		Source:  "Welch 1947",
		Inputs:  []string{"alpha", "control_scores", "direction", "min_samples", "treatment_scores"},
		Outputs: []string{"cohens_d", "control_mean", "control_n", "lift", "min_required", "p_value", "recommendation", "status", "treatment_mean", "treatment_n"},
		run:     abSignificance,
	},
}

func (in *input) alternative() stats.Alternative {
	return stats.Alternative(in.choice("alternative", string(stats.TwoSided), string(stats.Less), string(stats.Greater)))
}

// effect is the fields of a test of a difference.
func effect(e stats.Effect) answer {
	return answer{{"difference", e.Estimate}, {"standard_error", e.SE}, {"t", e.T()}, {"df", e.DF},
		{"p_value", e.P}, {"log10_p_value", e.Log10P}, {"ci_low", e.Interval.Low}, {"ci_high", e.Interval.High}, because(e.Reason)}
}

func welch(in *input) answer {
	a, b, alpha := stats.Summarise(in.list("a")), stats.Summarise(in.list("b")), in.alpha()
	e := stats.Welch(a, b, alpha, in.alternative())
	return append(answer{{"mean_a", a.Mean}, {"mean_b", b.Mean}, {"significant", e.Significant(alpha)}}, effect(e)...)
}

func (in *input) summary(side string) stats.Summary {
	sd := in.atLeast0("sd_" + side)
	return stats.Summary{N: in.count("n_" + side), Mean: in.number("mean_" + side), Variance: sd * sd}
}

func welchSummary(in *input) answer {
	return effect(stats.Welch(in.summary("a"), in.summary("b"), in.alpha(), in.alternative()))
}

const noBaseline = "mean_a is 0, and nothing is relative to 0"

func relativeDifference(in *input) answer {
	return answer{{"relative_difference", stats.RelativeDifference(in.number("mean_a"), in.number("mean_b"))}, because(noBaseline)}
}

func varianceOfLift(in *input) answer {
	va, vb := in.atLeast0("var_a"), in.atLeast0("var_b")
	na, nb := in.count("n_a"), in.count("n_b")
	ma, mb := in.number("mean_a"), in.number("mean_b")
	va, vb = va/float64(na), vb/float64(nb)
	switch {
	case na == 0 || nb == 0:
		return undefined("a mean of no values has no variance", "variance")
	case !in.yes("relative", false):
		return answer{{"variance", va + vb}}
	case ma == 0:
		return undefined(noBaseline, "variance")
	}
	return answer{{"variance", stats.RelativeVariance(ma, va, mb, vb)}}
}

func cohensD(in *input) answer {
	d := stats.CohensD(stats.Summarise(in.list("a")), stats.Summarise(in.list("b")))
	a := answer{{"difference", d.Difference}, {"pooled_sd_seed_ddof0", d.PooledSD}, {"cohens_d_seed_ddof0", d.D},
		{"pooled_sd_weighted_ddof1", d.WeightedSD}, {"cohens_d_weighted_ddof1", d.WeightedD}, {"hedges_g_exact", d.HedgesG}, because(d.Reason)}
	if d.Status == stats.OK {
		a = append(a, field{"magnitude", stats.EffectSize(d.D)})
	}
	return a
}

func mannWhitney(in *input) answer {
	r := stats.MannWhitney(in.list("a"), in.list("b"), in.alternative())
	a := answer{{"u_b", r.U}, {"p_value_asymptotic_tie_corrected_continuity", r.P}, {"log10_p_value", r.Log10P},
		{"common_language_effect_b_gt_a", r.CommonLanguage}, {"significant", r.P < in.alpha()}}
	if r.Status == stats.OK && math.IsNaN(r.ExactP) {
		return append(a, field{"exact", "not computed: the samples are too great for it"})
	}
	return append(a, field{"p_value_exact", r.ExactP}, because(r.Reason))
}

func geometricMeans(in *input) answer {
	a, b, e := stats.GeometricMeans(in.list("a"), in.list("b"), in.alpha(), in.alternative())
	ratio, interval := e.AsRatio()
	return answer{{"geometric_mean_a", a}, {"geometric_mean_b", b}, {"ratio", ratio}, {"ratio_ci_low", interval.Low}, {"ratio_ci_high", interval.High},
		{"p_value", e.P}, {"df", e.DF}, because(e.Reason)}
}

const defaultMinSamples = 1000

func abSignificance(in *input) answer {
	a, b := stats.Summarise(in.list("control_scores")), stats.Summarise(in.list("treatment_scores"))
	alpha, least := in.alpha(), int64(defaultMinSamples)
	if in.has("min_samples") {
		least = in.count("min_samples")
	}
	up := in.choice("direction", "increase", "decrease") == "increase"
	counts := answer{{"control_n", a.N}, {"treatment_n", b.N}, {"min_required", least}}
	if min(a.N, b.N) < least {
		return append(answer{{"status", "insufficient_samples"}}, counts...)
	}
	e := stats.Welch(a, b, alpha, stats.TwoSided)
	status, recommendation := "not_significant", "KEEP control"
	if e.Significant(alpha) {
		status = "significant"
		if e.Estimate > 0 == up {
			recommendation = "DEPLOY treatment"
		}
	}
	reason := e.Reason
	if reason == "" {
		reason = fmt.Sprintf("the mean of the control is %v, and nothing is relative to 0", a.Mean)
	}
	return append(append(answer{{"status", status}}, counts...), answer{
		{"control_mean", round(a.Mean, 4)}, {"treatment_mean", round(b.Mean, 4)}, {"lift", round(100*stats.RelativeDifference(a.Mean, b.Mean), 2)},
		{"p_value", round(e.P, 6)}, {"cohens_d", round(stats.CohensD(a, b).D, 4)}, {"recommendation", recommendation}, because(reason)}...)
}

// round gives the number with so many decimal places as NumPy does it, which is
// what the rounding of these fields was written in.
func round(x float64, places int) float64 {
	scale := math.Pow10(places)
	if r := math.RoundToEven(x*scale) / scale; !math.IsInf(r, 0) {
		return r
	}
	return x
}
