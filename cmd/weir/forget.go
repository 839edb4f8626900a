package main

import (
	"bufio"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/client"
)

// unitKinds are what a unit can be.
var unitKinds = []string{"user", "session", "key"}

func (a *app) forgetCommand() *cobra.Command {
	r := remote{scope: "admin"}
	q := client.ForgetRequest{}
	var yes bool
	cmd := &cobra.Command{
		Use:   "forget UNIT",
		Short: "Erase what is kept of a person",
		Long: `Erase what is kept of a unit: its requests, what was asked and answered, scores,
and its rows in experiments, whose reports follow. UNIT is the id as callers send
it; a dash reads it from standard input, so that it is not in the shell's history.
It cannot be undone, and without --yes nothing is erased: you are told whether
there is anything.

Money stays: the ledger names no unit. So do backups made before, and the memory of
recent requests until others take their place. That somebody was forgotten is kept,
with the note, but not who.`,
		Example:           "  weir forget user-42 --note \"request 17\"\n  weir forget user-42 --yes --note \"request 17\"\n  weir forget - --kind session --yes",
		Args:              takes(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	output := a.form(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if q.ID, q.Kind, err = a.unitOf(args[0], q.Kind); err != nil {
			return err
		}
		c, err := r.client(a)
		if err != nil {
			return err
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		q.DryRun = !yes
		gone, err := c.Forget(ctx, q)
		if err != nil {
			return r.mend(err)
		}
		return a.printForgotten(&gone, q.Kind, output.word)
	}
	r.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&q.Kind, "kind", "user", "`KIND` of the unit: "+strings.Join(unitKinds, ", "))
	f.StringVar(&q.Note, "note", "", "why, a `TEXT` that is kept: the number of a request, never the id")
	f.BoolVar(&yes, "yes", false, "erase it")
	_ = cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(unitKinds, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// unitOf reads the unit, which may carry its kind: session:abc. What stands before
// a colon and is no kind belongs to the id.
func (a *app) unitOf(word, kind string) (string, string, error) {
	if word == "-" {
		line, err := bufio.NewReader(a.in).ReadString('\n')
		if word = strings.TrimSpace(line); word == "" {
			return "", "", usage(errors.Join(errors.New("standard input holds no unit"), err))
		}
	}
	for _, k := range unitKinds {
		if id, ok := strings.CutPrefix(word, k+":"); ok {
			return id, k, nil
		}
	}
	if !slices.Contains(unitKinds, kind) {
		return "", "", usage(fmt.Errorf("--kind %s: %s", shown(kind), meantOf(kind, unitKinds)))
	}
	return word, kind, nil
}

func (a *app) printForgotten(f *client.Forgotten, kind, form string) error {
	handled, err := a.printAs(form, f)
	switch {
	case err != nil:
		return err
	case f.DryRun:
		text := "nothing is kept of that " + kind
		if f.Found {
			text = "there is something kept of that " + kind
		}
		return advise(usage(fmt.Errorf("nothing was erased: %s, and --yes is missing", text)), "the same with --yes erases it for good: events, bodies, scores and rows of experiments")
	case handled:
		return nil
	}
	d := details{w: a.out}
	d.head("erased of that " + kind)
	for _, n := range []struct {
		name  string
		count int64
	}{{"events", f.Events}, {"bodies", f.Bodies}, {"scores", f.Scores}, {"exposures", f.Exposures}, {"rows of sums", f.Units}} {
		d.line(n.name, thousands(n.count))
	}
	if !f.Found {
		fmt.Fprintln(a.err, "nothing was kept of it: is it the id as callers send it, and the kind?")
	}
	fmt.Fprintln(a.err, plain("what stays: "+f.Note))
	return d.err
}
