package calculator

import (
	"fmt"
	"math"
	"slices"

	"github.com/weirhq/weir/internal/stats"
)

var errorRateMethods = []Method{
	{
		Name:    "multiple_testing_adjust",
		Summary: "adjusted p-values in the order they came in: Bonferroni p·m, Holm (m-i+1)·p(i) made to rise, Benjamini-Hochberg m/i·p(i) made to rise from the largest down; each at most 1",
		Source:  "Holm 1979; Benjamini and Hochberg 1995",
		Inputs:  []string{"p_values"},
		Outputs: []string{"benjamini_hochberg", "bonferroni", "holm"},
		run:     adjust,
	},
	{
		Name: "group_sequential_adjusted_alpha",
		Summary: "the nominal alpha to use at each look, by alpha spending over the information fraction t=cumulative_n/max_expected_n (over the largest n, when more came than was expected). " +
			"spending: power spends αt² (default), obrien_fleming 2-2Φ(z_{α/2}/√t); two sides spend alpha/2 each",
		Source:  "Lan and DeMets 1983; Kim and DeMets 1987; recursive integration of Armitage, McPherson, Rowe 1969",
		Inputs:  []string{"alpha", "cumulative_n", "max_expected_n", "sides", "spending"},
		Outputs: []string{"adjusted_alpha", "information_fraction"},
		run:     groupSequential,
	},
}

func adjust(in *input) answer {
	p := in.list("p_values")
	for i, x := range p {
		if x < 0 || x > 1 {
			in.wrong(fmt.Sprintf("p_values[%d]", i), fmt.Sprintf("%v is no p-value", x), "give numbers from 0 to 1")
		}
	}
	return answer{{"holm", stats.Holm(p)}, {"benjamini_hochberg", stats.BenjaminiHochberg(p)}, {"bonferroni", stats.Bonferroni(p)}}
}

// maxLooks bounds the looks: the work grows with each.
const maxLooks = 200

func groupSequential(in *input) answer {
	alpha, n, sides := in.alpha(), in.list("cumulative_n"), in.sides(2)
	most := in.positive("max_expected_n")
	spend := stats.PowerSpending
	if in.choice("spending", "power", "obrien_fleming") == "obrien_fleming" {
		spend = stats.OBrienFlemingSpending
	}
	switch {
	case len(n) > maxLooks:
		in.wrong("cumulative_n", fmt.Sprintf("it has %d looks", len(n)), fmt.Sprintf("give at most %d", maxLooks))
	case len(n) > 0 && n[0] <= 0:
		in.wrong("cumulative_n[0]", fmt.Sprintf("%v does not fit", n[0]), "the first look has observations")
	case !slices.IsSorted(n):
		in.wrong("cumulative_n", "it falls", "give the observations so far at each look, rising")
	}
	fractions := make([]float64, len(n))
	for i := range n {
		fractions[i] = n[i] / math.Max(most, slices.Max(n))
	}
	return answer{{"adjusted_alpha", stats.SpendAlpha(fractions, alpha, sides, spend)}, {"information_fraction", fractions}}
}
