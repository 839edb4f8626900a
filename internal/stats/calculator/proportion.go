package calculator

import "github.com/weirhq/weir/internal/stats"

// proportionMethods are about rates.
var proportionMethods = []Method{
	{
		Name: "two_proportion",
		Summary: "rate_b-rate_a: pooled z and p, Wald, Newcombe and Agresti-Caffo intervals, Wilson per arm, Fisher's exact test. " +
			"Use p_value and the Newcombe interval: p_value is Fisher's when an expected count is below 5, else the pooled one",
		Source: "Wilson 1927; Fisher 1935; Newcombe 1998, method 10; Agresti and Caffo 2000",
		Inputs: []string{"alpha", "n_a", "n_b", "successes_a", "successes_b"},
		Outputs: []string{"agresti_caffo_ci_high", "agresti_caffo_ci_low", "difference", "fisher_exact_p", "log10_p_value_pooled", "newcombe_ci_high", "newcombe_ci_low",
			"p_value", "p_value_pooled", "rate_a", "rate_b", "standard_error_unpooled", "wald_ci_high", "wald_ci_low", "wilson_a_high", "wilson_a_low",
			"wilson_b_high", "wilson_b_low", "z_pooled", "z_unpooled"},
		run: twoProportion,
	},
	{
		Name:    "one_proportion_interval",
		Summary: "interval of a rate: Wilson's, and Clopper and Pearson's, which never falls short of its level",
		Source:  "Wilson 1927; Clopper and Pearson 1934",
		Inputs:  []string{"alpha", "n", "successes"},
		Outputs: []string{"clopper_pearson_high", "clopper_pearson_low", "rate", "wilson_high", "wilson_low"},
		run:     oneProportion,
	},
}

// successes reads a count of successes and one of trials.
func (in *input) successes(successes, trials string) (s, n int64) {
	s, n = in.count(successes), in.count(trials)
	if s > n {
		in.wrong(successes, "it is greater than "+trials, "give the successes among the trials")
	}
	return s, n
}

func twoProportion(in *input) answer {
	sa, na := in.successes("successes_a", "n_a")
	sb, nb := in.successes("successes_b", "n_b")
	alpha := in.alpha()
	p := stats.TwoProportions(sa, na, sb, nb, alpha)
	a := answer{{"rate_a", p.A.Value}, {"rate_b", p.B.Value}, {"difference", p.Difference},
		{"z_pooled", p.ZPooled}, {"p_value_pooled", p.PPooled}, {"log10_p_value_pooled", p.Log10PPooled},
		{"standard_error_unpooled", p.SEUnpooled}, {"z_unpooled", p.ZUnpooled}, {"fisher_exact_p", p.Fisher.P}, {"p_value", p.Effect().P}}
	a = append(a, ends("wald_ci", p.Wald)...)
	a = append(a, ends("newcombe_ci", p.Newcombe)...)
	a = append(a, ends("agresti_caffo_ci", p.AgrestiCaffo)...)
	a = append(a, ends("wilson_a", p.A.Wilson)...)
	a = append(a, ends("wilson_b", p.B.Wilson)...)
	return append(a, because(p.Reason))
}

// ends are the two fields of an interval.
func ends(name string, i stats.Interval) answer {
	return answer{{name + "_low", i.Low}, {name + "_high", i.High}}
}

func oneProportion(in *input) answer {
	s, n := in.successes("successes", "n")
	alpha := in.alpha()
	r := stats.Proportion(s, n, alpha)
	a := append(answer{{"rate", r.Value}}, ends("wilson", r.Wilson)...)
	return append(append(a, ends("clopper_pearson", r.ClopperPearson)...), because("there are no trials, and any rate is possible"))
}
