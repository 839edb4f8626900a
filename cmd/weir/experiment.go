package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/client"
)

func (a *app) experimentCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "experiment",
		Short: "Start, watch, stop and compute experiments",
		Long: `An experiment that declares a primary metric is a plan: a draft until it is
started, running until it is decided or stopped, and over for good then. A new
epoch begins anew, with units drawn anew.

  weir power ROUTE              what the route's traffic can show
  weir experiment start NAME    refused when it would probably find nothing
  weir experiment results NAME  what it shows so far, and what would change that
  weir experiment stop NAME     everybody gets the baseline`,
	}
	group(cmd)
	cmd.AddCommand(a.experimentListCommand(), a.experimentStartCommand(), a.experimentStopCommand(), a.experimentResumeCommand(),
		a.experimentResultsCommand(), a.experimentAnalyzeCommand(), a.experimentSimulateCommand())
	return cmd
}

func (a *app) experimentListCommand() *cobra.Command {
	var r remote
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List experiments, where each is in its life and what it came to",
		Long: `List the experiments that are defined, where each is in its life, since when, and
what it came to. One without a primary metric is open: it shares units out as long
as it is defined, and is never decided.`,
		Example: "  weir experiment list\n  weir experiment list -o json | jq '.[] | select(.phase == \"running\")'",
		Args:    takes(0, 0),
	}
	output := a.form(cmd, "table", "json", "yaml", "name")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := r.client(a)
		if err != nil {
			return err
		}
		list, err := c.Experiments(contextOf(cmd))
		if err != nil {
			return r.mend(err)
		}
		return a.printExperiments(list, output.word)
	}
	r.flags(cmd)
	return cmd
}

func (a *app) printExperiments(list []client.Experiment, form string) error {
	if handled, err := a.printAs(form, list); handled || err != nil {
		return err
	}
	if form == "name" {
		for i := range list {
			fmt.Fprintln(a.out, plain(list[i].Name))
		}
		return nil
	}
	var rows [][]string
	for i := range list {
		e := &list[i]
		since, verdict := "", "nothing is decided"
		if e.Primary != "" {
			verdict = ""
		}
		if !e.Since.IsZero() {
			since = e.Since.Local().Format("2006-01-02 15:04")
		}
		if e.Verdict != "" {
			verdict = e.Verdict
		}
		rows = append(rows, []string{e.Name, e.Route, fmt.Sprint(e.Epoch), e.Phase, since, e.Primary, verdict})
	}
	if len(list) == 0 {
		fmt.Fprintln(a.err, "no experiments are defined; docs/how-to/experiment.md begins one")
		return nil
	}
	return a.printTable(heads("EXPERIMENT", "ROUTE", ">EPOCH", "PHASE", "SINCE", "PRIMARY", "VERDICT"), rows)
}

func (a *app) experimentStartCommand() *cobra.Command {
	r := remote{scope: "operate"}
	var q client.StartRequest
	cmd := &cobra.Command{
		Use:   "start NAME",
		Short: "Begin an experiment that is a draft",
		Long: `Begin an experiment that is a draft. Before it begins, what the route's own traffic
could show is computed from its record; with less power than the plan asks for it
is refused, since it would probably find nothing. --force begins all the same; the
note is kept with the decision and stands in every report.`,
		Example: "  weir experiment start cheaper-model\n  weir experiment start cheaper-model --force --note \"a smoke test, nobody decides on it\"",
		Args:    takes(1, 1),
	}
	output := a.form(cmd, "text", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := r.client(a)
		if err != nil {
			return err
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		got, err := c.StartExperiment(ctx, args[0], q)
		if err != nil {
			return r.mend(err)
		}
		if handled, err := a.printAs(output.word, got); handled || err != nil {
			return err
		}
		fmt.Fprintf(a.out, "%s is running since %s\n", plain(args[0]), got.State.Started.Local().Format(time.DateTime))
		if got.State.Units > 0 {
			fmt.Fprintf(a.out, "it is decided at %d units of each variant\n", got.State.Units)
		}
		fmt.Fprintln(a.out, plain(got.Prospect.Why))
		fmt.Fprintf(a.err, "next: weir experiment results %s\n", args[0])
		return nil
	}
	r.flags(cmd)
	cmd.Flags().BoolVar(&q.Force, "force", false, "begin although it would probably find nothing; needs --note")
	cmd.Flags().StringVar(&q.Note, "note", "", "`WHY`; kept with the decision")
	return cmd
}

// moveOf is one of the moves of an experiment that take a note.
type moveOf func(*client.Client, context.Context, string, string) (client.PlanState, error)

func (a *app) moveCommand(use, short, long, done string, move moveOf) *cobra.Command {
	r := remote{scope: "operate"}
	var note string
	cmd := &cobra.Command{Use: use + " NAME", Short: short, Long: long, Example: "  weir experiment " + use + " cheaper-model --note \"why\"", Args: takes(1, 1)}
	output := a.form(cmd, "text", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := r.client(a)
		if err != nil {
			return err
		}
		s, err := move(c, contextOf(cmd), args[0], note)
		if err != nil {
			return r.mend(err)
		}
		if handled, err := a.printAs(output.word, s); handled || err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "%s %s\n", plain(args[0]), done)
		return err
	}
	r.flags(cmd)
	cmd.Flags().StringVar(&note, "note", "", "`WHY`; kept with the decision")
	return cmd
}

func (a *app) experimentStopCommand() *cobra.Command {
	return a.moveCommand("stop", "End an experiment: everybody gets the baseline",
		`End an experiment: everybody gets the baseline, at once and with the database away
too. It is over for good: its report stays, and a new epoch begins anew.`,
		"is stopped: its route is served the baseline", (*client.Client).StopExperiment)
}

func (a *app) experimentResumeCommand() *cobra.Command {
	return a.moveCommand("resume", "Let an experiment go on that a bound has paused",
		"Let an experiment go on that one of its bounds has paused.", "is running again", (*client.Client).ResumeExperiment)
}

func (a *app) experimentResultsCommand() *cobra.Command {
	var r remote
	var q client.ResultsQuery
	var watch bool
	cmd := &cobra.Command{
		Use:   "results NAME",
		Short: "Show what an experiment shows: estimates, intervals, doubts, verdict",
		Long: `Show what an experiment shows: units and requests of each variant, whether the
split is right, each metric with its interval, and a verdict with what would change
it. While it runs the intervals are confidence sequences, which stay valid however
often they are looked at; the decision is taken once.

-o html writes one page that needs nothing else, with pictures, for a browser.`,
		Example: `  weir experiment results cheaper-model
  weir experiment results cheaper-model -w
  weir experiment results cheaper-model --full -o html > report.html
  weir experiment results cheaper-model -o json | jq .verdict`,
		Args: takes(1, 1),
	}
	output := a.form(cmd, "text", "json", "markdown", "html")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if watch && output.word != "text" {
			return usage(fmt.Errorf("--watch shows text, not %s: leave --watch or --output out", output.word))
		}
		c, err := r.client(a)
		if err != nil {
			return err
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		if watch {
			return r.mend(a.watchResults(ctx, c, args[0], q))
		}
		text, err := results(ctx, c, args[0], output.word, q)
		if err != nil {
			return r.mend(err)
		}
		_, err = fmt.Fprint(a.out, text)
		return err
	}
	r.flags(cmd)
	f := cmd.Flags()
	f.BoolVarP(&watch, "watch", "w", false, "show it again and again, until Ctrl-C")
	f.IntVar(&q.Epoch, "epoch", 0, "an earlier `EPOCH` (default the defined one)")
	f.BoolVar(&q.Full, "full", false, "read every unit: segments, and whether the result rests on few of them")
	return cmd
}

// results gives a report in a form.
func results(ctx context.Context, c *client.Client, name, form string, q client.ResultsQuery) (string, error) {
	if form == "json" {
		r, err := c.Results(ctx, name, q)
		var b bytes.Buffer
		if json.Indent(&b, r, "", "  ") != nil {
			return string(r) + "\n", err
		}
		return b.String() + "\n", err
	}
	text, err := c.ResultsAs(ctx, name, form, q)
	if form != "html" {
		text = plainLines(text)
	}
	return text, err
}

// watchEveryResult is the pause between two reports.
const watchEveryResult = 5 * time.Second

// watchResults shows a report again and again. On a terminal each takes the place
// of the one before.
func (a *app) watchResults(ctx context.Context, c *client.Client, name string, q client.ResultsQuery) error {
	for {
		text, err := results(ctx, c, name, "text", q)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if a.terminal {
			fmt.Fprint(a.out, "\x1b[H\x1b[2J")
		}
		fmt.Fprintf(a.out, "%s\n%s", time.Now().Format(time.TimeOnly), strings.TrimRight(text, "\n")+"\n")
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(watchEveryResult):
		}
	}
}
