package analysis

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// textWidth is the widest line of the text form: what a terminal has.
const textWidth = 80

// WriteText writes the report for a terminal: 80 columns, no colour.
func WriteText(w io.Writer, r Report) error {
	t := &text{}
	t.head(r)
	t.takesPart(r)
	t.health(r)
	for _, m := range r.Metrics {
		t.metric(m)
	}
	t.bounds(r)
	t.days(r)
	t.segments(r)
	t.warnings(r)
	t.section("How it was computed")
	for _, m := range r.Methods {
		t.wrap("  ", "  ", m)
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

type text struct{ b strings.Builder }

func (t *text) head(r Report) {
	t.wrap("", "  ", fmt.Sprintf("Experiment %s, %s", orNone(r.Experiment), r.where()))
	t.wrap("", "  ", r.period())
	if r.Simulated {
		t.wrap("", "", "SIMULATED answers are among them.")
	}
	t.line("")
	t.wrap("", "", r.Title())
	t.wrap("  ", "  ", r.Sentence)
	t.wrap("  What would change it: ", "  ", r.Change)
	if r.Ask != "" {
		t.wrap("  Asked for: ", "  ", r.Ask)
	}
}

func (t *text) takesPart(r Report) {
	t.section("Who takes part")
	t.row("variant", "units", "requests", "share", "planned", "answers")
	for _, e := range r.Enrolment {
		name := e.Variant
		switch {
		case e.Stopped:
			name += " (stopped)"
		case e.Baseline:
			name += " (baseline)"
		}
		share := "–"
		if e.Share.OK() {
			share = percent(float64(e.Share))
		}
		t.row(name, thousands(e.Units), thousands(e.Requests), share, percent(e.Expected), e.Answers)
	}
}

func (t *text) row(variant, units, requests, share, planned, answers string) {
	t.line(fmt.Sprintf("  %s %10s %10s %8s %8s  %s", cell(variant, 20), units, requests, share, planned, cell(answers, 16)))
}

func (t *text) health(r Report) {
	t.section("Is the comparison sound?")
	for _, c := range r.Health {
		state := "  ok      "
		if !c.OK {
			state = "  DOUBT   "
		}
		t.wrap(state, "          ", c.Said)
	}
	if len(r.Health) == 0 {
		t.line("  nothing to check")
	}
}

func (t *text) metric(m Reading) {
	if m.Role == RolePrimary {
		t.section("Metrics")
	} else {
		t.line("")
	}
	t.wrap("  ", "    ", fmt.Sprintf("%s (%s, %s)", m.Metric.Name, m.Role, wanted(m.Metric)))
	for _, e := range m.Variants {
		value, interval := estimateText(m.Metric, e)
		t.line(fmt.Sprintf("    %s %12s  %-25s %9s units", cell(e.Variant, 18), value, interval, thousands(e.Units)))
	}
	for _, c := range m.Comparisons {
		value, interval := effectText(m.Metric, c)
		t.line(fmt.Sprintf("    %s %12s  %-25s %s %s", cell(c.Variant+" - baseline", 18), value, interval, mark(c.Says), c.Says))
		line := pSaid(c)
		if c.AdjustedBy != "" {
			line += ", adjusted by " + c.AdjustedBy
		}
		t.line(fmt.Sprintf("    %31s  %s", "", line))
		if c.MDE.OK() {
			t.line(fmt.Sprintf("    %31s  detectable: %s", "", mdeText(m.Metric, c)))
		}
	}
}

func (t *text) bounds(r Report) {
	if len(r.Bounds) == 0 {
		return
	}
	t.section("Bounds")
	for _, b := range r.Bounds {
		t.wrap("  ", "    ", fmt.Sprintf("%s of %s: %s (%s)", b.Bound.Metric.Name, b.Variant, b.Said, words(Verdict(b.State))))
	}
}

func (t *text) days(r Report) {
	variants, lines := r.daysOf()
	if lines == nil {
		return
	}
	t.section("By day: " + r.Metrics[0].Metric.Name + " (a day decides nothing)")
	row := func(day string, cells []string) {
		line := "  " + cell(day, 12)
		for _, c := range cells {
			line += cell(c, 21) + " "
		}
		t.line(line)
	}
	row("", variants)
	for _, l := range lines {
		row(l.Day, l.Cells)
	}
}

func (t *text) segments(r Report) {
	if len(r.Segments) == 0 {
		return
	}
	t.section("Segments (exploratory: among many some differ by chance)")
	for _, s := range r.Segments {
		for _, c := range s.Comparisons {
			value, interval := effectText(r.Metrics[0].Metric, c)
			t.wrap("  ", "    ", fmt.Sprintf("%s %s, %s: %s %s, adjusted %s, %s", s.Name, s.Value, c.Variant, value, interval, pText(c), c.Says))
		}
	}
}

func (t *text) warnings(r Report) {
	if len(r.Warnings) == 0 {
		return
	}
	t.section("Doubts")
	for _, w := range r.Warnings {
		t.wrap("  - ", "    ", w.Text)
	}
}

func (t *text) section(name string) {
	t.line("")
	t.line(name)
}

func (t *text) line(s string) {
	t.b.WriteString(strings.TrimRight(clip(plain(s), textWidth), " "))
	t.b.WriteByte('\n')
}

// wrap writes words into lines; a word that is wider than a line is broken.
func (t *text) wrap(first, next, s string) {
	line, empty := first, true
	for _, word := range strings.Fields(plain(s)) {
		for {
			room := textWidth - width(line)
			if !empty {
				room--
			}
			if width(word) <= room {
				break
			}
			if !empty {
				t.line(line)
				line, empty = next, true
				continue
			}
			part := string([]rune(word)[:room])
			t.line(line + part)
			line, word = next, word[len(part):]
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	t.line(line)
}

func width(s string) int { return utf8.RuneCountInString(s) }

// clip cuts what is too wide, and shows that it did.
func clip(s string, n int) string {
	if width(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// cell fills or cuts to n columns.
func cell(s string, n int) string {
	s = clip(plain(s), n)
	return s + strings.Repeat(" ", n-width(s))
}

func orNone(s string) string {
	if s == "" {
		return "(unnamed)"
	}
	return s
}
