package analysis

import (
	"fmt"
	"math"
	"strings"

	"github.com/weirhq/weir/internal/metric"
)

// Gap is an effect as the rule of decision sees it: turned so that above zero is
// better whatever the metric's direction, in the terms of the amount it is held
// against.
type Gap struct {
	Metric    metric.Metric
	Estimate  float64
	Low, High float64 // of the interval; infinite where there is no bound
	P         float64 // two-sided, adjusted where several are tested
	Absolute  bool    // in the metric's unit; else relative to the baseline
	Undefined string  // why there is no estimate; "" when there is one
}

// name is what people call a metric in a sentence.
func name(m metric.Metric) string { return shortName(m.Name) }

func shortName(name string) string {
	if strings.HasPrefix(name, "cost_") {
		return "cost"
	}
	return name
}

// said gives the words for better and worse that fit the metric.
func said(m metric.Metric) (better, worse string) {
	switch {
	case m.Direction != metric.Down:
	case m.Unit == "dollars":
		return "cheaper", "dearer"
	case m.Unit == "seconds":
		return "faster", "slower"
	}
	return "better", "worse"
}

// by tells the estimate: "better by 2 %".
func (g Gap) by() string {
	better, worse := said(g.Metric)
	switch {
	case g.Undefined != "":
		return "undefined (" + g.Undefined + ")"
	case g.Estimate > 0:
		return better + " by " + g.amount(g.Estimate)
	case g.Estimate < 0:
		return worse + " by " + g.amount(g.Estimate)
	}
	return "no different"
}

// sized tells the estimate so that it is plain of which metric it is.
func (g Gap) sized() string {
	if _, worse := said(g.Metric); worse == "worse" {
		return name(g.Metric) + " " + g.by()
	}
	return g.by()
}

// within tells the interval: "2 % to 8 % better", "3 % worse to 8 % better".
func (g Gap) within() string {
	better, worse := said(g.Metric)
	side := func(v float64) string {
		switch {
		case math.IsInf(v, 0) || math.IsNaN(v):
			return "no bound"
		case v < 0:
			return g.amount(v) + " " + worse
		case v == 0:
			return "0"
		}
		return g.amount(v) + " " + better
	}
	switch {
	case g.Low > 0 && !math.IsInf(g.High, 0):
		return g.amount(g.Low) + " to " + g.amount(g.High) + " " + better
	case g.High < 0 && !math.IsInf(g.Low, 0):
		return g.amount(g.High) + " to " + g.amount(g.Low) + " " + worse
	}
	if math.IsInf(g.Low, 0) && math.IsInf(g.High, 0) {
		return "anything"
	}
	return side(g.Low) + " to " + side(g.High)
}

// amount writes the size of v, without its sign.
func (g Gap) amount(v float64) string {
	if g.Absolute {
		return inUnit(math.Abs(v), g.Metric.Unit, true)
	}
	return percent(math.Abs(v))
}

// String writes an amount as definitions do: "5 %", "3 pp".
func (a Amount) text(unit string) string {
	if a.Absolute {
		return inUnit(a.Value, unit, true)
	}
	return percent(a.Value)
}

// percent writes a share: .0727 is "7.27 %".
func percent(v float64) string { return digits(100*v) + " %" }

// short writes a value where its unit was just told: words of a unit are left out.
func short(v float64, unit string, difference bool) string {
	return inUnit(v, withoutWords(unit), difference)
}

// withoutWords leaves a unit only where it is a sign.
func withoutWords(unit string) string {
	switch unit {
	case "share", "seconds", "dollars":
		return unit
	}
	return ""
}

// inUnit writes a value of a metric; a difference of shares is in points.
func inUnit(v float64, unit string, difference bool) string {
	switch unit {
	case "share":
		if difference {
			return digits(100*v) + " pp"
		}
		return percent(v)
	case "seconds":
		return digits(v) + " s"
	case "dollars":
		if v < 0 {
			return "-$" + digits(-v)
		}
		return "$" + digits(v)
	case "":
		return digits(v)
	}
	return digits(v) + " " + unit
}

// digits writes three significant digits, and all of a whole number below a million.
func digits(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "–"
	case a >= 1e6 || a > 0 && a < 1e-5:
		return fmt.Sprintf("%.3g", v)
	case a >= 100:
		return thousands(int64(math.Round(v)))
	}
	s := fmt.Sprintf("%.*f", max(0, 2-int(math.Floor(math.Log10(math.Max(math.Abs(v), 1e-9))))), v)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		return "0"
	}
	return s
}

// thousands writes a whole number with commas.
func thousands(n int64) string {
	if n < 0 {
		return "-" + thousands(-n)
	}
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// probability writes a p-value; log10 is its decimal logarithm where it is too
// small to be a float64.
func probability(p, log10 float64) string {
	switch {
	case math.IsNaN(p):
		return "–"
	case p >= 0.0001:
		return trimZeros(fmt.Sprintf("%.2g", p))
	case p > 0:
		log10 = math.Log10(p)
	case !(log10 < -300) || math.IsInf(log10, 0):
		return "< 1e-300"
	}
	whole := math.Floor(log10)
	return strings.Replace(fmt.Sprintf("%.1fe%.0f", math.Pow(10, log10-whole), whole), ".0e", "e", 1)
}

// pIs writes "p = 0.02", or "p < 1e-300" where nothing smaller is known.
func pIs(p, log10 float64) string {
	s := probability(p, log10)
	if strings.HasPrefix(s, "<") {
		return "p " + s
	}
	return "p = " + s
}

func trimZeros(s string) string {
	if strings.Contains(s, ".") && !strings.Contains(s, "e") {
		return strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// list writes "a, b and c".
func list(words []string) string {
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
}
