package usage

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/store"
)

// WriteMarkdown writes the report as a page of text. JSON has all that is in it,
// and more digits.
func (r *Report) WriteMarkdown(w io.Writer) error {
	p := &page{}
	p.head(r)
	p.money(r)
	p.budgets(r)
	for i := range r.Top {
		p.top(&r.Top[i])
	}
	p.endings(r)
	p.latency(r)
	if len(r.Notes) > 0 {
		p.line("## Notes\n")
		for _, note := range r.Notes {
			p.line("- %s", upper(note))
		}
	}
	if _, err := w.Write(p.Bytes()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// page is text under way.
type page struct{ bytes.Buffer }

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// table writes rows of cells, the first of which are the heads. The columns after
// those of names are numbers.
func (p *page) table(names int, rows [][]string) {
	for i, row := range rows {
		p.line("| %s |", strings.Join(row, " | "))
		if i == 0 {
			p.line("|%s%s", strings.Repeat("---|", names), strings.Repeat("--:|", len(row)-names))
		}
	}
	p.line("")
}

func (p *page) head(r *Report) {
	name := map[Per]string{Week: "Weekly", Month: "Monthly"}[r.Per]
	p.line("# %s report, %s\n", name, r.Window.Start.Format("2 January 2006"))
	state := "the whole " + string(r.Per)
	if !r.Complete {
		state = "the " + string(r.Per) + " so far"
	}
	p.line("%s%s: %s to %s (time zone %s). Changes are against %s to %s. Money is in US dollars. Made %s.\n", upper(state), cell(filterText(r.Of)),
		clock(r.Window.Start), clock(r.Window.End), cell(r.Zone), clock(r.Before.Start), clock(r.Before.End), r.Made.Format("2006-01-02 15:04 UTC"))
}

func (p *page) money(r *Report) {
	p.line("## Money and tokens\n")
	now, before := r.Total.Now, r.Total.BeforeSoFar
	rows := [][]string{{"", "now", "before", "change"}}
	add := func(name string, a, b int64, text func(int64) string) {
		rows = append(rows, []string{name, text(a), text(b), change(growth(a, b))})
	}
	dollars := func(n int64) string { return Dollars(meter.Micro(n)) }
	add("cost", int64(now.Cost), int64(before.Cost), dollars)
	add("requests", now.Requests, before.Requests, thousands[int64])
	add("errors", now.Errors, before.Errors, thousands[int64])
	add("input tokens", now.Input, before.Input, thousands[int64])
	add("of them cached", now.Cached, before.Cached, thousands[int64])
	add("output tokens", now.Output, before.Output, thousands[int64])
	add("of them reasoning", now.Reasoning, before.Reasoning, thousands[int64])
	p.table(1, rows)
	p.line("%s requests per second on average.\n", strconv.FormatFloat(r.PerSecond, 'g', 3, 64))
	if now.Requests > 0 {
		p.line("%s\n", doubts(r, now))
	}
	if r.Forecast != nil {
		for _, s := range r.Forecast.sentences(r.Per) {
			p.line("- %s", upper(s))
		}
		p.line("")
	}
}

// doubts say how much of the money is known.
func doubts(r *Report, now store.LedgerSums) string {
	estimated := "No part of the cost is estimated."
	if now.Estimated != 0 && r.Estimated != nil {
		estimated = fmt.Sprintf("%s of the cost (%s, %s requests) rests on estimated tokens or prices.", percent(*r.Estimated), Dollars(now.Estimated), thousands(now.Guessed))
	}
	unpriced := "Every request has a price."
	if now.Unpriced != 0 && r.Unpriced != nil {
		unpriced = fmt.Sprintf("%s of the requests (%s) have no known price: the true cost is higher than any amount here.", percent(*r.Unpriced), thousands(now.Unpriced))
	}
	return estimated + " " + unpriced
}

func (p *page) budgets(r *Report) {
	if len(r.Budgets) == 0 {
		return
	}
	p.line("## Budgets\n")
	rows := [][]string{{"budget", "amount", "spent", "share", "forecast", "periods over"}}
	for i := range r.Budgets {
		s := &r.Budgets[i].State
		forecast := "ended"
		switch {
		case s.Forecast != nil && s.Forecast.Bounded:
			forecast = fmt.Sprintf("%s (%s to %s)", Dollars(s.Forecast.End), Dollars(s.Forecast.Low), Dollars(s.Forecast.High))
		case s.Forecast != nil:
			forecast = Dollars(s.Forecast.End)
		case !s.over:
			forecast = "none yet"
		}
		spent := Dollars(s.Spent)
		if s.LowerBound {
			spent = "at least " + spent
		}
		rows = append(rows, []string{cell(s.Name), Dollars(s.Amount) + " a " + string(s.Per), spent, percent(s.Share), forecast,
			fmt.Sprintf("%d of %d", r.Budgets[i].Over, r.Budgets[i].Periods)})
	}
	p.table(1, rows)
	for i := range r.Budgets {
		s := &r.Budgets[i].State
		p.line("**%s**\n", cell(s.Name))
		for _, sentence := range s.Says {
			p.line("- %s", upper(cell(sentence)))
		}
		p.line("")
	}
}

func (p *page) top(t *Top) {
	p.line("## By %s\n", strings.Join(t.By, " and "))
	heads := append(append([]string{}, t.By...), "cost", "before", "change", "requests", "input tokens", "output tokens", "unpriced requests")
	rows := [][]string{heads}
	for i := range t.Rows {
		n := &t.Rows[i]
		row := make([]string, 0, len(heads))
		for _, name := range t.By {
			row = append(row, nameCell(n.Keys[name]))
		}
		rows = append(rows, append(row, Dollars(n.Now.Cost), Dollars(n.BeforeSoFar.Cost), change(n.Cost),
			thousands(n.Now.Requests), thousands(n.Now.Input), thousands(n.Now.Output), thousands(n.Now.Unpriced)))
	}
	p.table(len(t.By), rows)
	if t.Left > 0 {
		p.line("%d more are not shown.\n", t.Left)
	}
	if t.Overlap {
		p.line("%s.\n", upper(overlapNote))
	}
}

func (p *page) endings(r *Report) {
	if len(r.Outcomes) == 0 {
		return
	}
	p.line("## How requests ended\n")
	rows := [][]string{{"outcome", "requests", "share", "share before"}}
	for _, e := range r.Outcomes {
		rows = append(rows, []string{cell(e.Outcome), thousands(e.Requests), shareCell(e.Share), shareCell(e.Before)})
	}
	p.table(1, rows)
}

func (p *page) latency(r *Report) {
	if len(r.Latency) == 0 {
		return
	}
	p.line("## How fast\n")
	p.line("Seconds, within 1 %%: the whole answer, the time to the first token, the time per output token after it.\n")
	rows := [][]string{{"route", "variant", "requests", "errors", "p50", "p95", "p99", "first token p50", "p95", "p99", "per token p50", "p95", "p99"}}
	for _, s := range r.Latency {
		route, variant := nameCell(s.Keys["route"]), nameCell(s.Keys["variant"])
		if len(s.Keys) == 0 {
			route, variant = "all", ""
		}
		row := []string{route, variant, thousands(s.Requests), shareCell(s.ErrorShare)}
		for _, q := range []Quantiles{s.Duration, s.TTFT, s.TPOT} {
			row = append(row, secondsCell(q.P50), secondsCell(q.P95), secondsCell(q.P99))
		}
		rows = append(rows, row)
	}
	p.table(2, rows)
}

func shareCell(s *float64) string {
	if s == nil {
		return "–"
	}
	return percent(*s)
}

func secondsCell(s *float64) string {
	if s == nil {
		return "–"
	}
	return strconv.FormatFloat(*s, 'g', 3, 64)
}

// change writes a growth: "+12 %".
func change(g *float64) string {
	switch {
	case g == nil:
		return "–"
	case *g > 0:
		return "+" + percent(*g)
	}
	return percent(*g)
}

func nameCell(s string) string {
	if s == "" {
		return "(none)"
	}
	return cell(s)
}

// cell makes a name harmless. Tags and the names of keys come from callers: a
// control character must not reach a terminal, nor a bar end a cell.
func cell(s string) string {
	s = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || c == unicode.ReplacementChar {
			return '·'
		}
		return c
	}, strings.ToValidUTF8(s, "·"))
	return strings.NewReplacer("\\", "\\\\", "|", "\\|", "*", "\\*", "`", "\\`", "<", "&lt;", "[", "\\[").Replace(s)
}

// upper begins a sentence.
func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
