package calculator

import "github.com/weirhq/weir/internal/stats"

// describeMethods describe a sample, or are distributions.
var describeMethods = []Method{
	{
		Name:    "descriptive",
		Summary: "count, mean, standard deviations with divisors n and n-1, quantiles by linear interpolation (type 7), p95 by nearest rank, least and greatest",
		Source:  "Hyndman and Fan 1996",
		Inputs:  []string{"x"},
		Outputs: []string{"max", "mean", "median", "min", "n", "p50", "p90", "p95", "p95_nearest_rank", "p99", "sd_ddof0", "sd_ddof1"},
		run:     describe,
	},
	{
		Name:    "winsorized_mean",
		Summary: "mean with values above the sample's upper_quantile (type 7) replaced by it; to compare arms take the quantile of both together",
		Source:  "Hyndman and Fan 1996",
		Inputs:  []string{"upper_quantile", "x"},
		Outputs: []string{"cap_linear_type7", "winsorized_mean"},
		run:     winsorised,
	},
	{
		Name:    "student_t_two_sided_p",
		Summary: "2(1-F(|t|)) of Student's distribution, from the upper tail",
		Source:  "definition",
		Inputs:  []string{"df", "t"},
		Outputs: []string{"log10_p_value", "p_value"},
		run: func(in *input) answer {
			return tail(stats.StudentTail(in.number("t"), in.positive("df"), stats.TwoSided))
		},
	},
	{
		Name:    "student_t_quantile",
		Summary: "the t below which Student's distribution has the probability p",
		Source:  "definition",
		Inputs:  []string{"df", "p"},
		Outputs: []string{"t"},
		run: func(in *input) answer {
			return answer{{"t", stats.StudentQuantile(in.within("p", 0, 1), in.positive("df"))}}
		},
	},
	{
		Name:    "chi_square_upper_p",
		Summary: "probability that a chi-square variable exceeds chi2",
		Source:  "definition",
		Inputs:  []string{"chi2", "df"},
		Outputs: []string{"log10_p_value", "p_value"},
		run:     func(in *input) answer { return tail(stats.ChiSquareTail(in.atLeast0("chi2"), in.positive("df"))) },
	},
	{
		Name:    "normal_two_sided_p",
		Summary: "2(1-Φ(|z|)), from the upper tail",
		Source:  "definition",
		Inputs:  []string{"z"},
		Outputs: []string{"log10_p_value", "p_value"},
		run:     func(in *input) answer { return tail(stats.NormalTail(in.number("z"), stats.TwoSided)) },
	},
}

func tail(t stats.Tail) answer { return answer{{"p_value", t.P}, {"log10_p_value", t.Log10P}} }

func describe(in *input) answer {
	d := stats.Describe(in.list("x"))
	reason := "there are no values"
	if d.N == 1 {
		reason = "there is one value, and how values vary needs two"
	}
	return answer{{"n", d.N}, {"mean", d.Mean}, {"sd_ddof0", d.SD0}, {"sd_ddof1", d.SD1}, {"median", d.P50},
		{"p50", d.P50}, {"p90", d.P90}, {"p95", d.P95}, {"p99", d.P99}, {"p95_nearest_rank", d.P95NearestRank}, {"min", d.Min}, {"max", d.Max}, because(reason)}
}

func winsorised(in *input) answer {
	mean, cap := stats.WinsorisedMean(in.list("x"), in.within("upper_quantile", 0, 1))
	return answer{{"cap_linear_type7", cap}, {"winsorized_mean", mean}, because("there are no values")}
}
