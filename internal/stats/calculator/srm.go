package calculator

import (
	"fmt"

	"github.com/weirhq/weir/internal/stats"
)

var srmMethods = []Method{
	{
		Name:    "srm_chi_square",
		Summary: "sample ratio mismatch: χ²=Σ(observed-expected)²/expected against weights, which need not come to 1; arms of weight 0 are left out. An alarm at p < 0.001",
		Source:  "Pearson; Fabijan et al., KDD 2019",
		Inputs:  []string{"observed", "weights"},
		Outputs: []string{"chi2", "df", "log10_p_value", "p_value", "smallest_expected", "srm_at_0_001", "srm_at_0_01"},
		run:     srm,
	},
	{
		Name:    "srm_staged",
		Summary: "sample ratio mismatch of a ramp: each stage against its own weights, χ² and degrees of freedom added. naive_p_value_totals_vs_final_weights is the wrong answer, shown as a warning",
		Source:  "a sum of independent χ² is χ²",
		Inputs:  []string{"stages"},
		Outputs: []string{"combined_chi2", "combined_df", "combined_p_value", "naive_p_value_totals_vs_final_weights", "per_stage_p", "srm_at_0_001"},
		run:     srmStaged,
	},
	{
		Name:    "srm_sequential_dirichlet",
		Summary: "sample ratio mismatch that may be looked at after every row: Bayes factor of shares from Dirichlet(p·concentration) over the shares p themselves; running p is the least 1/BF so far",
		Source:  "Lindon and Malek, NeurIPS 2022 (arXiv 2011.03567)",
		Inputs:  []string{"dirichlet_concentration", "probabilities", "rows"},
		Outputs: []string{"final_p_value", "log_bayes_factor", "running_p_values"},
		run:     srmSequential,
	},
	{
		Name: "event_split_sequential",
		Summary: "given that an event happened it is the treatment's with a probability that is its share w of the traffic: BF=B(wc+t,(1-w)c+k)/(B(wc,(1-w)c)·Πw_i^t_i(1-w_i)^k_i), with the first period's share as the prior mean and each period's own in the likelihood; " +
			"running p is the least 1/BF so far, harm_p_value that of the looks at which the treatment had more than its share. Count units with a first event where events come in bursts",
		Source:  "Lindon and Malek, NeurIPS 2022 (arXiv 2011.03567)",
		Inputs:  []string{"concentration", "events_control_treatment", "traffic_share_control_treatment"},
		Outputs: []string{"final_p_value", "harm_p_value", "log_bayes_factor", "running_p_values"},
		run:     eventSplit,
	},
}

const noCounts = "a test needs two arms with a weight above 0, and a count"

func srm(in *input) answer {
	observed, weights := in.counts("observed"), in.weights("weights")
	in.alike("weights", len(weights), "observed", len(observed))
	r := stats.SRM(observed, weights)
	return answer{{"chi2", r.Chi2}, {"df", r.DF}, {"p_value", r.P}, {"log10_p_value", r.Log10P}, {"smallest_expected", r.Least},
		{"srm_at_0_001", r.P < 0.001}, {"srm_at_0_01", r.P < 0.01}, because(noCounts)}
}

// alike refuses two lists of different length.
func (in *input) alike(name string, n int, other string, m int) {
	if n != m {
		in.wrong(name, fmt.Sprintf("it has %d entries, %s has %d", n, other, m), "give one for each arm")
	}
}

func srmStaged(in *input) answer {
	var stages []stats.Stage
	for _, s := range in.objects("stages", "observed", "weights") {
		one := stats.Stage{Observed: s.counts("observed"), Weights: s.weights("weights")}
		s.alike("weights", len(one.Weights), "observed", len(one.Observed))
		if len(stages) > 0 {
			s.alike("observed", len(one.Observed), "the first stage", len(stages[0].Observed))
		}
		stages = append(stages, one)
	}
	r := stats.SRMStaged(stages)
	each := make([]float64, len(r.Stages))
	for i, s := range r.Stages {
		each[i] = s.P
	}
	return answer{{"per_stage_p", each}, {"combined_chi2", r.Combined.Chi2}, {"combined_df", r.Combined.DF}, {"combined_p_value", r.Combined.P},
		{"srm_at_0_001", r.Combined.Mismatch()}, {"naive_p_value_totals_vs_final_weights", r.Naive.P}, because("of a stage, or of all: " + noCounts)}
}

func srmSequential(in *input) answer {
	shares, rows := in.weights("probabilities"), in.lists("rows")
	concentration := 10000.0
	if in.has("dirichlet_concentration") {
		concentration = in.positive("dirichlet_concentration")
	}
	running := make([]float64, 0, len(rows))
	if !some(shares) {
		in.wrong("probabilities", "none is above 0", "give the share of each arm")
	}
	test := stats.NewSRMSequential(shares, concentration)
	for i, row := range rows {
		name := fmt.Sprintf("rows[%d]", i)
		in.alike(name, len(row), "probabilities", len(shares))
		counts := in.wholes(name, row)
		test.Add(counts)
		running = append(running, test.P())
	}
	return answer{{"running_p_values", running}, {"final_p_value", test.P()}, {"log_bayes_factor", test.LogBayesFactor()}}
}

func some(list []float64) bool {
	for _, x := range list {
		if x > 0 {
			return true
		}
	}
	return false
}

func eventSplit(in *input) answer {
	events, shares := in.lists("events_control_treatment"), in.lists("traffic_share_control_treatment")
	concentration := 20.0
	if in.has("concentration") {
		concentration = in.positive("concentration")
	}
	if len(shares) != len(events) {
		in.wrong("traffic_share_control_treatment", fmt.Sprintf("it has %d periods, events_control_treatment has %d", len(shares), len(events)), "give the shares of each period")
	}
	var test *stats.EventSplit
	running := make([]float64, 0, len(events))
	for i := range events {
		counts, share := in.period(i, events[i], shares[i])
		if test == nil {
			test = stats.NewEventSplit(share, concentration)
		}
		test.Add(counts[0], counts[1], share)
		running = append(running, test.P())
	}
	if test == nil {
		test = stats.NewEventSplit(0.5, concentration)
	}
	return answer{{"running_p_values", running}, {"final_p_value", test.P()}, {"log_bayes_factor", test.LogBayesFactor()}, {"harm_p_value", test.HarmP()}}
}

// period checks one period: its counts, and the treatment's share of the traffic.
func (in *input) period(i int, events, shares []float64) (counts []int64, share float64) {
	name := fmt.Sprintf("events_control_treatment[%d]", i)
	counts = in.wholes(name, events)
	if len(counts) != 2 {
		in.wrong(name, fmt.Sprintf("it has %d entries", len(counts)), "give [control, treatment]")
	}
	name = fmt.Sprintf("traffic_share_control_treatment[%d]", i)
	if len(shares) != 2 {
		in.wrong(name, fmt.Sprintf("it has %d entries", len(shares)), "give [control, treatment]")
	}
	if !(shares[0] > 0 && shares[1] > 0) {
		in.wrong(name, fmt.Sprintf("%v does not fit", shares), "both arms had traffic: give shares above 0")
	}
	return counts, shares[1] / (shares[0] + shares[1])
}
