package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/admin"
)

func (a *app) explainCommand() *cobra.Command {
	var r remote
	var config, at string
	q := client.ExplainRequest{}
	cmd := &cobra.Command{
		Use:   "explain ROUTE [UNIT]",
		Short: "Say which variant a unit gets, and why",
		Long: `Say which variant a unit gets on a route, which of its parameters win over the
caller's, and each step that led there: the same function that assigns live
requests is asked. By default the running Weir answers; with -c the definitions
in a file, with nothing running; with --at the definitions that were in force then.

UNIT is who asks, as the route's unit lists it: a user, a session or a key.
Without it the unit is taken from --header and --as, as a request's would be.
Where keys are declared, --variant and overrides that are not open need
--may-force, as a caller's key needs scope force. Pins of conversations travel
with the client and are not asked here.`,
		Example: `  weir explain support user-42
  weir explain support --header x-user-id=user-42 --header x-user-group=beta-testers
  weir explain support user-42 -c weir.yaml -o json
  weir explain support user-42 --at 2026-01-31T15:04
  for u in ada bob eve; do weir explain support $u -o name; done`,
		Args:              takes(1, 2),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	output := a.form(cmd, "text", "json", "name")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		q.Route = args[0]
		if len(args) == 2 {
			q.Unit = args[1]
		}
		var err error
		if q.At, err = moment("--at", at, time.Local, time.Now()); err != nil {
			return err
		}
		if config != "" && at != "" {
			return usage(errors.New("--at asks the running Weir, which keeps what was in force; -c asks a file: give one"))
		}
		x, err := a.explain(contextOf(cmd), config, &r, q)
		if err != nil {
			return err
		}
		return a.printExplanation(&x, output.word)
	}
	r.flags(cmd)
	f := cmd.Flags()
	f.StringVarP(&config, "config", "c", "", "ask the definitions in this `FILE` or folder, not a running Weir")
	f.StringVar(&at, "at", "", "by the definitions in force at this `TIME`: "+momentAbout)
	f.StringVar(&q.Kind, "kind", "", "`KIND` of the unit: user, session or key (default the route's)")
	q.Headers = map[string]string{}
	f.Var(headers(q.Headers), "header", "a header of the request; may be repeated")
	f.StringVar(&q.Key, "as", "", "`NAME` of the key that calls")
	f.StringSliceVar(&q.Groups, "groups", nil, "`LIST` of groups of the key that calls, with commas")
	f.StringVar(&q.Forced, "variant", "", "`NAME` of the variant that the caller forces")
	f.BoolVar(&q.MayForce, "may-force", false, "the key that calls has scope force")
	_ = cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions([]string{"user", "session", "key"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// contextOf is the command's context, which is nil when none was given.
func contextOf(cmd *cobra.Command) context.Context {
	if ctx := cmd.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}

// explain asks the running Weir, or a file.
func (a *app) explain(ctx context.Context, config string, r *remote, q client.ExplainRequest) (client.Explanation, error) {
	if config != "" {
		return a.explainOffline(config, q)
	}
	c, err := r.client(a)
	if err != nil {
		return client.Explanation{}, err
	}
	x, err := c.Explain(ctx, q)
	return x, r.mend(err)
}

// explainOffline asks definitions that nobody is running, by the function that
// the admin API answers with.
func (a *app) explainOffline(config string, q client.ExplainRequest) (out client.Explanation, err error) {
	src, err := a.findSource(config)
	if err != nil {
		return out, err
	}
	l, _, err := src.load()
	if err != nil {
		return out, err
	}
	c := l.compiled
	var ask admin.ExplainRequest
	if err := recast(q, &ask); err != nil {
		return out, err
	}
	x, err := admin.Explain(c.Set, &ask, len(c.Keys) == 0)
	if err != nil {
		return out, err
	}
	return out, recast(x, &out)
}

// recast turns a type of the admin API into the client's of the same JSON, or back.
func recast(from, to any) error {
	b, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, to)
}

func (a *app) printExplanation(x *client.Explanation, output string) error {
	switch output {
	case "json":
		return a.writeJSON(x)
	case "name":
		_, err := fmt.Fprintln(a.out, plain(x.Variant))
		return err
	}
	who := "no unit"
	if x.Unit != "" {
		who = fmt.Sprintf("%s %q", x.Kind, x.Unit)
	}
	d := details{w: a.out}
	d.head(fmt.Sprintf("%s on route %s gets %s", who, x.Route, x.Variant))
	d.line("why", x.Reason)
	d.line("model", x.Model)
	d.line("enrolled", enrolledText(x.Enrolled))
	d.line("probability", fmt.Sprintf("%.4g", x.Probability))
	if x.Experiment != "" {
		d.line("experiment", fmt.Sprintf("%s, epoch %d", x.Experiment, x.Epoch))
	}
	d.line("revision", x.Revision)
	if !x.At.IsZero() {
		d.line("asked about", x.At.Local().Format(clockFormat))
		d.line("in force", fmt.Sprintf("revision %d, since %s", x.Number, x.Since.Local().Format(clockFormat)))
	}
	d.line("parameters", strings.Join(x.Parameters, "\n"))
	d.line("doubt", x.Doubt)
	d.head("steps")
	for _, s := range x.Steps {
		d.line(s.Name, s.Text)
	}
	return d.err
}

func enrolledText(yes bool) string {
	if yes {
		return "yes: it enters the statistics"
	}
	return "no: it stays out of the statistics"
}

// details prints facts under headings, one a line: what it is, then how it is.
// What it prints is from elsewhere, so it is made harmless here.
type details struct {
	w   io.Writer
	err error // of the first write that failed
}

func (d *details) head(text string) {
	if d.err == nil {
		_, d.err = fmt.Fprintln(d.w, plain(text))
	}
}

// line leaves out what is empty. A text of several lines keeps its column.
func (d *details) line(name, text string) {
	for i, l := range strings.Split(text, "\n") {
		if i > 0 {
			name = ""
		}
		if text != "" && d.err == nil {
			_, d.err = fmt.Fprintf(d.w, "  %-13s %s\n", plain(name), plain(l))
		}
	}
}

// text prints what was written elsewhere, line by line, below a heading.
func (d *details) text(text string) {
	for line := range strings.Lines(text) {
		if d.err == nil {
			_, d.err = fmt.Fprintf(d.w, "  %s\n", strings.TrimRight(plainLines(line), "\n"))
		}
	}
}
