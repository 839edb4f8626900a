package calculator

import (
	"fmt"
	"math"

	"github.com/weirhq/weir/internal/stats"
)

var decisionMethods = []Method{
	{
		Name:    "non_inferiority_and_tost",
		Summary: "one-sided Welch t test of b minus a against -margin (higher is better) or +margin (lower is better), and two one-sided tests against both; ci90 is at 1-2α",
		Source:  "Schuirmann 1987; Welch 1947",
		Inputs:  []string{"alpha", "higher_is_better", "margin", "mean_a", "mean_b", "n_a", "n_b", "sd_a", "sd_b"},
		Outputs: []string{"ci90_high", "ci90_low", "df", "difference", "equivalent", "non_inferior", "non_inferiority_p_value", "tost_p_value"},
		run:     margin,
	},
	{
		Name: "stratified_stage_estimate",
		Summary: "effect within each stage of constant weights, then put together: harmonic weights n_a n_b/(n_a+n_b) (the one to use; for proportions its z has the variance pooled within stages), exposure weights, inverse variance. " +
			"z, p_value and ci are those of exposure weights; naive_pooled_difference is the wrong answer, shown as a warning. Stages of kind mean have mean and sd (or variance, or sum and sum_squares) of each arm",
		Source:  "Cochran 1954; Mantel and Haenszel 1959",
		Inputs:  []string{"alpha", "kind", "stages"},
		Outputs: []string{"chi2_cochran_mantel_haenszel", "ci_high", "ci_low", "common_odds_ratio", "estimate_exposure_weighted", "estimate_harmonic_weighted", "estimate_inverse_variance", "harmonic_ci_high", "harmonic_ci_low", "mantel_haenszel_risk_difference", "naive_pooled_difference", "naive_pooled_p_value", "p_value", "p_value_cochran_mantel_haenszel", "p_value_harmonic", "p_value_inverse_variance", "stages_used", "standard_error_exposure_weighted", "standard_error_harmonic_weighted", "standard_error_inverse_variance", "z", "z_harmonic"},
		run:     stratified,
	},
}

func margin(in *input) answer {
	meanA, sdA, nA := in.number("mean_a"), in.atLeast0("sd_a"), in.count("n_a")
	meanB, sdB, nB := in.number("mean_b"), in.atLeast0("sd_b"), in.count("n_b")
	limit, higher, alpha := in.positive("margin"), in.yes("higher_is_better", true), in.alpha()
	if alpha >= 0.5 {
		in.wrong("alpha", "it is too great for one side", "it is below 0.5")
	}
	difference, df, reason := meanB-meanA, math.NaN(), "an arm has fewer than two observations"
	va, vb := sdA*sdA/float64(nA), sdB*sdB/float64(nB)
	if nA > 1 && nB > 1 {
		reason = "both standard deviations are 0: there is nothing to measure the difference with"
		total := va + vb
		df = 1 / ((va/total)*(va/total)/float64(nA-1) + (vb/total)*(vb/total)/float64(nB-1))
	}
	t := stats.WithinMargin(difference, math.Sqrt(va+vb), df, limit, higher, alpha)
	return answer{{"difference", difference}, {"df", df}, {"non_inferiority_p_value", t.NonInferiorP}, {"non_inferior", t.NonInferior},
		{"tost_p_value", t.EquivalentP}, {"equivalent", t.Equivalent}, {"ci90_low", t.TwoOneSidedCI.Low}, {"ci90_high", t.TwoOneSidedCI.High}, because(reason)}
}

func stratified(in *input) answer {
	alpha, proportion := in.alpha(), in.choice("kind", "proportion", "mean") == "proportion"
	fields := []string{"n_a", "successes_a", "n_b", "successes_b"}
	if !proportion {
		fields = []string{"n_a", "mean_a", "sd_a", "variance_a", "sum_a", "sum_squares_a", "n_b", "mean_b", "sd_b", "variance_b", "sum_b", "sum_squares_b"}
	}
	stages := in.objects("stages", fields...)
	var strata []stats.Stratum
	for _, s := range stages {
		strata = append(strata, s.stratum(proportion))
	}
	r := stats.Stratified(strata, alpha)
	gap, p := naivePooled(strata, proportion)
	h, e, v := r.Harmonic, r.Exposure, r.Inverse
	a := answer{
		{"estimate_harmonic_weighted", h.Estimate}, {"standard_error_harmonic_weighted", h.SE}, {"z_harmonic", h.Z}, {"p_value_harmonic", h.P}, {"harmonic_ci_low", h.Low}, {"harmonic_ci_high", h.High},
		{"estimate_exposure_weighted", e.Estimate}, {"standard_error_exposure_weighted", e.SE}, {"z", e.Z}, {"p_value", e.P}, {"ci_low", e.Low}, {"ci_high", e.High},
		{"estimate_inverse_variance", v.Estimate}, {"standard_error_inverse_variance", v.SE}, {"p_value_inverse_variance", v.P},
		{"naive_pooled_difference", gap}, {"naive_pooled_p_value", p}, {"stages_used", r.Used},
	}
	if proportion {
		cmh := stats.CMH(strata)
		a = append(a, answer{{"mantel_haenszel_risk_difference", h.Estimate}, {"chi2_cochran_mantel_haenszel", cmh.Chi2}, {"p_value_cochran_mantel_haenszel", cmh.P}, {"common_odds_ratio", cmh.OddsRatio}}...)
	}
	return append(a, because(whyUnstratified(r.Used)))
}

func whyUnstratified(used int) string {
	if used == 0 {
		return "no stage has observations in both arms"
	}
	return "an arm of a stage has no variance, or nothing happened in one"
}

// stratum reads one stage.
func (in *input) stratum(proportion bool) stats.Stratum {
	a, b := in.stageMoments("_a", proportion), in.stageMoments("_b", proportion)
	if proportion {
		return stats.ProportionStratum(in.count("successes_a"), a.n, in.count("successes_b"), b.n)
	}
	return stats.Stratum{NA: float64(a.n), NB: float64(b.n), MeanA: a.mean, MeanB: b.mean, VarianceA: a.variance, VarianceB: b.variance}
}

// stageMoments reads an arm of a stage in one of the ways it may be written.
func (in *input) stageMoments(arm string, proportion bool) moment {
	if proportion || !in.has("mean"+arm) {
		if !proportion && !in.has("sum"+arm) {
			in.wrong("mean"+arm, "it is missing", fmt.Sprintf("give mean%s and sd%s, or sum%s and sum_squares%s", arm, arm, arm, arm))
		}
		return in.moments(arm)
	}
	m := moment{n: in.count("n" + arm), mean: in.number("mean" + arm)}
	if in.has("variance" + arm) {
		m.variance = in.atLeast0("variance" + arm)
		return m
	}
	sd := in.atLeast0("sd" + arm)
	m.variance = sd * sd
	return m
}

// naivePooled compares all observations of both arms as if weights had never moved.
func naivePooled(strata []stats.Stratum, proportion bool) (difference, p float64) {
	var all stats.Stratum
	for _, s := range strata {
		all.NA, all.MeanA, all.VarianceA = poured(all.NA, all.MeanA, all.VarianceA, s.NA, s.MeanA, s.VarianceA)
		all.NB, all.MeanB, all.VarianceB = poured(all.NB, all.MeanB, all.VarianceB, s.NB, s.MeanB, s.VarianceB)
	}
	if all.NA == 0 || all.NB == 0 {
		return math.NaN(), math.NaN()
	}
	if proportion {
		all = stats.ProportionStratum(int64(math.Round(all.MeanA*all.NA)), int64(all.NA), int64(math.Round(all.MeanB*all.NB)), int64(all.NB))
	}
	c := stats.Stratified([]stats.Stratum{all}, 0.05).Harmonic
	return c.Estimate, c.P
}

// poured adds one sample to another: its count, mean and sample variance.
func poured(n, mean, variance, m, other, spread float64) (float64, float64, float64) {
	if m == 0 {
		return n, mean, variance
	}
	if n == 0 {
		return m, other, spread
	}
	gap := other - mean
	squares := (n-1)*variance + (m-1)*spread + gap*gap*n*m/(n+m)
	return n + m, mean + gap*m/(n+m), squares / (n + m - 1)
}
