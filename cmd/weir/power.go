package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/client"
)

func (a *app) powerCommand() *cobra.Command {
	var r remote
	var q client.PowerQuery
	var minimum, experiment string
	cmd := &cobra.Command{
		Use:   "power [ROUTE]",
		Short: "Say what an experiment could see on a route's own traffic",
		Long: `Say what an experiment could see on a route's own traffic: how many units and days
it needs, and the smallest differences that four weeks of this traffic can show,
metric by metric. It reads the recent requests of the route, at most two weeks and
100,000 of them, and adds them up by unit, as an experiment would.

With --experiment it is one that is defined, with its own metric, bounds and plan.`,
		Example: `  weir power support
  weir power support --metric ttft --minimum 10%
  weir power support --metric cost_per_request --units 5000
  weir power --experiment cheaper-model`,
		Args: takes(0, 1),
	}
	output := a.form(cmd, "text", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if (experiment == "") == (len(args) == 0) {
			return usage(errors.New("give a route, or --experiment NAME"))
		}
		c, err := r.client(a)
		if err != nil {
			return err
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		o, err := a.prospect(ctx, c, experiment, args, minimum, &q)
		if err != nil {
			return r.mend(err)
		}
		if handled, err := a.printAs(output.word, o); handled || err != nil {
			return err
		}
		return a.printProspect(&o)
	}
	r.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&experiment, "experiment", "", "an experiment that is defined, by its `NAME`")
	f.StringVar(&q.Metric, "metric", "", "the primary `METRIC` (default latency)")
	f.StringVar(&minimum, "minimum", "", "the smallest `DIFFERENCE` worth having: 5% (the default)")
	f.IntVar(&q.Variants, "variants", 0, "how `MANY` variants, the baseline included (default 2)")
	f.Int64Var(&q.Units, "units", 0, "`UNITS` of each variant that it would be decided at (default as many as it needs)")
	return cmd
}

func (a *app) prospect(ctx context.Context, c *client.Client, experiment string, args []string, minimum string, q *client.PowerQuery) (client.Prospect, error) {
	if experiment != "" {
		return c.ExperimentPower(ctx, experiment)
	}
	q.Route = args[0]
	if minimum != "" {
		digits, percent := strings.CutSuffix(minimum, "%")
		v, err := strconv.ParseFloat(digits, 64)
		if err != nil || v <= 0 {
			return client.Prospect{}, usage(fmt.Errorf("--minimum %q is no difference: write 5%% or 0.05", minimum))
		}
		if percent {
			v /= 100
		}
		q.Minimum = v
	}
	return c.Power(ctx, *q)
}

func (a *app) printProspect(o *client.Prospect) error {
	s := &o.Sample
	if s.Requests+s.NoUnit == 0 {
		fmt.Fprintln(a.out, "nothing is recorded of this route in the last two weeks: there is nothing to plan by")
		return nil
	}
	fmt.Fprintf(a.out, "from %d requests of %d units, %s to %s\n", s.Requests, s.Units, s.From.Local().Format(time.DateTime), s.To.Local().Format(time.DateTime))
	if s.NoUnit > 0 {
		fmt.Fprintf(a.out, "%d further requests had no unit, and would get the baseline\n", s.NoUnit)
	}
	fmt.Fprintf(a.out, "%s\n\n", plain(o.Why))
	var rows [][]string
	var unknown []string
	for i := range o.Metrics {
		m := &o.Metrics[i]
		if !m.Known {
			unknown = append(unknown, m.Metric.Name)
			continue
		}
		days := "over a year"
		if s.To.Sub(s.From) < 24*time.Hour {
			days = "not known"
		}
		if m.Days > 0 {
			days = fmt.Sprintf("%.0f", math.Ceil(m.Days))
		}
		month := "not known"
		if m.Month > 0 {
			month = fmt.Sprintf("%.3g%%", 100*m.Month)
		}
		rows = append(rows, []string{m.Metric.Name, fmt.Sprintf("%.4g", m.Now), m.Metric.Unit, fmt.Sprintf("%.3g%%", 100*m.Asked), fmt.Sprint(m.Units), days, month})
	}
	columns := heads("METRIC", ">NOW", "UNIT", ">DIFFERENCE", ">UNITS OF EACH", ">DAYS", ">SEEN IN 4 WEEKS")
	if err := a.printTable(columns, rows); err != nil {
		return err
	}
	if len(unknown) > 0 {
		fmt.Fprintf(a.out, "\nnot on record here, or zero so far: %s\n", strings.Join(unknown, ", "))
	}
	return nil
}
