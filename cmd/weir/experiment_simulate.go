package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/internal/simulate"
)

func (a *app) experimentSimulateCommand() *cobra.Command {
	c := simulate.Config{}
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Measure how often methods are right, on made-up users whose truth is known",
		Long: `Draw made-up experiments again and again, and count how often each method says that
the variants differ. Without --effect nothing differs, and what is counted are false
alarms; with it, how often the effect is found.

Users are as those of language models: some make many requests, most few; the
requests of one user are alike (--icc); times and costs have a long tail. The tests
are those of weir's own reports. It needs no server, and the same --seed gives the
same figures on every machine.`,
		Example: `  weir experiment simulate
  weir experiment simulate --metric error_rate --users 1000
  weir experiment simulate --metric latency --effect -0.1 --replicates 500
  weir experiment simulate --counts constant --requests 1 --icc 0   # here the naive test is right
  weir experiment simulate --looks -1 -o json | jq .peeking_sequence`,
		Args: takes(0, 0),
	}
	output := a.form(cmd, "text", "json")
	cmd.RunE = func(*cobra.Command, []string) error {
		c := c
		c.P95, c.Harm = c.Metric != simulate.ErrorRate, c.Metric == simulate.ErrorRate
		if c.Requests.Kind == simulate.Pareto && c.Requests.Mean == 1 {
			c.Requests.Kind = simulate.Constant // a mean of one leaves nothing to be uneven
		}
		if err := c.Usual().Check(); err != nil {
			return usage(fmt.Errorf("simulate: %w", err))
		}
		r := simulate.Run(c, a.progress("simulating"))
		if output.word == "json" {
			return a.writeJSON(r)
		}
		return a.printSimulation(r)
	}
	f := cmd.Flags()
	f.StringVar(&c.Metric, "metric", simulate.Latency, "`METRIC` to simulate: latency, error_rate or cost_per_request")
	f.IntVar(&c.Users, "users", 300, "`NUMBER` of users in each variant")
	f.Float64Var(&c.Requests.Mean, "requests", 11, "`NUMBER` of requests that a user makes on average")
	f.StringVar(&c.Requests.Kind, "counts", simulate.Pareto, "`KIND` of their numbers: constant, poisson or pareto")
	f.Float64Var(&c.Requests.Shape, "shape", 2, "`SHAPE` of pareto counts: the smaller, the more few users dominate; above 1")
	f.Float64Var(&c.ICC, "icc", 0.3, "`CORRELATION` of one user's requests, from 0 to below 1")
	f.Float64Var(&c.Effect, "effect", 0, "relative `EFFECT` on the candidate: -0.1 is a tenth less; 0 is A/A")
	f.Float64Var(&c.Broken, "broken", 0, "`SHARE` of clients that always fail, of error_rate")
	f.IntVar(&c.Looks, "looks", 14, "`NUMBER` of looks while it runs; -1 for one at every request, 0 for none")
	f.IntVar(&c.Runs, "replicates", 1000, "`NUMBER` of experiments")
	f.Uint64Var(&c.Seed, "seed", 1, "`SEED`: the same gives the same figures")
	_ = cmd.RegisterFlagCompletionFunc("metric", cobra.FixedCompletions([]string{simulate.Latency, simulate.ErrorRate, simulate.Cost}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("counts", cobra.FixedCompletions([]string{simulate.Constant, simulate.Poisson, simulate.Pareto}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// progress shows how much is done, where there is a terminal to show it on; nil
// where there is none.
func (a *app) progress(doing string) func(done, total int) {
	if !a.terminal {
		return nil
	}
	var told time.Time
	return func(done, total int) {
		switch {
		case done == total:
			fmt.Fprint(a.err, "\r\033[K")
		case time.Since(told) > 100*time.Millisecond:
			told = time.Now()
			line := fmt.Sprintf("%s %s %s of %s", doing, bar(float64(done)/float64(total), 30), thousands(int64(done)), thousands(int64(total)))
			fmt.Fprint(a.err, "\r\033[K", cut(line, columns(a.err)))
		}
	}
}

// printSimulation prints a table of rates, and what it means.
func (a *app) printSimulation(r simulate.Result) error {
	c := r.Config
	fmt.Fprintf(a.out, "%s experiments on %s. Users: %s in each variant. Requests of a user: %s, mean %g%s,\n",
		thousands(int64(c.Runs)), c.Metric, thousands(int64(c.Users)), c.Requests.Kind, c.Requests.Mean, shapeText(c))
	fmt.Fprintf(a.out, "correlation %g. Seed %d. %s\n\n", c.ICC, c.Seed, effectLine(c))
	column := "FALSE ALARMS"
	if c.Effect != 0 {
		column = "FOUND"
	}
	var rows [][]string
	add := func(name string, rate *simulate.Rate, meant string) {
		if rate != nil && rate.Runs > 0 {
			rows = append(rows, []string{name, percent(rate.Value), percent(rate.Low) + " to " + percent(rate.High), meant})
		}
	}
	alpha, most := percent(c.Alpha), "at most "+percent(c.Alpha)
	harm := "at most " + percent(c.HarmAt)
	if c.Effect != 0 {
		alpha, most, harm = "", "", ""
	}
	add("t-test on requests (naive)", &r.Naive, alpha)
	add("Weir, by unit", &r.Unit, alpha)
	add("Weir, 95th percentile by unit", r.P95, alpha)
	add(looksText(c)+", naive stopping", r.Fixed, alpha)
	add(looksText(c)+", confidence sequence", r.Sequence, most)
	add("clock of harm, every request", r.Harm, harm)
	add("Weir's interval holds the truth", &r.Covers, percent(1-c.Alpha))
	if err := a.printTable(heads("METHOD", ">"+column, "MONTE CARLO ERROR (95 %)", "MEANT"), rows); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "\nWhat it means\n%s", meaning(r))
	return nil
}

func shapeText(c simulate.Config) string {
	if c.Requests.Kind == simulate.Pareto {
		return fmt.Sprintf(", shape %g", c.Requests.Shape)
	}
	return ""
}

func effectLine(c simulate.Config) string {
	if c.Effect == 0 {
		return "The variants are the same: whatever is found is a false alarm."
	}
	return fmt.Sprintf("The candidate differs by %+.3g %%.", 100*c.Effect)
}

func looksText(c simulate.Config) string {
	if c.Looks == simulate.Continuous {
		return "every request"
	}
	return count(c.Looks, "look")
}

// meaning says in plain words what the table shows.
func meaning(r simulate.Result) string {
	c, b := r.Config, &strings.Builder{}
	say := func(format string, args ...any) { fmt.Fprintf(b, "  - "+format+"\n", args...) }
	if r.Design > 1.2 {
		say("Requests of one user are alike, so they tell less than they seem to: the variance\n    of the difference is %.1f times what a test on requests believes.", r.Design)
	} else {
		say("Requests tell about as much as they seem to here: the variance of the difference\n    is %.1f times what a test on requests believes.", r.Design)
	}
	if c.Effect == 0 {
		say("A test on requests finds something in %s of experiments where there is nothing;\n    the test by unit in %s, where %s are meant.", percent(r.Naive.Value), percent(r.Unit.Value), percent(c.Alpha))
	} else {
		say("The test by unit finds this effect in %s of experiments. What the naive test\n    finds does not count: it would find as much where there is nothing.", percent(r.Unit.Value))
	}
	if r.Fixed != nil && c.Effect == 0 {
		say("Who looks again and again and stops at the first p < %g is wrong in %s;\n    the confidence sequence, which reports show before the look, in %s.", c.Alpha, percent(r.Fixed.Value), percent(r.Sequence.Value))
	}
	if r.Top > 0.05 {
		say("The busiest 1 %% of users make %s of the requests on average; %s of reports\n    warn that few dominate.", percent(r.Top), percent(r.Warned.Value))
	}
	if r.Unknown > 0 {
		say("%s determine no p-value.", count(r.Unknown, "experiment"))
	}
	return b.String()
}
