package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/fault"
	spent "github.com/weirhq/weir/internal/usage"
)

// costing is one look at what requests cost.
type costing struct {
	app      *app
	remote   remote
	client   *client.Client
	by       []string
	per      string
	month    string
	from, to time.Time
	zone     string
	filter   client.UsageFilter
	budgets  bool
	forecast bool
	top      int
	form     string
	at       time.Time // in the month that is wanted; zero: now
}

func (a *app) costCommand() *cobra.Command {
	c := costing{app: a}
	var from, to string
	cmd := &cobra.Command{
		Use:   "cost",
		Short: "Show what requests cost: by any key, against last month, budgets and forecast",
		Long: `Show what requests cost, from the ledger, which is never thinned out.

Without more it is this month against the same stretch of the one before, by route,
with budgets and a forecast to the month's end. --per, --from or --to show periods
one by one instead; --budgets and --forecast only those parts.

Keys are project, route, variant, model, key, tag, why, or tag:NAME for the values
of one tag. Days and months are those of --tz, UTC unless given. Requests without a
known price are counted and in no amount; amounts that rest on estimated tokens or
prices are said. The forecast is seasonal-naive by weekday, and says how it would
have fared on the past.`,
		Example: `  weir cost
  weir cost --by route,variant --per day --from 7d
  weir cost --month 2026-10 --by tag:team
  weir cost --budgets
  weir cost --by model --from 2026-10-01 --to 2026-11-01 -o json | jq .total.cost_micro`,
		Args: takes(0, 0),
	}
	output := a.form(cmd, "table", "wide", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		c.form = output.word
		if err := c.check(cmd, from, to); err != nil {
			return err
		}
		if c.client, err = c.remote.client(a); err != nil {
			return err
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		return c.remote.mend(c.run(ctx))
	}
	c.flags(cmd, &from, &to)
	return cmd
}

func (c *costing) flags(cmd *cobra.Command, from, to *string) {
	c.remote.flags(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&c.by, "by", []string{"route"}, "`LIST` of keys to tell it by, with commas; none for the sum alone")
	f.StringVar(&c.per, "per", "", "`PERIOD` of the rows: hour, day, week, month or total")
	f.StringVar(&c.month, "month", "", "this `MONTH` against the one before: 2026-10 (default the one under way)")
	f.StringVar(from, "from", "", "since this `TIME` (default 30d): "+momentAbout)
	f.StringVar(to, "to", "", "before this `TIME` (default now)")
	f.BoolVar(&c.budgets, "budgets", false, "only budgets, each against what was spent")
	f.BoolVar(&c.forecast, "forecast", false, "only the forecast to the end of the month")
	f.IntVar(&c.top, "top", 20, "at most this `NUMBER` of rows of months, the dearest")
	c.filterFlags(cmd)
}

// filterFlags are shared with weir report.
func (c *costing) filterFlags(cmd *cobra.Command) { usageFlags(cmd, &c.filter, &c.zone) }

// usageFlags say whose money, and whose calendar.
func usageFlags(cmd *cobra.Command, q *client.UsageFilter, zone *string) {
	f := cmd.Flags()
	f.StringVar(zone, "tz", "", "time `ZONE` of days and months, such as Europe/Vienna (default UTC)")
	f.StringVar(&q.Project, "project", "", "only what this `PROJECT` spent")
	f.StringVar(&q.Route, "route", "", "only what this `ROUTE` spent")
	f.StringVar(&q.Variant, "variant", "", "only what the variant of this `NAME` spent")
	f.StringVar(&q.Model, "model", "", "only what this `MODEL` cost")
	f.StringVar(&q.Key, "caller", "", "only the caller whose key has this `NAME`")
	f.StringVar(&q.Tag, "tag", "", "only requests with this `TAG`: team=search")
}

// check reads what the command line says, and refuses what contradicts itself.
func (c *costing) check(cmd *cobra.Command, from, to string) error {
	set := cmd.Flags().Changed
	rows := set("per") || set("from") || set("to")
	switch {
	case rows && set("month"):
		return usage(errors.New("--month is a month against the one before; --per, --from and --to are periods one by one: give one or the other"))
	case (c.budgets || c.forecast) && (rows || set("month") || set("by")):
		return usage(errors.New("--budgets and --forecast are of the period under way: give them alone"))
	case c.budgets && c.forecast:
		return usage(errors.New("--budgets and --forecast: give one, or neither for both"))
	case c.budgets && (c.filter != client.UsageFilter{} || c.zone != ""):
		return usage(errors.New("--budgets are as the definitions declare them, by the calendar of UTC: they take no filter and no zone"))
	case c.top < 1:
		return usage(fmt.Errorf("--top %d: it is at least 1", c.top))
	}
	if err := c.checkKeys(); err != nil {
		return err
	}
	if pers := []string{"", "hour", "day", "week", "month", "total"}; !slices.Contains(pers, c.per) {
		return usage(fmt.Errorf("--per %s: %s", shown(c.per), meantOf(c.per, pers[1:])))
	}
	if rows && c.per == "" {
		c.per = "total"
	}
	return c.readTimes(from, to)
}

func (c *costing) checkKeys() error {
	c.by = slices.DeleteFunc(c.by, func(s string) bool { return s == "" })
	known := spent.Keys()
	for _, name := range c.by {
		if tag, ok := strings.CutPrefix(name, "tag:"); ok && tag != "" || slices.Contains(known, name) {
			continue
		}
		if near := fault.Nearest(name, known); near != "" {
			return usage(fmt.Errorf("--by %s: did you mean %q?", shown(name), near))
		}
		return usage(fmt.Errorf("--by %s: keys are %s, or tag:NAME", shown(name), strings.Join(known, ", ")))
	}
	return nil
}

func (c *costing) readTimes(from, to string) error {
	zone, err := zoneOf(c.zone)
	if err != nil {
		return err
	}
	now := time.Now()
	if c.from, err = moment("--from", from, zone, now); err != nil {
		return err
	}
	if c.to, err = moment("--to", to, zone, now); err != nil {
		return err
	}
	if c.month == "" {
		return nil
	}
	begin, err := time.ParseInLocation("2006-01", c.month, zone)
	if err != nil {
		return badFlag("--month", c.month, "a month such as 2026-10")
	}
	if begin.After(now) {
		return usage(fmt.Errorf("--month %s is yet to come", shown(c.month)))
	}
	// Its last moment, so that all of it is compared; of the month under way, now.
	if end := begin.AddDate(0, 1, 0); end.Before(now) {
		c.at = end.Add(-time.Second)
	}
	return nil
}

func (c *costing) run(ctx context.Context) error {
	switch {
	case c.per != "":
		return c.periods(ctx)
	case c.budgets:
		return c.onlyBudgets(ctx)
	case c.forecast:
		return c.onlyForecast(ctx)
	}
	return c.months(ctx)
}

// periods shows them one by one.
func (c *costing) periods(ctx context.Context) error {
	u, err := c.client.Usage(ctx, client.UsageQuery{By: c.by, Per: c.per, From: c.from, To: c.to, Zone: c.zone, UsageFilter: c.filter})
	if err != nil {
		return err
	}
	defer c.app.lacks(u.Partial)
	if handled, err := c.app.printAs(c.form, u); handled {
		return err
	}
	return c.printPeriods(&u)
}

func (c *costing) onlyBudgets(ctx context.Context) error {
	b, err := c.client.Budgets(ctx)
	if err != nil {
		return err
	}
	defer c.app.lacks(b.Partial)
	if handled, err := c.app.printAs(c.form, b); handled {
		return err
	}
	return c.printBudgets(&b)
}

// forecastOf is what a month is forecast to cost, and of which window.
type forecastOf struct {
	Window   client.Window      `json:"window"`
	Zone     string             `json:"zone"`
	Spent    int64              `json:"spent_micro"`
	Forecast *client.Projection `json:"forecast"` // nil without a whole day of history
	Currency string             `json:"currency"`
}

// readForecast takes it from the report of the month under way, so that both say
// the same. now is a time of Weir's own clock, which need not be ours.
func (c *costing) readForecast(ctx context.Context, now time.Time) (forecastOf, error) {
	r, err := c.client.Report(ctx, "monthly", client.ReportQuery{At: now, Zone: c.zone, Top: 1, UsageFilter: c.filter})
	return forecastOf{Window: r.Window, Zone: r.Zone, Spent: r.Total.Now.Cost, Forecast: r.Forecast, Currency: r.Currency}, err
}

func (c *costing) onlyForecast(ctx context.Context) error {
	m, err := c.client.Months(ctx, client.MonthsQuery{Per: "month", Zone: c.zone, UsageFilter: c.filter})
	if err != nil {
		return err
	}
	defer c.app.lacks(m.Partial)
	f, err := c.readForecast(ctx, m.Now.End)
	if err != nil {
		return err
	}
	if handled, err := c.app.printAs(c.form, f); handled {
		return err
	}
	return c.printForecast(&f)
}

// costs is a month, with what belongs to the one under way.
type costs struct {
	Months   client.Months   `json:"months"`
	Forecast *forecastOf     `json:"forecast"` // nil of a month that is over
	Budgets  *client.Budgets `json:"budgets"`  // the same
}

// months holds a month against the one before it.
func (c *costing) months(ctx context.Context) (err error) {
	var all costs
	if all.Months, err = c.client.Months(ctx, client.MonthsQuery{By: c.by, Per: "month", At: c.at, Zone: c.zone, UsageFilter: c.filter}); err != nil {
		return err
	}
	defer c.app.lacks(all.Months.Partial)
	if c.at.IsZero() {
		f, err := c.readForecast(ctx, all.Months.Now.End)
		if err != nil {
			return err
		}
		b, err := c.client.Budgets(ctx)
		if err != nil {
			return err
		}
		all.Forecast, all.Budgets = &f, &b
	}
	if handled, err := c.app.printAs(c.form, all); handled {
		return err
	}
	return c.printMonths(&all)
}
