package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/weirhq/weir/client"
)

// findBudgets holds the budgets against what was spent.
func findBudgets(ctx context.Context, g *getting) (*listing, error) {
	b, err := g.client.Budgets(ctx)
	if err != nil {
		return nil, err
	}
	l := budgetListing(&b)
	if len(b.Budgets) == 0 {
		l.notes = []string{"the definitions declare none"}
	}
	return l, nil
}

// barWidth is that of the bars in tables.
const barWidth = 20

func budgetListing(b *client.Budgets) *listing {
	l := &listing{columns: heads("BUDGET", ">AMOUNT", "PER", ">SPENT", ">SHARE", "0 % TO 100 %", ">FORECAST", ">LOW", ">HIGH", "OF", ">ESTIMATED", ">UNPRICED", "FROM", "TO"), narrow: 7, partial: b.Partial}
	for i := range b.Budgets {
		s := &b.Budgets[i]
		spent := money(s.Spent)
		if s.LowerBound {
			spent = "≥ " + spent
		}
		forecast, low, high := projectionCells(s.Forecast)
		l.things = append(l.things, thing{name: s.Name, value: s, rows: [][]string{{s.Name, money(s.Amount), s.Per, spent, percent(s.Share), bar(s.Share, barWidth),
			forecast, low, high, ofText(s.Of), money(s.Estimated), thousands(s.Unpriced), s.Window.Start.Format("2006-01-02"), s.Window.End.Format("2006-01-02")}}})
	}
	if len(b.Budgets) > 0 {
		l.notes = append(l.notes, "periods are by the calendar of UTC; budgets refuse nothing")
	}
	return l
}

func projectionCells(p *client.Projection) (end, low, high string) {
	switch {
	case p == nil:
		return "", "", ""
	case !p.Bounded:
		return money(p.End), "", ""
	}
	return money(p.End), money(p.Low), money(p.High)
}

// ofText says whose money a budget is of.
func ofText(of map[string]string) string {
	var list []string
	for _, name := range sorted(of) {
		list = append(list, name+" "+of[name])
	}
	return orWord(strings.Join(list, ", "), "everything")
}

func describeBudget(_ context.Context, _ *getting, t *thing, d *details) error {
	printBudget(d, t.value.(*client.Budget))
	return nil
}

// printBudget says all that needs saying of a budget.
func printBudget(d *details, s *client.Budget) {
	d.head(fmt.Sprintf("budget %s: %s a %s, of %s", s.Name, money(s.Amount), s.Per, ofText(s.Of)))
	d.line("", bar(s.Share, barWidth)+" "+percent(s.Share))
	for _, text := range s.Says {
		d.line("", text)
	}
}
