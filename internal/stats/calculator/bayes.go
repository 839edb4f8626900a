package calculator

import (
	"fmt"
	"math"

	"github.com/weirhq/weir/internal/stats"
)

var bayesMethods = []Method{
	{
		Name:    "beta_binomial_probability_b_better",
		Summary: "posteriors Beta(prior_alpha+successes, prior_beta+failures): P(rate b > rate a), expected loss of choosing b E max(rate_a-rate_b, 0), and of choosing a",
		Source:  "numeric integration over the logit; Stucchio 2015 for expected loss",
		Inputs:  []string{"n_a", "n_b", "prior_alpha", "prior_beta", "successes_a", "successes_b"},
		Outputs: []string{"expected_loss_choosing_a", "expected_loss_choosing_b", "posterior_mean_a", "posterior_mean_b", "probability_b_better"},
		run:     betaBetter,
	},
	{
		Name:    "normal_expected_loss",
		Summary: "expected loss of choosing each arm when the effect is Normal(mu, sigma): control σφ(μ/σ)+μΦ(μ/σ)=E max(effect,0), treatment E max(-effect,0)",
		Source:  "unit normal loss integral (Raiffa and Schlaifer 1961)",
		Inputs:  []string{"mu", "sigma"},
		Outputs: []string{"risk_control", "risk_treatment"},
		run:     normalLoss,
	},
	{
		Name:    "best_arm_glr_stopping",
		Summary: "may the arm with the greatest mean be declared the best: min over the others of (gap+ε)²/(2(v1/n1+v2/n2)) > ln((1+ln N)/δ), N all observations. leader_index counts from 0",
		Source:  "Garivier and Kaufmann, COLT 2016",
		Inputs:  []string{"counts", "delta", "epsilon", "means", "variances"},
		Outputs: []string{"leader_index", "min_glr", "stop", "threshold"},
		run:     bestArm,
	},
}

func betaBetter(in *input) answer {
	priorAlpha, priorBeta := 1.0, 1.0
	if in.has("prior_alpha") {
		priorAlpha = in.positive("prior_alpha")
	}
	if in.has("prior_beta") {
		priorBeta = in.positive("prior_beta")
	}
	posterior := func(arm string) stats.Beta {
		x, n := in.count("successes"+arm), in.count("n"+arm)
		if x > n {
			in.wrong("successes"+arm, "there are more successes than observations", "it is at most n"+arm)
		}
		return stats.Beta{Alpha: priorAlpha + float64(x), Beta: priorBeta + float64(n-x)}
	}
	a, b := posterior("_a"), posterior("_b")
	r := stats.Better(a, b)
	return answer{{"probability_b_better", r.Probability}, {"expected_loss_choosing_b", r.LossB}, {"expected_loss_choosing_a", r.LossA}, {"posterior_mean_a", a.Mean()}, {"posterior_mean_b", b.Mean()}}
}

func normalLoss(in *input) answer {
	control, treatment := stats.NormalLoss(in.number("mu"), in.atLeast0("sigma"))
	return answer{{"risk_control", control}, {"risk_treatment", treatment}}
}

func bestArm(in *input) answer {
	means, variances, counts := in.list("means"), in.weights("variances"), in.counts("counts")
	epsilon, delta := 0.0, in.shareOr("delta", 0.05)
	if in.has("epsilon") {
		epsilon = in.atLeast0("epsilon")
	}
	in.alike("variances", len(variances), "means", len(means))
	in.alike("counts", len(counts), "means", len(means))
	names := []string{"leader_index", "min_glr", "threshold", "stop"}
	if len(means) < 2 {
		return undefined("a best arm needs another to be better than", names...)
	}
	for i, n := range counts {
		if n == 0 {
			return undefined(fmt.Sprintf("arm %d has no observations", i), names...)
		}
	}
	r := stats.BestArm(means, variances, counts, epsilon, delta)
	reason := "the arms compared have no variance"
	if math.IsNaN(r.Least) {
		reason = "two arms are equal and have no variance"
	}
	return answer{{"leader_index", r.Leader}, {"min_glr", r.Least}, {"threshold", r.Threshold}, {"stop", r.Stop}, because(reason)}
}
