package main

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/weirhq/weir/client"
)

// eventPrinter prints events in the form asked for, one by one, so that a
// stream of them can be followed.
type eventPrinter struct {
	app    *app
	form   string
	stream bool // more may come at any time
	table  columnar
	all    []client.Event // for a JSON document, which is one
	any    bool
}

// newEventPrinter makes columns as wide as what is known already needs.
func newEventPrinter(a *app, form string, stream bool, known []client.Event) *eventPrinter {
	p := &eventPrinter{app: a, form: form, stream: stream, all: []client.Event{}}
	switch form {
	case "table":
		p.table = columnar{w: a.out, columns: eventColumns[:tableColumns]}
	case "wide":
		p.table = columnar{w: a.out, columns: eventColumns}
	default:
		return p
	}
	rows := [][]string{}
	for i := range known {
		rows = append(rows, eventRow(&known[i]))
	}
	p.table.fit(rows)
	return p
}

func (p *eventPrinter) print(e client.Event) error {
	defer func() { p.any = true }()
	switch p.form {
	case "json":
		if p.stream {
			return p.app.writeLine(e)
		}
		p.all = append(p.all, e)
		return nil
	case "jsonl":
		return p.app.writeLine(e)
	case "name":
		_, err := fmt.Fprintln(p.app.out, plain(e.ID))
		return err
	case "detail":
		if p.any {
			fmt.Fprintln(p.app.out)
		}
		return printEvent(p.app.out, &e)
	}
	return p.table.row(eventRow(&e))
}

// close writes what could only be written whole.
func (p *eventPrinter) close() error {
	if p.form == "json" && !p.stream {
		return p.app.writeJSON(p.all)
	}
	return nil
}

// column of a table.
type column struct {
	head  string
	least int  // width
	right bool // numbers
}

// eventColumns are those of `weir logs`; a table has the first, wide all.
var eventColumns = []column{
	{"TIME", 12, false}, {"ROUTE", 10, false}, {"VARIANT", 10, false}, {"WHY", 8, false}, {"OUTCOME", 9, false}, {"STATUS", 6, true},
	{"TOTAL", 9, true}, {"TTFT", 9, true}, {"TOKENS", 6, true},
	{"COST", 9, true}, {"MODEL", 10, false}, {"CALLER", 9, false}, {"TRIES", 5, true}, {"ID", 36, false}, {"ERROR", 0, false},
}

const tableColumns = 9

func eventRow(e *client.Event) []string {
	variant, why, cost := "", "", ""
	switch e.CostBasis {
	case "":
	case "unpriced":
		cost = "no price"
	default:
		cost = money(e.Cost)
	}
	if len(e.Assignments) > 0 {
		variant, why = e.Assignments[0].Variant, e.Assignments[0].Reason
	}
	first, tokens := "", ""
	if e.FirstToken > 0 {
		first = millis(e.FirstToken).String()
	}
	if e.UsageKnown || e.UsageSource != "" {
		tokens = strconv.FormatInt(e.Usage.Output, 10)
	}
	return []string{clock(e.Time, time.Now()), e.Route, variant, why, e.Outcome, strconv.Itoa(e.Status), millis(e.Total).String(), first, tokens,
		cost, e.Model, e.Key, strconv.Itoa(len(e.Attempts)), e.ID, cmp.Or(e.Error, e.Code)}
}

// clock is a time of today, or the day too.
func clock(at, now time.Time) string {
	at, now = at.Local(), now.Local()
	if at.YearDay() == now.YearDay() && at.Year() == now.Year() {
		return at.Format("15:04:05.000")
	}
	return at.Format("01-02 15:04")
}

// columnar prints rows under a head, in columns that do not move once they were
// begun: a text that is too long is cut, but for the last column.
type columnar struct {
	w       io.Writer
	columns []column
	begun   bool
}

// fit widens columns to hold rows that are known before the first is printed.
func (t *columnar) fit(rows [][]string) {
	fitted := append([]column(nil), t.columns...)
	for i := range fitted {
		for _, row := range rows {
			fitted[i].least = max(fitted[i].least, min(utf8.RuneCountInString(row[i]), widestColumn))
		}
	}
	t.columns = fitted
}

// widestColumn bounds what one long name does to a table.
const widestColumn = 40

func (t *columnar) row(cells []string) error {
	if !t.begun {
		t.begun = true
		heads := make([]string, len(t.columns))
		for i, c := range t.columns {
			heads[i] = c.head
		}
		if err := t.write(heads); err != nil {
			return err
		}
	}
	return t.write(cells)
}

func (t *columnar) write(cells []string) error {
	var b strings.Builder
	for i, c := range t.columns {
		text := plain(cells[i])
		last := i == len(t.columns)-1
		if text == "" && !last {
			text = "-"
		}
		if !last {
			text = fitted(text, c.least)
		}
		pad := strings.Repeat(" ", max(0, c.least-utf8.RuneCountInString(text)))
		switch {
		case c.right:
			b.WriteString(pad + text)
		default:
			b.WriteString(text + pad)
		}
		if !last {
			b.WriteString("  ")
		}
	}
	_, err := fmt.Fprintln(t.w, strings.TrimRight(b.String(), " "))
	return err
}

// fitted cuts a text to a width.
func fitted(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}
