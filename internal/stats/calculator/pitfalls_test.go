package calculator

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// ask runs a method on inputs that fit.
func ask(t *testing.T, method, inputs string) map[string]any {
	t.Helper()
	m, err := Named(method)
	if err != nil {
		t.Fatal(err)
	}
	text, err := m.Run(json.RawMessage(inputs))
	if err != nil {
		t.Fatalf("%s %s: %v", method, inputs, err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return got
}

// What data cannot tell is null, with a status and a reason.
func TestUndefinedHasAReason(t *testing.T) {
	for _, c := range []struct{ method, inputs, null, status, reason string }{
		{"sequential_asymptotic_cs", `{"successes_a":0,"n_a":0,"successes_b":1,"n_b":2}`, "estimate", "undefined", "no observations"},
		{"sequential_asymptotic_cs", `{"successes_a":0,"n_a":10,"successes_b":0,"n_b":10}`, "p_value", "undefined", "standard error"},
		{"sequential_asymptotic_cs", `{"successes_a":10,"n_a":10,"successes_b":10,"n_b":10}`, "ci_low", "undefined", "standard error"},
		{"sequential_asymptotic_cs", `{"successes_a":0,"n_a":10,"successes_b":1,"n_b":10,"difference_type":"relative"}`, "estimate", "undefined", "baseline"},
		{"sequential_asymptotic_cs", `{"sum_a":3,"sum_squares_a":9,"n_a":1,"sum_b":4,"sum_squares_b":10,"n_b":2}`, "p_value", "undefined", "standard error"},
		{"sequential_asymptotic_cs", `{"sum_a":6,"sum_squares_a":12,"n_a":3,"sum_b":9,"sum_squares_b":27,"n_b":3}`, "p_value", "undefined", "standard error"},
		{"sequential_multiplier", `{"n_total":0,"tuning_n_star":100}`, "half_width_in_standard_errors", "infinite: half_width_in_standard_errors is +infinity", ""},
		{"msprt_normal", `{"difference":0,"n_per_arm":10,"variance_a_plus_variance_b":0,"mixing_variance_tau2":1}`, "p_value", "undefined", "variance"},
		{"msprt_normal", `{"difference":9,"n_per_arm":1e8,"variance_a_plus_variance_b":1,"mixing_variance_tau2":1}`, "likelihood_ratio", "infinite: likelihood_ratio is +infinity", ""},
		{"srm_chi_square", `{"observed":[10,0],"weights":[1,0]}`, "p_value", "undefined", "two arms"},
		{"srm_chi_square", `{"observed":[],"weights":[]}`, "chi2", "undefined", "two arms"},
		{"srm_staged", `{"stages":[]}`, "combined_p_value", "undefined", "two arms"},
		{"sample_size_two_means", `{"cohens_d":0}`, "n1_noncentral_t", "infinite: n1_noncentral_t is +infinity", "0"},
		{"sample_size_two_means", `{"cohens_d":1,"alternative":"smaller"}`, "n1_noncentral_t", "infinite", "not tested"},
		{"sample_size_two_means", `{"cohens_d":1,"alpha":0.5,"power":0.4}`, "n1_normal_approximation", "undefined", "chance alone"},
		{"sample_size_two_proportions", `{"rate_a":0.5,"rate_b":0.5}`, "n_per_arm_pooled_formula", "infinite", "0"},
		{"sample_size_total_two_means", `{"absolute_mde":1,"variance":0}`, "n_total", "undefined", "variance is 0"},
		{"sample_size_total_two_proportions", `{"baseline_rate":0.9,"absolute_mde":0.2}`, "n_total", "undefined", "outside"},
		{"achieved_power_two_means", `{"cohens_d":1,"n_per_arm":1}`, "power_normal", "undefined", "two observations"},
		{"minimum_detectable_effect", `{"sd":1,"n_per_arm":0,"baseline_mean":1}`, "mde_absolute", "undefined", "no observations"},
		{"minimum_detectable_effect", `{"sd":1,"n_per_arm":10,"baseline_mean":0}`, "mde_relative", "undefined", "baseline"},
		{"non_inferiority_and_tost", `{"mean_a":1,"sd_a":0,"n_a":9,"mean_b":1,"sd_b":0,"n_b":9,"margin":1}`, "tost_p_value", "undefined", "0"},
		{"non_inferiority_and_tost", `{"mean_a":1,"sd_a":1,"n_a":1,"mean_b":1,"sd_b":1,"n_b":9,"margin":1}`, "tost_p_value", "undefined", "fewer than two"},
		{"best_arm_glr_stopping", `{"means":[1],"variances":[1],"counts":[5]}`, "stop", "undefined", "another"},
		{"best_arm_glr_stopping", `{"means":[1,2],"variances":[1,1],"counts":[5,0]}`, "min_glr", "undefined", "no observations"},
		{"best_arm_glr_stopping", `{"means":[1,2],"variances":[0,0],"counts":[5,5]}`, "min_glr", "infinite: min_glr is +infinity", ""},
		{"stratified_stage_estimate", `{"stages":[{"n_a":5,"successes_a":1,"n_b":0,"successes_b":0}]}`, "estimate_harmonic_weighted", "undefined", "both arms"},
		{"stratified_stage_estimate", `{"stages":[{"n_a":5,"successes_a":0,"n_b":5,"successes_b":0}]}`, "p_value_harmonic", "undefined", "variance"},
	} {
		got := ask(t, c.method, c.inputs)
		status, _ := got["status"].(string)
		reason, _ := got["reason"].(string)
		if value, there := got[c.null]; !there || value != nil || !strings.HasPrefix(status, c.status) || !strings.Contains(reason, c.reason) {
			t.Errorf("%s %s: %v", c.method, c.inputs, got)
		}
		if got["non_inferior"] == true || got["equivalent"] == true {
			t.Errorf("%s: nothing is known, and it says harmless: %v", c.method, got)
		}
	}
}

// What does not fit is an error with the field's name.
func TestWrongInputNamesTheField(t *testing.T) {
	for _, c := range []struct{ method, inputs, field, mend string }{
		{"srm_chi_square", `[1]`, "", "observed, weights"},
		{"srm_chi_square", `{"observed":[1,2]}`, "weights", "list of numbers"},
		{"srm_chi_square", `{"observed":[1,2],"weights":null}`, "weights", "list of numbers"},
		{"srm_chi_square", `{"observed":[1,null],"weights":[1,1]}`, "observed[1]", "number"},
		{"srm_chi_square", `{"observed":[1,1.5],"weights":[1,1]}`, "observed[1]", "whole"},
		{"srm_chi_square", `{"observed":[1,2,3],"weights":[1,1]}`, "weights", "each arm"},
		{"srm_chi_square", `{"observed":[1,2],"weights":[1,-1]}`, "weights[1]", "from 0"},
		{"srm_chi_square", `{"observed":[1,2],"weigths":[1,1]}`, "weigths", `"weights"`},
		{"srm_staged", `{"stages":[{"observed":[1,2],"weights":[1,1]},{"observed":[1],"weights":[1]}]}`, "stages[1].observed", ""},
		{"srm_staged", `{"stages":[{"observed":[1,2],"weight":[1,1]}]}`, "stages[0].weight", `"weights"`},
		{"srm_sequential_dirichlet", `{"rows":[[1,2],[3]],"probabilities":[1,1]}`, "rows[1]", "each arm"},
		{"event_split_sequential", `{"events_control_treatment":[[1,2]],"traffic_share_control_treatment":[[1,0]]}`, "traffic_share_control_treatment[0]", "above 0"},
		{"sequential_asymptotic_cs", `{"successes_a":3,"n_a":2,"successes_b":1,"n_b":2}`, "successes_a", "at most"},
		{"sequential_asymptotic_cs", `{"n_a":2,"n_b":2}`, "successes_a", "sum_a"},
		{"sequential_asymptotic_cs", `{"sum_a":10,"sum_squares_a":1,"n_a":2,"sum_b":10,"sum_squares_b":100,"n_b":2}`, "sum_squares_a", "check"},
		{"sequential_asymptotic_cs", `{"successes_a":1,"n_a":2,"successes_b":1,"n_b":2,"alpha":1}`, "alpha", "between 0 and 1"},
		{"sequential_asymptotic_cs", `{"successes_a":1,"n_a":2,"successes_b":1,"n_b":2,"difference_type":"relativ"}`, "difference_type", "relative"},
		{"normal_mixture_bound", `{"intrinsic_time_v":1,"v_opt":1e999}`, "v_opt", "number"},
		{"group_sequential_adjusted_alpha", `{"cumulative_n":[5,3],"max_expected_n":10}`, "cumulative_n", "rising"},
		{"multiple_testing_adjust", `{"p_values":[0.5,1.5]}`, "p_values[1]", "0 to 1"},
		{"non_inferiority_and_tost", `{"mean_a":1,"sd_a":1,"n_a":9,"mean_b":1,"sd_b":1,"n_b":9,"margin":-1}`, "margin", "above 0"},
		{"non_inferiority_and_tost", `{"mean_a":1,"sd_a":1,"n_a":9,"mean_b":1,"sd_b":1,"n_b":9,"margin":1,"higher_is_better":"yes"}`, "higher_is_better", "true or false"},
		{"stratified_stage_estimate", `{"kind":"mean","stages":[{"n_a":5,"n_b":5}]}`, "stages[0].mean_a", "sum_a"},
	} {
		m, _ := Find(c.method)
		answer, err := m.Run(json.RawMessage(c.inputs))
		var wrong *Error
		if !errors.As(err, &wrong) || wrong.Field != c.field || !strings.Contains(wrong.Mend, c.mend) {
			t.Errorf("%s %s: %s, %v", c.method, c.inputs, answer, err)
		}
	}
}

// Whatever numbers come, there is an answer in JSON or an error that names a field, and
// neither a panic nor a NaN.
func TestNothingBreaksTheMethods(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	odd := []string{"0", "-1", "1", "2", "0.5", "1e-300", "1e300", "-1e300", "100000000", "1e16", "null", `"x"`, "true", "[]", "[0]", "[0,0]", "[1,1]", "[5,5,5]", "[[]]", "[[1,2]]", "[[0,0],[0,0]]", "{}", "[{}]",
		"[1e300,-1e300]", "[1,2,3,4,1000000000]"}
	for _, m := range Methods() {
		var example map[string]json.RawMessage
		if err := json.Unmarshal(m.Example().Inputs, &example); err != nil || len(m.Example().Inputs) > 1000 {
			continue
		}
		for range 60 {
			inputs := map[string]json.RawMessage{}
			for name, value := range example {
				if inputs[name] = value; r.IntN(3) == 0 {
					inputs[name] = json.RawMessage(odd[r.IntN(len(odd))])
				}
			}
			text, _ := json.Marshal(inputs)
			answer, err := m.Run(text)
			var wrong *Error
			if err != nil && !errors.As(err, &wrong) || err == nil && !json.Valid(answer) {
				t.Errorf("%s %s: %s, %v", m.Name, text, answer, err)
			}
		}
	}
}

// Sums of squares lose nothing to an offset, as long as they come with all their digits.
func TestSumsKeepTheirDigits(t *testing.T) {
	got := ask(t, "sequential_asymptotic_cs", `{"sum_a":3000000006,"sum_squares_a":3000000012000000014,"n_a":3,"sum_b":3000000009,"sum_squares_b":3000000018000000029,"n_b":3}`)
	// 1e9 + {1,2,3} and 1e9 + {2,3,4}: a difference of 1, variances of 1.
	if se := got["standard_error"].(float64); math.Abs(se-math.Sqrt(2.0/3)) > 1e-15 || got["estimate"] != 1.0 {
		t.Errorf("%v", got)
	}
}

// Tails go on where a probability ends.
func TestTailsDoNotVanish(t *testing.T) {
	got := ask(t, "srm_chi_square", `{"observed":[100000000,90000000],"weights":[1,1]}`)
	if log := got["log10_p_value"].(float64); log > -100000 || got["p_value"] != 0.0 || got["srm_at_0_001"] != true {
		t.Errorf("%v", got)
	}
	got = ask(t, "normal_expected_loss", `{"mu":20,"sigma":1}`)
	if loss := got["risk_treatment"].(float64); math.Abs(loss/1.370e-90-1) > 1e-3 { // φ(20)/20² (1 - 3/20² + …)
		t.Errorf("%v", got)
	}
	got = ask(t, "beta_binomial_probability_b_better", `{"successes_a":50000000,"n_a":100000000,"successes_b":50100000,"n_b":100000000}`)
	if miss := 1 - got["probability_b_better"].(float64); miss > 1e-15 {
		t.Errorf("%v", got)
	}
	if loss := got["expected_loss_choosing_b"].(float64); !(loss > 0 && loss < 1e-40) {
		t.Errorf("%v", got)
	}
}

func TestBatchGoesOnAfterABadLine(t *testing.T) {
	var out bytes.Buffer
	wrong, err := Batch(strings.NewReader("{\"method\":\"nothing\"}\n\n[]\n{\"method\":\"multiple_testing_adjust\",\"inputs\":{\"p_values\":[]}}"), &out)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if err != nil || wrong != 2 || len(lines) != 3 || !strings.Contains(lines[0], `"line":1`) || !strings.Contains(lines[1], `"line":3`) || lines[2] != `{"holm":[],"benjamini_hochberg":[],"bonferroni":[]}` {
		t.Errorf("%d, %v: %s", wrong, err, out.String())
	}
}
