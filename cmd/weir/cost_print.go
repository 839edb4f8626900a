package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/weirhq/weir/client"
)

// printPeriods prints a row for each period and key, with a bar beside the cost,
// and the sum of all as the last row.
func (c *costing) printPeriods(u *client.UsageTable) error {
	a := c.app
	columns := heads("PERIOD")
	for _, name := range u.By {
		columns = append(columns, column{head: strings.ToUpper(name)})
	}
	columns = append(columns, heads(">COST", "SHARE", ">REQUESTS", ">ERRORS", ">INPUT", ">OUTPUT", ">UNPRICED")...)
	if c.form == "wide" {
		columns = append(columns, heads(">CACHED", ">CACHE WRITE", ">REASONING", ">ESTIMATED", ">REQ/S")...)
	}
	most := int64(0)
	for i := range u.Rows {
		most = max(most, u.Rows[i].Cost)
	}
	rows := [][]string{}
	for i := range u.Rows {
		r := &u.Rows[i]
		rows = append(rows, c.periodRow(r, u, periodText(u.Per, r.Start, u.Window), keyCells(u.By, r.Keys), barOf(r.Cost, most)))
	}
	rows = append(rows, c.periodRow(&u.Total, u, "total", keyCells(u.By, nil), ""))
	if err := a.printTable(columns, rows); err != nil {
		return err
	}
	fmt.Fprintf(a.err, "%s to %s, time zone %s, %s\n", u.Window.Start.Format("2006-01-02 15:04 -07:00"), u.Window.End.Format("2006-01-02 15:04 -07:00"), plain(u.Zone), plain(u.Currency))
	a.printDoubts(&u.Total.Sums, u.Notes)
	return nil
}

func (c *costing) periodRow(r *client.UsageRow, u *client.UsageTable, period string, keys []string, picture string) []string {
	row := append(append([]string{period}, keys...), costText(&r.Sums), picture, thousands(r.Requests), thousands(r.Errors), thousands(r.Input), thousands(r.Output), thousands(r.Unpriced))
	if c.form == "wide" {
		row = append(row, thousands(r.Cached), thousands(r.CacheWrite), thousands(r.Reasoning), money(r.Estimated), fmt.Sprintf("%.3g", r.PerSecond))
	}
	return row
}

// costText is an amount; more was spent than that where requests have no price.
func costText(s *client.Sums) string {
	if s.Unpriced > 0 {
		return "≥ " + money(s.Cost)
	}
	return money(s.Cost)
}

// periodText names a period by its beginning.
func periodText(per string, start time.Time, w client.Window) string {
	switch per {
	case "month":
		return start.Format("2006-01")
	case "day", "week":
		return start.Format(time.DateOnly)
	case "hour":
		return start.Format("2006-01-02 15:04")
	}
	return w.Start.Format(time.DateOnly) + " on"
}

// keyCells are the values of the keys, in their order; of none, marks.
func keyCells(by []string, keys map[string]string) []string {
	cells := make([]string, len(by))
	for i, name := range by {
		switch value, ok := keys[name]; {
		case ok && value == "":
			cells[i] = "(none)"
		case ok:
			cells[i] = value
		}
	}
	return cells
}

func barOf(cost, most int64) string {
	if most <= 0 {
		return bar(0, barWidth)
	}
	return bar(float64(cost)/float64(most), barWidth)
}

// printMonths prints a month against the one before, then what belongs to the
// month under way.
func (c *costing) printMonths(all *costs) error {
	a, m := c.app, &all.Months
	var columns []column
	for _, name := range m.By {
		columns = append(columns, column{head: strings.ToUpper(name)})
	}
	if len(m.By) == 0 {
		columns = heads("MONTH")
	}
	columns = append(columns, heads(">COST", "SHARE", ">BEFORE", ">CHANGE", ">WHOLE BEFORE", ">REQUESTS", ">CHANGE", ">INPUT", ">OUTPUT", ">UNPRICED")...)
	rows := [][]string{}
	if len(m.By) > 0 {
		for i := range m.Rows[:min(len(m.Rows), c.top)] {
			r := &m.Rows[i]
			rows = append(rows, monthRow(keyCells(m.By, r.Keys), r, barOf(r.Now.Cost, m.Total.Now.Cost)))
		}
	}
	totals := keyCells(m.By, nil)
	if len(totals) == 0 {
		totals = []string{""}
	}
	totals[0] = "total"
	rows = append(rows, monthRow(totals, &m.Total, ""))
	if err := a.printTable(columns, rows); err != nil {
		return err
	}
	if left := len(m.Rows) - c.top; len(m.By) > 0 && left > 0 {
		fmt.Fprintf(a.err, "%s not shown: --top %d shows all\n", count(left, "more row"), len(m.Rows))
	}
	fmt.Fprintf(a.err, "%s against %s; time zone %s, %s\n", windowText(m.Now), windowText(m.BeforeSoFar), plain(m.Zone), plain(m.Currency))
	a.printDoubts(&m.Total.Now, m.Notes)
	return c.printUnderWay(all)
}

func monthRow(keys []string, r *client.Change, picture string) []string {
	return append(keys, costText(&r.Now), picture, money(r.BeforeSoFar.Cost), growth(r.Cost), money(r.Before.Cost),
		thousands(r.Now.Requests), growth(r.Requests), thousands(r.Now.Input), thousands(r.Now.Output), thousands(r.Now.Unpriced))
}

func windowText(w client.Window) string {
	return w.Start.Format("2 Jan 2006 15:04") + " to " + w.End.Format("2 Jan 2006 15:04")
}

// printUnderWay adds forecast and budgets.
func (c *costing) printUnderWay(all *costs) error {
	if all.Forecast != nil {
		fmt.Fprintln(c.app.out)
		if err := c.printForecast(all.Forecast); err != nil {
			return err
		}
	}
	if all.Budgets != nil && len(all.Budgets.Budgets) > 0 {
		fmt.Fprintln(c.app.out)
		return c.printBudgets(all.Budgets)
	}
	return nil
}

// printForecast says what, how sure, and how it would have fared on the past.
func (c *costing) printForecast(f *forecastOf) error {
	d := details{w: c.app.out}
	d.head(fmt.Sprintf("forecast to the end of %s (time zone %s)", f.Window.Start.Format("January 2006"), f.Zone))
	d.line("spent so far", money(f.Spent))
	p := f.Forecast
	if p == nil {
		d.line("at its end", "no forecast: there is no whole day of history yet")
		return d.err
	}
	text := money(p.End)
	if p.Bounded {
		text += fmt.Sprintf(", %s interval %s to %s", percent(p.Level), money(p.Low), money(p.High))
	}
	d.line("at its end", text)
	d.line("method", p.Method)
	if b := &p.Backtest; b.Forecasts > 0 {
		d.line("backtest", fmt.Sprintf("tried on the past %d times, %s ahead: off by %s on average (bias %+.1f %%); %d of %d within the interval",
			b.Forecasts, count(b.Horizon, "day"), percent(b.Error), b.Bias*100, b.Within, b.Forecasts))
	} else {
		d.line("backtest", "none: there is no past to try it on")
	}
	d.line("doubt", strings.Join(p.Doubts, "\n"))
	return d.err
}

// printBudgets prints the table and, wide, every sentence.
func (c *costing) printBudgets(b *client.Budgets) error {
	a := c.app
	if len(b.Budgets) == 0 {
		fmt.Fprintln(a.err, "no budgets are declared\nnext: budgets in the definitions, such as budgets: {all: {amount: 500, per: month}}")
		return nil
	}
	l := budgetListing(b)
	rows := [][]string{}
	for i := range l.things {
		rows = append(rows, l.things[i].rows[0][:10])
	}
	if err := a.printTable(l.columns[:10], rows); err != nil {
		return err
	}
	d := details{w: a.out}
	for i := range b.Budgets {
		if c.form == "wide" || b.Budgets[i].Share >= alertAt[0] {
			printBudget(&d, &b.Budgets[i])
		}
	}
	for _, n := range l.notes {
		fmt.Fprintln(a.err, plain(n))
	}
	return d.err
}

// printDoubts says how much of an amount is known.
func (a *app) printDoubts(s *client.Sums, notes []string) {
	if s.Unpriced > 0 && s.Requests > 0 {
		fmt.Fprintf(a.err, "%s of the requests (%s) have no known price: more was spent than is shown\n", percent(float64(s.Unpriced)/float64(s.Requests)), thousands(s.Unpriced))
	}
	if s.Estimated != 0 && s.Cost != 0 {
		fmt.Fprintf(a.err, "%s of the cost (%s, of %s) rests on estimated tokens or prices\n", percent(float64(s.Estimated)/float64(s.Cost)), money(s.Estimated), count(int(s.Guessed), "request"))
	}
	for _, n := range notes {
		fmt.Fprintln(a.err, plain(n))
	}
}
