package calculator

import (
	"fmt"
	"math"

	"github.com/weirhq/weir/internal/stats"
)

// clusteredMethods randomise users and measure requests.
var clusteredMethods = []Method{
	{
		Name:    "clustered_mean_difference",
		Summary: "difference of means over requests when users were randomised: Σx/Σn per arm with the delta method over users; a_users lists the values of each user. Beside it what ignoring users gives",
		Source:  "Deng, Knoblich, Lu 2018, equation 3",
		Inputs:  []string{"a_users", "alpha", "alternative", "b_users"},
		Outputs: []string{"ci_high", "ci_low", "design_effect", "df", "difference", "log10_p_value", "naive_request_level_p_value", "naive_request_level_standard_error", "p_value", "p_value_normal",
			"ratio_a", "ratio_b", "standard_error", "t", "users_a", "users_b"},
		run: clusteredMeans,
	},
	{
		Name:    "ratio_metric_delta_method",
		Summary: "difference of Σnumerator/Σdenominator, one pair a user, and relative to |ratio_a|: Var(R)=[s_x²-2R s_xy+R² s_y²]/(K ȳ²), Satterthwaite's degrees of freedom",
		Source:  "Deng, Knoblich, Lu 2018, equation 3",
		Inputs:  []string{"alpha", "alternative", "denominator_a", "denominator_b", "numerator_a", "numerator_b"},
		Outputs: []string{"ci_high", "ci_low", "df", "difference", "log10_p_value", "p_value", "ratio_a", "ratio_b", "relative_ci_high", "relative_ci_low", "relative_difference", "relative_standard_error",
			"significant", "standard_error", "t"},
		run: ratioMetric,
	},
	{
		Name:    "cuped",
		Summary: "difference of post, less what pre explains: post-θ(pre-mean of pre), θ=cov(post, pre)/var(pre) over both arms together, then Welch; θ is 0 when pre does not vary",
		Source:  "Deng, Xu, Kohavi, Walker 2013",
		Inputs:  []string{"alpha", "alternative", "post_a", "post_b", "pre_a", "pre_b"},
		Outputs: []string{"adjusted_mean_a", "adjusted_mean_b", "ci_high", "ci_low", "df", "difference", "log10_p_value", "p_value", "standard_error", "t", "theta",
			"unadjusted_difference", "unadjusted_p_value", "variance_ratio_adjusted_over_raw"},
		run: cuped,
	},
	{
		Name:    "cuped_theta",
		Summary: "cov(post, pre)/var(pre) of all units",
		Source:  "Deng, Xu, Kohavi, Walker 2013, equation 4",
		Inputs:  []string{"note", "post", "pre"},
		Outputs: []string{"theta"},
		run:     cupedTheta,
	},
}

func clusteredMeans(in *input) answer {
	c := stats.MeansOfClusters(in.lists("a_users"), in.lists("b_users"), in.alpha(), in.alternative())
	normal := math.NaN()
	if c.Effect.Status == stats.OK {
		normal = stats.NormalTail(c.Effect.T(), in.alternative()).P
	}
	return append(answer{{"ratio_a", c.A.Value}, {"ratio_b", c.B.Value}, {"users_a", c.A.Units}, {"users_b", c.B.Units}, {"p_value_normal", normal},
		{"naive_request_level_standard_error", c.Naive.SE}, {"naive_request_level_p_value", c.Naive.P}, {"design_effect", c.DesignEffect}}, effect(c.Effect)...)
}

// pairs reads two lists of one length.
func (in *input) pairs(first, second string) (x, y []float64) {
	x, y = in.list(first), in.list(second)
	if len(x) != len(y) {
		in.wrong(second, fmt.Sprintf("it has %d values, and %s has %d", len(y), first, len(x)), "give one of each for every user")
	}
	return x, y
}

func ratioMetric(in *input) answer {
	xa, ya := in.pairs("numerator_a", "denominator_a")
	xb, yb := in.pairs("numerator_b", "denominator_b")
	alpha, alt := in.alpha(), in.alternative()
	for name, y := range map[string][]float64{"denominator_a": ya, "denominator_b": yb} {
		for i, v := range y {
			if v < 0 {
				in.wrong(fmt.Sprintf("%s[%d]", name, i), fmt.Sprintf("%v is negative", v), "a denominator counts or measures something: give numbers from 0")
			}
		}
	}
	a, b := stats.RatioOfPairs(xa, ya), stats.RatioOfPairs(xb, yb)
	e, relative := stats.RatioDifferenceOf(a, b, alpha, alt), stats.RatioRelativeOf(a, b, alpha, alt)
	reason := e.Reason
	if reason == "" {
		reason = relative.Reason
	}
	fields := append(answer{{"ratio_a", a.Value}, {"ratio_b", b.Value}, {"relative_difference", relative.Estimate}, {"relative_standard_error", relative.SE},
		{"significant", e.Significant(alpha)}}, ends("relative_ci", relative.Interval)...)
	return append(append(fields, effect(e)...), because(reason))
}

func cuped(in *input) answer {
	preA, postA := in.pairs("pre_a", "post_a")
	preB, postB := in.pairs("pre_b", "post_b")
	alpha, alt := in.alpha(), in.alternative()
	c := stats.CUPED(preA, postA, preB, postB, alpha, alt)
	return append(answer{{"theta", c.Theta}, {"adjusted_mean_a", c.MeanA}, {"adjusted_mean_b", c.MeanB},
		{"unadjusted_difference", c.Unadjusted.Estimate}, {"unadjusted_p_value", c.Unadjusted.P},
		{"variance_ratio_adjusted_over_raw", c.VarianceRatio}}, effect(c.Effect)...)
}

func cupedTheta(in *input) answer {
	pre, post := in.pairs("pre", "post")
	return answer{{"theta", stats.CUPEDTheta(pre, post)}}
}
