package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/client"
)

// applying is one weir apply.
type applying struct {
	app      *app
	remote   remote
	client   *client.Client
	path     string
	revision int // to restore; 0: definitions are read
	expect   int // -1: whichever
	note     string
	dryRun   bool
	wait     bool
	timeout  time.Duration
	form     string
}

func (a *app) applyCommand() *cobra.Command {
	p := applying{app: a, remote: remote{scope: "admin"}}
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "Put definitions in force, where the store owns them",
		Long: `Put a file or folder of definitions in force in the running Weir: all of it or
nothing. It becomes a numbered revision with who applied it, when and why; any
revision can be restored with --revision. What would change is shown first, and
with --dry-run that is all.

Where a file owns the definitions (weir serve -c) nothing is applied: the lines to
change in that file are printed, and the exit code is 6. So it is when somebody
else was first: --expect N refuses to replace any revision but that one.`,
		Example: `  weir apply -f weir.yaml --note "raise the share to 20%"
  weir apply -f conf --dry-run
  weir apply -f weir.yaml --expect 7 --wait
  weir apply --revision 6 --note "back to what worked"`,
		Args: takes(0, 0),
	}
	output := a.form(cmd, "text", "json", "yaml", "name")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		p.form = output.word
		if err := p.check(cmd); err != nil {
			return err
		}
		if p.client, err = p.remote.client(a); err != nil {
			return err
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		return p.run(ctx)
	}
	p.remote.flags(cmd)
	documentFlag(cmd, &p.path)
	f := cmd.Flags()
	f.IntVar(&p.revision, "revision", 0, "put the revision of this `NUMBER` in force again, instead of a file")
	f.IntVar(&p.expect, "expect", -1, "the `NUMBER` of the revision that must be in force; another one is a conflict")
	f.StringVar(&p.note, "note", "", "why, a `TEXT` that is kept with the revision")
	f.BoolVar(&p.dryRun, "dry-run", false, "say what would change and change nothing")
	f.BoolVar(&p.wait, "wait", false, "return when the status of the running Weir shows the revision")
	f.DurationVar(&p.timeout, "timeout", 30*time.Second, "`TIME` to wait at most: 30s")
	return cmd
}

func (p *applying) check(cmd *cobra.Command) error {
	set := cmd.Flags().Changed
	switch {
	case set("revision") && set("file"):
		return usage(errors.New("-f and --revision are two ways to say what to apply: give one"))
	case set("revision") && p.revision < 1:
		return usage(fmt.Errorf("--revision %d: revisions are numbered from 1", p.revision))
	case set("expect") && p.expect < 0:
		return usage(fmt.Errorf("--expect %d: it is the number of a revision, 0 when there is none yet", p.expect))
	case set("timeout") && !p.wait:
		return usage(errors.New("--timeout goes with --wait"))
	case p.timeout <= 0:
		return usage(errors.New("--timeout is above 0"))
	}
	return nil
}

func (p *applying) run(ctx context.Context) error {
	var d *document // nil: a revision that Weir has
	if p.revision == 0 {
		read, err := p.app.readDocument(p.path)
		if err != nil {
			return err
		}
		d = read
	}
	done, err := p.send(ctx, d)
	if err != nil {
		return p.mend(d, err)
	}
	if p.wait && done.Applied {
		if err := p.until(ctx, done.Revision); err != nil {
			return err
		}
	}
	return p.print(&done, d)
}

// mend says what to do about a change that was not confirmed. One without an answer
// may have been made: only Weir can tell.
func (p *applying) mend(d *document, err error) error {
	var weir *client.Error
	if errors.As(err, &weir) || unreachable(err) || p.dryRun {
		return p.app.mendDefinitions(&p.remote, d, err)
	}
	return advise(err, "no answer came, so it may have been applied or not: weir get revisions tells")
}

func (p *applying) send(ctx context.Context, d *document) (client.Applied, error) {
	var expect *int
	if p.expect >= 0 {
		expect = &p.expect
	}
	if d == nil {
		return p.client.Restore(ctx, p.revision, client.RestoreRequest{Expect: expect, Note: p.note, DryRun: p.dryRun})
	}
	return p.client.Apply(ctx, client.ApplyRequest{Files: d.files, Expect: expect, Note: p.note, DryRun: p.dryRun})
}

// pollEvery is how often the status is looked at.
const pollEvery = 200 * time.Millisecond

// until waits until the status shows the revision: behind a balancer it need not be
// the same process that applied it.
func (p *applying) until(ctx context.Context, want client.Revision) error {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	seen := "nothing"
	for {
		status, err := p.client.Status(ctx)
		switch {
		case err == nil && status.Revision == want.Hash:
			return nil
		case errors.Is(ctx.Err(), context.Canceled):
			return ctx.Err()
		case ctx.Err() != nil:
			err := fmt.Errorf("wait for revision %d: it is applied, and after %s the status shows %s", want.Number, p.timeout, seen)
			return advise(&exitErr{exitTimeout, err}, "weir doctor says what keeps it from being in force")
		case err != nil && !unreachable(err):
			return p.remote.mend(err)
		case err == nil:
			seen = "revision " + status.Revision
		}
		pause(ctx, pollEvery)
	}
}

func (p *applying) print(done *client.Applied, d *document) error {
	a := p.app
	if handled, err := a.printAs(p.form, done); handled {
		return err
	}
	if p.form == "name" {
		_, err := fmt.Fprintln(a.out, done.Revision.Number)
		return err
	}
	if err := a.printDiff(&done.Diff); err != nil {
		return err
	}
	a.printProblems(a.err, d, done.Problems)
	r := &done.Revision
	switch {
	case done.DryRun && !done.Changed:
		fmt.Fprintf(a.err, "nothing would change: revision %d says the same\n", r.Number)
	case done.DryRun:
		fmt.Fprintf(a.err, "nothing was changed: %s said differently than in revision %d\n", differences(len(done.Diff.Changes)), r.Number)
		fmt.Fprintf(a.err, "next: the same without --dry-run, with --expect %d\n", r.Number)
	case !done.Changed:
		fmt.Fprintf(a.err, "nothing changed: revision %d, in force since %s, says the same\n", r.Number, r.Time.Local().Format(clockFormat))
	default:
		fmt.Fprintf(a.err, "revision %d is in force: %s\n", r.Number, plain(r.Hash))
		fmt.Fprintf(a.err, "next: weir get routes -o wide shows what goes where, weir apply --revision %d goes back\n", max(r.Number-1, 1))
	}
	return nil
}
