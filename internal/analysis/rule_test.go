package analysis

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/metric"
)

// The rule is a text that a person can read and argue with; the code follows it.
func TestRuleAsWritten(t *testing.T) {
	rows := readRule(t, "testdata/rule.txt")
	if len(rows) < 30 {
		t.Fatalf("%d rows: the rule has more cases than that", len(rows))
	}
	seen := map[Verdict]bool{}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			got := Decide(r.evidence)
			want := Outcome{Verdict: r.verdict, Variant: r.variant, Sentence: r.sentence, Change: r.change}
			if got != want {
				t.Errorf("line %d\n got %s %s\n     %s\n     %s\nwant %s %s\n     %s\n     %s", r.line,
					got.Verdict, got.Variant, got.Sentence, got.Change, want.Verdict, want.Variant, want.Sentence, want.Change)
			}
		})
		seen[r.verdict] = true
	}
	for _, v := range []Verdict{NotYet, Deploy, Keep, NoDifference, RollBack, Inconclusive, Invalid, Describes} {
		if !seen[v] {
			t.Errorf("no row ends in %s", v)
		}
	}
}

// The floor holds whatever the effect: no row of evidence below it deploys.
func TestNeverDeploysBelowTheFloor(t *testing.T) {
	for _, units := range []int64{0, 1, 500, 999} {
		for _, days := range []float64{0, 6.99, 7, 40} {
			e := Evidence{Metric: "m", SRM: 1, Response: 1, Alpha: 0.05, Confidence: 0.95, Mode: Better,
				Clock:      Clock{Units: units, MinUnits: 1000, Need: 1000, Days: days, MinDays: 7, MaxDays: 35, Look: 1, Looks: 1},
				Candidates: []Candidate{{Name: "b", Primary: Gap{Estimate: 0.5, Low: 0.4, High: 0.6, P: 1e-30}}}}
			if got := Decide(e); got.Verdict == Deploy {
				t.Errorf("%d units, %v days: deploy", units, days)
			}
		}
	}
}

type ruleRow struct {
	name, sentence, change, variant string
	line                            int
	verdict                         Verdict
	evidence                        Evidence
}

func readRule(t *testing.T, file string) (rows []ruleRow) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in, line, told := bufio.NewScanner(f), 0, 0
	for in.Scan() {
		line++
		text := strings.TrimSpace(in.Text())
		key, rest, _ := strings.Cut(text, " ")
		rest = strings.TrimSpace(rest)
		switch {
		case text == "" || strings.HasPrefix(text, "#"):
		case key == "==":
			rows = append(rows, ruleRow{name: rest, line: line, evidence: usual()})
			told = 0
		case key == "->":
			r := &rows[len(rows)-1]
			verdict, variant, _ := strings.Cut(rest, " ")
			r.verdict, r.variant, told = Verdict(verdict), variant, 1
		case told == 1:
			rows[len(rows)-1].sentence, told = text, 2
		case told == 2:
			rows[len(rows)-1].change, told = text, 3
		case told == 0:
			if err := setEvidence(&rows[len(rows)-1].evidence, key, rest); err != nil {
				t.Fatalf("%s:%d: %v", file, line, err)
			}
		default:
			t.Fatalf("%s:%d: after the sentence and what would change it comes the next row", file, line)
		}
	}
	return rows
}

// usual is what a row does not say: a week and 1,200 units with nothing wrong.
func usual() Evidence {
	return Evidence{Metric: "task_success", SRM: 1, Response: 1, Alpha: 0.05, Confidence: 0.95, Mode: Better,
		Clock: Clock{Units: 1200, MinUnits: 1000, Need: 1000, Days: 7, MinDays: 7, MaxDays: 35, Look: 1, Looks: 1, PerDay: 1200.0 / 7}}
}

func setEvidence(e *Evidence, key, rest string) error {
	words := strings.Fields(rest)
	var last *Candidate
	if n := len(e.Candidates); n > 0 {
		last = &e.Candidates[n-1]
	}
	var err error
	c := &e.Clock
	switch key {
	case "metric":
		e.Metric = rest
	case "no_primary":
		e.Metric = ""
	case "aa":
		e.AA = true
	case "decided":
		e.Decided = &Decided{Time: time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC), Verdict: Verdict(words[0]), Variant: words[1], Why: strings.Join(words[2:], " ")}
	case "units": // have/floor, planned N, rate
		_, err = fmt.Sscanf(words[0], "%d/%d", &c.Units, &c.MinUnits)
		c.Need = c.MinUnits
		if len(words) > 2 {
			_, err = fmt.Sscan(words[2], &c.Need)
		}
		c.PerDay = float64(c.Units) / c.Days
	case "rate":
		_, err = fmt.Sscan(rest, &c.PerDay)
	case "days":
		_, err = fmt.Sscanf(rest, "%f/%d", &c.Days, &c.MinDays)
		c.PerDay = float64(c.Units) / c.Days
	case "max_days":
		_, err = fmt.Sscan(rest, &c.MaxDays)
	case "missing":
		c.Missing = words
	case "waits":
		c.Waits = []string{rest}
	case "look":
		_, err = fmt.Sscanf(rest, "%d of %d at %f", &c.Look, &c.Looks, &e.Alpha)
	case "srm":
		e.SRM, err = strconv.ParseFloat(rest, 64)
	case "response":
		e.Response, err = strconv.ParseFloat(rest, 64)
	case "lowered":
		p := Plan{MinUnits: c.MinUnits, MinDays: c.MinDays, Weekdays: !strings.Contains(rest, "weekdays")}
		e.Lowered = p.lowered()
	case "minimum":
		e.Minimum, err = parseAmount(rest)
	case "no_worse":
		e.Mode = NoWorse
		e.Margin, err = parseAmount(rest)
	case "variant": // NAME EST LOW..HIGH P
		cand := Candidate{Name: words[0]}
		cand.Primary, err = parseGap(metric.Metric{Name: e.Metric, Direction: metric.Up, Unit: "share"}, words[1:])
		e.Candidates = append(e.Candidates, cand)
	case "undefined":
		last.Primary.Undefined = rest
	case "gain":
		var g Gap
		g, err = parseGap(ruleMetric(words[0]), words[1:])
		last.Gain = &g
	case "prove": // METRIC EST LOW..HIGH margin M
		var p Proof
		p.Gap, err = parseGap(ruleMetric(words[0]), words[1:3])
		p.Margin, _ = parseAmount(words[4])
		if len(words) > 5 {
			v, _ := strconv.ParseFloat(words[6], 64)
			p.Limit, p.Past = &v, true
		}
		last.Proofs = append(last.Proofs, p)
	case "harm":
		h := Harm{Metric: words[0], Action: words[1], Why: strings.Join(words[2:], " ")}
		if size, why, ok := strings.Cut(h.Why, " | "); ok {
			h.Size, h.Why = size, why
		}
		last.Harms = append(last.Harms, h)
	default:
		return fmt.Errorf("no such evidence: %q", key)
	}
	return err
}

func ruleMetric(name string) metric.Metric {
	m := metric.Metric{Name: name, Direction: metric.Down, Unit: "share"}
	switch {
	case strings.HasPrefix(name, "cost"):
		m.Unit = "dollars"
	case strings.HasPrefix(name, "latency"):
		m.Unit = "seconds"
	}
	return m
}

func parseGap(m metric.Metric, words []string) (Gap, error) {
	g := Gap{Metric: m, Low: math.Inf(-1), High: math.Inf(1), P: 1}
	for i, w := range words {
		low, high, isRange := strings.Cut(w, "..")
		switch {
		case isRange:
			for _, end := range []struct {
				to   *float64
				text string
			}{{&g.Low, low}, {&g.High, high}} {
				if end.text == "" {
					continue
				}
				a, err := parseAmount(end.text)
				if err != nil {
					return g, err
				}
				*end.to = a.Value
			}
		case strings.HasPrefix(w, "p="):
			g.P, _ = strconv.ParseFloat(w[2:], 64)
		case i == 0:
			a, err := parseAmount(w)
			if err != nil {
				return g, err
			}
			g.Estimate, g.Absolute = a.Value, a.Absolute
		}
	}
	return g, nil
}

func parseAmount(s string) (a Amount, err error) {
	number, ok := strings.CutSuffix(s, "pp")
	a.Absolute = ok
	a.Value, err = strconv.ParseFloat(strings.TrimSuffix(number, "%"), 64)
	a.Value = math.Round(a.Value*1e9) / 1e11
	return a, err
}
