package analysis

import (
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes the report as Markdown with tables, for a change or a wiki.
// What others named is escaped: it makes no headings, links or tags.
func WriteMarkdown(w io.Writer, r Report) error {
	m := &markdown{}
	m.line("# Experiment %s: %s", esc(orNone(r.Experiment)), esc(strings.ToLower(r.Title())))
	m.line("%s, %s; %s.", esc(capital(r.where())), r.period(), r.intervals())
	m.line("**%s**", esc(r.Sentence))
	m.line("What would change it: %s", esc(r.Change))
	if r.Ask != "" {
		m.line("Asked for: %s", esc(r.Ask))
	}
	if r.Simulated {
		m.line("SIMULATED answers are among them.")
	}
	m.takesPart(r)
	m.health(r)
	m.metrics(r)
	m.bounds(r)
	m.days(r)
	m.segments(r)
	if len(r.Warnings) > 0 {
		m.line("## Doubts")
		for _, d := range r.Warnings {
			m.item("%s", esc(d.Text))
		}
		m.line("")
	}
	m.line("## How it was computed")
	for _, method := range r.Methods {
		m.item("%s", esc(method))
	}
	_, err := io.WriteString(w, strings.TrimRight(m.b.String(), "\n")+"\n")
	return err
}

type markdown struct{ b strings.Builder }

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(&m.b, format+"\n\n", args...) }
func (m *markdown) item(format string, args ...any) { fmt.Fprintf(&m.b, "- "+format+"\n", args...) }

func (m *markdown) row(cells ...string) {
	m.b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

// head is a table's first line; columns after the first are numbers, to the right
// where right says so.
func (m *markdown) head(right string, cells ...string) {
	m.row(cells...)
	for i := range cells {
		if i < len(right) && right[i] == 'r' {
			m.b.WriteString("|--:")
			continue
		}
		m.b.WriteString("|---")
	}
	m.b.WriteString("|\n")
}

func (m *markdown) takesPart(r Report) {
	m.line("## Who takes part")
	m.head("lrrrrl", "Variant", "Units", "Requests", "Share", "Planned", "Answers")
	for _, e := range r.Enrolment {
		share := "–"
		if e.Share.OK() {
			share = percent(float64(e.Share))
		}
		m.row(esc(e.Variant), thousands(e.Units), thousands(e.Requests), share, percent(e.Expected), esc(e.Answers))
	}
	m.line("")
}

func (m *markdown) health(r Report) {
	for _, c := range r.Health {
		state := "ok"
		if !c.OK {
			state = "**doubt**"
		}
		m.item("%s: %s", state, esc(c.Said))
	}
	m.line("")
}

func (m *markdown) metrics(r Report) {
	m.line("## Metrics")
	m.head("lllrlrrl", "Metric", "Role", "Variant", "Effect", "Interval", "p", "Detectable", "Says")
	for _, x := range r.Metrics {
		for _, c := range x.Comparisons {
			value, interval := effectText(x.Metric, c)
			m.row(esc(x.Metric.Name), x.Role, esc(c.Variant), value, interval, pText(c), mdeText(x.Metric, c), mark(c.Says)+" "+c.Says)
		}
	}
	m.line("")
	m.head("llrlrr", "Metric", "Variant", "Value", "Interval", "Units", "Observations")
	for _, x := range r.Metrics {
		for _, e := range x.Variants {
			value, interval := estimateText(x.Metric, e)
			m.row(esc(x.Metric.Name), esc(e.Variant), value, interval, thousands(e.Units), thousands(e.Observations))
		}
	}
	m.line("")
}

func (m *markdown) bounds(r Report) {
	if len(r.Bounds) == 0 {
		return
	}
	m.line("## Bounds")
	for _, b := range r.Bounds {
		m.item("%s of %s: %s", esc(b.Bound.Metric.Name), esc(b.Variant), esc(b.Said))
	}
	m.line("")
}

func (m *markdown) days(r Report) {
	variants, lines := r.daysOf()
	if lines == nil {
		return
	}
	m.line("## By day: %s (a day decides nothing)", esc(r.Metrics[0].Metric.Name))
	cells := []string{"Day, UTC"}
	for _, v := range variants {
		cells = append(cells, esc(v))
	}
	m.head("lrrrrrrrrrr", cells...)
	for _, l := range lines {
		m.row(append([]string{l.Day}, l.Cells...)...)
	}
	m.line("")
}

func (m *markdown) segments(r Report) {
	if len(r.Segments) == 0 {
		return
	}
	m.line("## Segments (exploratory)")
	m.head("lllrlrl", "Segment", "Value", "Variant", "Effect", "Interval", "Adjusted p", "Says")
	for _, s := range r.Segments {
		for _, c := range s.Comparisons {
			value, interval := effectText(r.Metrics[0].Metric, c)
			m.row(esc(s.Name), esc(s.Value), esc(c.Variant), value, interval, pText(c), c.Says)
		}
	}
	m.line("")
}

var escapes = strings.NewReplacer("\\", "\\\\", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "<", "&lt;", ">", "&gt;", "&", "&amp;",
	"#", "\\#", "|", "\\|", "~", "\\~", "!", "\\!")

// esc makes text of what others named.
func esc(s string) string { return escapes.Replace(plain(s)) }
