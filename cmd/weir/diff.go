package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/client"
)

func (a *app) diffCommand() *cobra.Command {
	var r remote
	var path string
	cmd := &cobra.Command{
		Use:   "diff",
		Short: "Compare definitions with those in force",
		Long: `Compare a file or folder of definitions with what the running Weir has in force,
line by line, and say who may change that: the store, by weir apply, or a file,
where it is. So it also shows that a file and the store have drifted apart.

What counts is what definitions say. Layout, comments and defaults that are written
out are shown as lines, and are no difference.

Exit code 0 when they say the same, 3 when they do not.`,
		Example: "  weir diff -f weir.yaml\n  weir diff -f conf -o json | jq .diff.changes\n  weir diff -f weir.yaml -o name",
		Args:    takes(0, 0),
	}
	output := a.form(cmd, "text", "json", "yaml", "name")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		d, err := a.readDocument(path)
		if err != nil {
			return err
		}
		c, err := r.client(a)
		if err != nil {
			return err
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		return a.diff(ctx, c, &r, d, output.word)
	}
	r.flags(cmd)
	documentFlag(cmd, &path)
	return cmd
}

func (a *app) diff(ctx context.Context, c *client.Client, r *remote, d *document, form string) error {
	got, err := c.Diff(ctx, d.files)
	if err != nil {
		return a.mendDefinitions(r, d, err)
	}
	if handled, err := a.printAs(form, got); handled {
		if err != nil {
			return err
		}
	} else if err := a.printCompared(&got, d, form); err != nil {
		return err
	}
	if !got.Diff.Equal {
		return exit(exitFindings)
	}
	return nil
}

func (a *app) printCompared(got *client.Compared, d *document, form string) error {
	if form == "name" {
		for _, c := range got.Diff.Changes {
			if _, err := fmt.Fprintln(a.out, plain(c.Path)); err != nil {
				return err
			}
		}
		return nil
	}
	if err := a.printDiff(&got.Diff); err != nil {
		return err
	}
	a.printProblems(a.err, d, got.Problems)
	fmt.Fprintln(a.err, plain("in force: "+inForceText(got.Owner, got.Source, &got.Revision)))
	switch {
	case got.Diff.Equal && got.Diff.Text != "":
		fmt.Fprintln(a.err, "they say the same: only layout, comments or defaults differ")
	case got.Diff.Equal:
		fmt.Fprintln(a.err, "they say the same")
	case got.Owner == "store":
		fmt.Fprintf(a.err, "%s said differently\nnext: weir apply, or weir get definitions -o yaml for what is in force\n", differences(len(got.Diff.Changes)))
	default:
		fmt.Fprintf(a.err, "%s said differently\nnext: change %s, which is read again when it changes\n", differences(len(got.Diff.Changes)), plain(ownerText(got.Owner, got.Source)))
	}
	return nil
}

// differences counts things.
func differences(n int) string {
	if n == 1 {
		return "1 thing is"
	}
	return fmt.Sprintf("%d things are", n)
}

// inForceText says which definitions are in force, whose they are and since when.
func inForceText(owner, source string, r *client.Revision) string {
	text := "a revision that was not kept yet"
	if r.Number > 0 {
		text = fmt.Sprintf("revision %d", r.Number)
	}
	text += " of " + ownerText(owner, source)
	if !r.Time.IsZero() {
		text += ", since " + r.Time.Local().Format(clockFormat)
	}
	if r.Author != "" && owner == "store" {
		text += ", by " + r.Author
	}
	return text
}

func ownerText(owner, source string) string {
	switch owner {
	case "file":
		return "the file " + source
	case "environment":
		return "the environment of the process"
	}
	return "the " + owner
}

// printDiff prints lines in unified form, coloured for people.
func (a *app) printDiff(d *client.Diff) error {
	colour := mayColour(a.out)
	for line := range strings.Lines(plainLines(d.Text)) {
		if _, err := io.WriteString(a.out, coloured(line, colour)); err != nil {
			return err
		}
	}
	if d.Text != "" && !strings.HasSuffix(d.Text, "\n") {
		_, err := fmt.Fprintln(a.out)
		return err
	}
	return nil
}

// mayColour reports whether w is a terminal that a person reads and that may have
// colours.
func mayColour(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isTerminal(f)
}

// coloured marks a line of a diff: green what comes, red what goes. The sign at its
// beginning says the same without colour.
func coloured(line string, colour bool) string {
	code := ""
	switch {
	case !colour:
	case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"):
		code = "1"
	case strings.HasPrefix(line, "+"):
		code = "32"
	case strings.HasPrefix(line, "-"):
		code = "31"
	case strings.HasPrefix(line, "@@"):
		code = "36"
	}
	if code == "" {
		return line
	}
	return "\x1b[" + code + "m" + strings.TrimSuffix(line, "\n") + "\x1b[0m\n"
}
