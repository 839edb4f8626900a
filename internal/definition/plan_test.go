package definition

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/metric"
)

// compared is base with an experiment; what is added stands in it.
func compared(lines string) string {
	s := base + "experiments:\n  e:\n    route: support\n    variants: {m: {weight: 50, baseline: true}, n: {weight: 50, model: n}}\n"
	for line := range strings.Lines(lines) {
		s += "    " + line
	}
	return s
}

// What is left out of a plan has the defaults of the decision clock.
func TestPlanDefaults(t *testing.T) {
	p := good(t, compared("primary: latency\n")).Plans[0]
	if p.Primary.Metric.Name != "latency" || p.Primary.Mode != analysis.Better || p.Alpha != 0.05 || p.Power != 0.8 || p.MinUnits != 1000 || p.MinDays != 7 ||
		!p.Weekdays || p.Looks != 1 || p.MaxDays != 35 || p.Harm != 0.01 || p.UnitKind != "user" || p.Enrolled != 1 {
		t.Errorf("%+v", p)
	}
	if len(p.Variants) != 2 || !p.Variants[0].Baseline || p.Variants[0].Name != "m" || p.Variants[1].Weight != 0.5 {
		t.Errorf("variants %+v", p.Variants)
	}
	var names []string
	for _, b := range p.Bounds {
		names = append(names, b.Metric.Name)
		if want := (analysis.Amount{Value: 0.02, Absolute: true}); b.Margin != want || b.Prove || b.Action != "rollback" {
			t.Errorf("%+v", b)
		}
	}
	if got := strings.Join(names, " "); got != "error_rate cancel_rate fallback_rate" {
		t.Errorf("bounds %s", got)
	}
}

// A canary's groups are of one size, and only they take part.
func TestPlanOfACanary(t *testing.T) {
	p := good(t, base+"experiments: {e: {route: support, candidate: n, share: 5%, primary: error_rate}}\n").Plans[0]
	if p.Enrolled != 0.1 || p.Variants[0].Weight != 0.5 || p.Variants[1].Name != "candidate" {
		t.Errorf("%+v", p)
	}
}

func TestPlanAsWritten(t *testing.T) {
	p := good(t, compared(`primary: {metric: task_success, kind: rate, mode: no_worse, margin: 3pp, gain: cost_per_request}
bounds:
  - {metric: error_rate, max: 5%}
  - {metric: ttft_slow_share, slower_than: 2s, margin: 1pp, prove: true, action: pause}
  - cost_per_request
metrics: [output_tokens, {metric: relevance, source: "judge:strict", direction: up}]
decision: {min_units: 200, min_days: 3, max_days: 10, alpha: 1%, power: 90%, looks: 2, planned_units: 5000}
segments: [country]
`)).Plans[0]
	g := p.Primary
	if g.Metric.Measure != metric.ScoreMeasure("task_success", "feedback") || g.Metric.Kind != metric.Rate || g.Mode != analysis.NoWorse ||
		g.Margin != (analysis.Amount{Value: 0.03, Absolute: true}) || g.Gain == nil || g.Gain.Name != "cost_per_request" {
		t.Errorf("goal %+v", g)
	}
	if b := p.Bounds[0]; b.Max == nil || *b.Max != 0.05 {
		t.Errorf("%+v", b)
	}
	if b := p.Bounds[1]; !b.Prove || b.Action != "pause" || b.Metric.Measure != "ttft_slow_2s" || b.Margin != (analysis.Amount{Value: 0.01, Absolute: true}) {
		t.Errorf("%+v", b)
	}
	if b := p.Bounds[2]; b.Margin != (analysis.Amount{Value: 0.05}) {
		t.Errorf("%+v", b)
	}
	if len(p.Metrics) != 2 || p.Metrics[1].Measure != metric.ScoreMeasure("relevance", "judge:strict") {
		t.Errorf("metrics %+v", p.Metrics)
	}
	if p.Weekdays || p.MinUnits != 200 || p.Units != 5000 || p.Looks != 2 || p.Alpha != 0.01 || p.Power != 0.9 || p.MaxDays != 10 {
		t.Errorf("%+v", p)
	}
}

// The goal has a hash of its own: weights and further metrics may change while an
// experiment runs, what is to be proven may not.
func TestHashOfTheGoal(t *testing.T) {
	one := good(t, compared("primary: latency\n")).Plans[0].Hash
	for lines, same := range map[string]bool{
		"primary: latency\nmetrics: [ttft]\n":           true,
		"primary: {metric: latency, minimum: 5%}\n":     false,
		"primary: ttft\n":                               false,
		"primary: latency\ndecision: {min_units: 20}\n": false,
		"primary: latency\nbounds: [error_rate]\n":      false,
	} {
		if got := good(t, compared(lines)).Plans[0].Hash == one; got != same {
			t.Errorf("%q: same %t, want %t", lines, got, same)
		}
	}
}

func TestAmountIsWrittenAsItIsRead(t *testing.T) {
	for _, text := range []string{"7%", "3pp", "0.5%", "12.5pp"} {
		var a Amount
		if err := a.parse(text, 0); err != nil {
			t.Fatal(err)
		}
		b, _ := json.Marshal(a)
		if string(b) != `"`+text+`"` {
			t.Errorf("%s is written %s", text, b)
		}
	}
}

// Who says that variants answer alike is not told so.
func TestAnAATestIsNoDoubt(t *testing.T) {
	text := "models: {m: {vendor: simulated}}\nroutes: {r: {baseline: m}}\nexperiments: {e: {route: r, primary: latency, %svariants: {a: {weight: 50, baseline: true}, b: {weight: 50, model: m}}}}\n"
	for aa, doubts := range map[string]bool{"": true, "aa: true, ": false} {
		_, problems := problemsOf(t, fmt.Sprintf(text, aa))
		if said := fmt.Sprint(problems); strings.Contains(said, "answers just as the baseline does") != doubts {
			t.Errorf("%q gives %s", aa, said)
		}
	}
}

func TestPlanMistakes(t *testing.T) {
	for lines, want := range map[string]string{
		"primary: latncy\n":                                                   `unknown metric "latncy"; did you mean latency?`,
		"primary: {metric: ttft_slow_share}\n":                                "ttft_slow_share has no slower_than, the time from which on a request is slow; add slower_than: 2s",
		"primary: {metric: latency, slower_than: 2s}\n":                       "latency has no such line",
		"primary: {metric: price_slow_share, slower_than: 2s}\n":              "there is no price_slow_share",
		"primary: output_tokens\n":                                            "neither way is better for output_tokens, so it decides nothing",
		"primary: {metric: latency, direction: up}\n":                         "latency is one of Weir's metrics, which are what they are",
		"primary: {metric: latency, margin: 5%}\n":                            "margin and gain belong to mode no_worse",
		"primary: {metric: latency, mode: no_worse, minimum: 5%}\n":           "belongs to mode better",
		"primary: {metric: latency, mode: no_worse, margin: 0%}\n":            "write a margin above zero",
		"primary: {metric: latency, minimum: 5 %}\n":                          `"5 %" is no difference; write 5% for relative`,
		"primary: {metric: latency, minimum: -1}\n":                           "-1 is out of range",
		"bounds: [error_rate]\n":                                              "bounds belong to an experiment that is decided; add primary",
		"primary: latency\ndecision: {looks: 3}\n":                            "3 is out of range; write a number from 1 to 2",
		"primary: latency\ndecision: {alpha: 50%}\n":                          "write 5%, at most 20%",
		"primary: latency\ndecision: {max_days: 3}\n":                         "3 is out of range; write a number from 7 to 3660",
		"primary: latency\nsegments: [a, b, c, d, e, f]\n":                    "6 segments are too many",
		"primary: latency\naa: true\n":                                        "n answers otherwise than m: this is no A/A test",
		"primary: Task Success\n":                                             `"Task Success" is no name of an outcome`,
		"primary: latency\nbounds: [{metric: error_rate, action: explode}]\n": "explode",
	} {
		_, problems := problemsOf(t, compared(lines))
		if !problems.Failed() || !strings.Contains(problems.Err().Error(), want) {
			t.Errorf("%q gives\n%v\nwant %s", lines, problems, want)
		}
	}
}
