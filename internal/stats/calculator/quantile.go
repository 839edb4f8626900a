package calculator

import (
	"math"
	"slices"

	"github.com/weirhq/weir/internal/stats"
)

var fiveNumbers = []string{"alpha", "lower_a", "lower_b", "n_a", "n_b", "quantile", "quantile_a", "quantile_b", "upper_a", "upper_b"}

// quantileMethods are about quantiles.
var quantileMethods = []Method{
	{
		Name:    "quantile_ci_order_statistics",
		Summary: "interval of a quantile from order statistics, whatever the distribution: the binomial quantiles of alpha/2 and 1-alpha/2 (plus 1) are its ranks; infinite beyond the sample",
		Source:  "David and Nagaraja 2003, section 7.1",
		Inputs:  []string{"alpha", "quantile", "x", "x_generator"},
		Outputs: []string{"ci_high", "ci_low", "coverage", "n", "normal_rank_high", "normal_rank_low", "order_index_high_1based", "order_index_low_1based", "quantile_linear_type7", "quantile_nearest_rank_type1"},
		run:     orderInterval,
	},
	{
		Name:    "quantile_minimum_n",
		Summary: "how many values bound a quantile on both sides: z² max(q/(1-q), (1-q)/q)",
		Source:  "the ranks n(q ± z sqrt(q(1-q)/n)) are within 0 and n",
		Inputs:  []string{"alpha", "quantile"},
		Outputs: []string{"min_n_exact"},
		run: func(in *input) answer {
			return answer{{"min_n_exact", stats.QuantileMinimumN(in.share("quantile"), in.alpha())}}
		},
	},
	{
		Name:    "quantile_difference",
		Summary: "difference of two quantiles from their 95 % bounds: var=(n-1)((upper-lower)/(2 z.975))² per arm, SE=sqrt(var_a/n_a+var_b/n_b)",
		Source:  "Deng, Knoblich, Lu 2018, section 4.2",
		Inputs:  fiveNumbers,
		Outputs: []string{"ci_high", "ci_low", "difference", "p_value", "standard_error"},
		run:     func(in *input) answer { return quantileDifference(in, false) },
	},
	{
		Name:    "quantile_difference_relative",
		Summary: "quantile_difference relative to |quantile_a|, by the delta method",
		Source:  "Deng, Knoblich, Lu 2018, sections 3.1 and 4.2",
		Inputs:  fiveNumbers,
		Outputs: []string{"ci_high", "ci_low", "difference", "p_value", "standard_error"},
		run:     func(in *input) answer { return quantileDifference(in, true) },
	},
	{
		Name:    "quantile_difference_from_samples",
		Summary: "difference of a quantile of two samples: ranks n(q ± z sqrt(q(1-q)/n)) rounded outwards, SE=(x_U-x_L)/(2z) per arm, normal",
		Source:  "Deng, Knoblich, Lu 2018, section 4.2",
		Inputs:  []string{"a", "a_generator", "alpha", "alternative", "b", "b_generator", "quantile"},
		Outputs: []string{"ci_high", "ci_low", "difference", "p_value", "quantile_a", "quantile_b", "rank_high_a", "rank_high_b", "rank_low_a", "rank_low_b", "standard_error", "standard_error_a", "standard_error_b", "z"},
		run:     quantileFromSamples,
	},
	{
		Name: "quantile_difference_clustered",
		Summary: "quantile_difference_from_samples for values that come by users: the variance of each arm is multiplied by that of the share <= x_q over users (delta method) over q(1-q)/n. " +
			"a_users lists the values of each user",
		Source:  "Deng, Knoblich, Lu 2018, section 4.3",
		Inputs:  []string{"a_users", "alpha", "alternative", "b_users", "quantile"},
		Outputs: []string{"ci_high", "ci_low", "difference", "p_value_clustered", "p_value_iid", "quantile_a", "quantile_b", "standard_error_clustered", "standard_error_iid", "variance_inflation_a", "variance_inflation_b", "z"},
		run:     quantileClustered,
	},
}

func orderInterval(in *input) answer {
	q, alpha, x := in.share("quantile"), in.alpha(), in.sample("x")
	if len(x) == 0 {
		return append(answer{{"n", 0}}, undefined("there are no values", "quantile_linear_type7", "quantile_nearest_rank_type1", "ci_low", "ci_high")...)
	}
	slices.Sort(x)
	o, ranks := stats.QuantileOrderInterval(x, q, alpha), stats.NormalRanks(q, int64(len(x)), alpha, 1)
	return answer{{"n", o.N}, {"quantile_linear_type7", stats.QuantileType7(x, q)}, {"quantile_nearest_rank_type1", stats.QuantileType1(x, q)},
		{"order_index_low_1based", o.LowIndex}, {"order_index_high_1based", o.HighIndex}, {"ci_low", o.Interval.Low}, {"ci_high", o.Interval.High},
		{"normal_rank_low", ranks.Low}, {"normal_rank_high", ranks.High}, {"coverage", o.Coverage}, because("the sample has no value that far out")}
}

// bounded reads a quantile with its bounds, and gives the variance that follows.
func (in *input) bounded(side string) (quantile, variance float64, n int64) {
	n = in.count("n_" + side)
	low, high := in.number("lower_"+side), in.number("upper_"+side)
	if high < low {
		in.wrong("upper_"+side, "it is below lower_"+side, "give the bounds of the 95 % interval")
	}
	se := (high - low) / (2 * stats.NormalCritical(0.05, stats.TwoSided))
	return in.number("quantile_" + side), se * se * (1 - 1/float64(n)), n
}

func quantileDifference(in *input, relative bool) answer {
	a, va, na := in.bounded("a")
	b, vb, nb := in.bounded("b")
	in.share("quantile")
	alpha := in.alpha()
	names := []string{"difference", "standard_error", "ci_low", "ci_high", "p_value"}
	switch {
	case na == 0 || nb == 0:
		return undefined("there are no values in an arm", names...)
	case relative && a == 0:
		return undefined("quantile_a is 0, and nothing is relative to 0", names...)
	}
	estimate, se := b-a, math.Sqrt(va+vb)
	if relative {
		estimate, se = stats.RelativeDifference(a, b), math.Sqrt(stats.RelativeVariance(a, va, b, vb))
	}
	e := stats.NormalEffect(estimate, se, alpha, stats.TwoSided)
	return answer{{"difference", e.Estimate}, {"standard_error", e.SE}, {"ci_low", e.Interval.Low}, {"ci_high", e.Interval.High}, {"p_value", e.P}, because(e.Reason)}
}

func quantileFromSamples(in *input) answer {
	q, alpha := in.share("quantile"), in.alpha()
	xa, xb, alt := in.sample("a"), in.sample("b"), in.alternative()
	a, b := stats.QuantileOf(xa, q, alpha), stats.QuantileOf(xb, q, alpha)
	e := stats.QuantileDifference(a, b, false, alpha, alt)
	return answer{{"quantile_a", a.Value}, {"quantile_b", b.Value}, {"difference", e.Estimate},
		{"standard_error_a", a.SE}, {"standard_error_b", b.SE}, {"standard_error", e.SE}, {"z", e.T()}, {"p_value", e.P},
		{"ci_low", e.Interval.Low}, {"ci_high", e.Interval.High}, {"rank_low_a", a.RankLow}, {"rank_high_a", a.RankHigh},
		{"rank_low_b", b.RankLow}, {"rank_high_b", b.RankHigh}, because(e.Reason)}
}

func quantileClustered(in *input) answer {
	q, alpha := in.share("quantile"), in.alpha()
	ua, ub, alt := in.lists("a_users"), in.lists("b_users"), in.alternative()
	a, b := stats.QuantileOfClusters(ua, q, alpha), stats.QuantileOfClusters(ub, q, alpha)
	e, naive := stats.QuantileDifference(a, b, true, alpha, alt), stats.QuantileDifference(a, b, false, alpha, alt)
	return answer{{"quantile_a", a.Value}, {"quantile_b", b.Value}, {"difference", e.Estimate},
		{"standard_error_iid", naive.SE}, {"standard_error_clustered", e.SE}, {"variance_inflation_a", a.Inflation}, {"variance_inflation_b", b.Inflation},
		{"z", e.T()}, {"p_value_clustered", e.P}, {"p_value_iid", naive.P}, {"ci_low", e.Interval.Low}, {"ci_high", e.Interval.High}, because(e.Reason)}
}
