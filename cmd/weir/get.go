package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/fault"
)

// getting is one look at what a running Weir has.
type getting struct {
	app      *app
	remote   remote
	client   *client.Client
	kind     *kind
	name     string // "": all of the kind
	limit    int
	from, to time.Time // of what went where; zero: the last day
	form     string
}

// wide reports whether the form asked for has what costs more to find out.
func (g *getting) wide() bool { return g.form != "table" && g.form != "name" }

// kind is one sort of things that can be looked at.
type kind struct {
	name, one string // "routes", "route"
	about     string
	find      func(context.Context, *getting) (*listing, error)
	describe  func(context.Context, *getting, *thing, *details) error // nil: get says it all
}

// listing is what was found, of one kind.
type listing struct {
	columns []column // of both forms
	narrow  int      // how many of them a table has; wide has all
	things  []thing
	notes   []string // what has to be said beside the table
	partial *client.Partial
}

// thing is one of them. Its first row stands in a table, all of its rows in a wide one.
type thing struct {
	name  string
	value any
	rows  [][]string
	text  string // as it was written: the form yaml of definitions
}

// allKinds is the table of what there is to get.
var allKinds = []kind{
	{"routes", "route", "what applications ask for, what answers, and what went where", findRoutes, describeRoute},
	{"models", "model", "what answers: ready or not, its price, its servers' queues", findModels, describeModel},
	{"experiments", "experiment", "how units are shared among variants", findExperiments, describeExperiment},
	{"metrics", "metric", "the numbers that experiments can be judged by", findMetrics, nil},
	{"budgets", "budget", "what may be spent, and what was", findBudgets, describeBudget},
	{"keys", "key", "who may call; never a token", findKeys, nil},
	{"definitions", "definition", "the files in force, as they were written", findDefinitions, nil},
	{"revisions", "revision", "what was in force, by whom and why", findRevisions, describeRevision},
	{"decisions", "decision", "what was done, by whom and why; NAME is a subject", findDecisions, describeDecision},
	{"store", "store", "what keeps records, and how far behind it is", findStore, describeStore},
}

// kindNamed finds a kind by either of its names.
func kindNamed(word string) (*kind, error) {
	var known []string
	for i := range allKinds {
		if k := &allKinds[i]; word == k.name || word == k.one {
			return k, nil
		}
		known = append(known, allKinds[i].name)
	}
	return nil, usage(fmt.Errorf("there is no kind %s: %s", shown(word), meantOf(word, known)))
}

// kindsText lists the kinds for help texts.
func kindsText() string {
	var b strings.Builder
	for _, k := range allKinds {
		fmt.Fprintf(&b, "\n  %-12s %s", k.name, k.about)
	}
	return b.String()
}

func (a *app) getCommand() *cobra.Command {
	g := getting{app: a}
	var from, to string
	cmd := &cobra.Command{
		Use:   "get KIND [NAME]",
		Short: "List what a running Weir has: routes, models, revisions, and more",
		Long: `List what a running Weir has, or the one of that NAME. KIND is
` + kindsText() + `

-o wide of routes shows, by variant and endpoint, how many requests were assigned,
sent and answered, and whether units are split as they should be; of models their
price's source and what their servers say of queue, KV cache and GPU.

JSON and YAML are lists of what the admin API answers; of one NAME, the thing.`,
		Example: `  weir get routes -o wide
  weir get models
  weir get revisions -n 5
  weir get definitions -o yaml > weir.yaml
  weir get experiments -o json | jq '.[].arms'`,
		Args: takes(1, 2),
	}
	output := a.form(cmd, "table", "wide", "json", "yaml", "name")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		g.form = output.word
		if err := g.begin(args, from, to); err != nil {
			return err
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		return g.remote.mend(g.run(ctx))
	}
	g.flags(cmd, &from, &to)
	cmd.Flags().IntVarP(&g.limit, "limit", "n", 50, "at most this `NUMBER` of revisions or decisions, the newest")
	return cmd
}

func (g *getting) flags(cmd *cobra.Command, from, to *string) {
	g.remote.flags(cmd)
	cmd.Flags().StringVar(from, "from", "", "what went where since this `TIME` (default 24h): "+momentAbout)
	cmd.Flags().StringVar(to, "to", "", "what went where before this `TIME` (default now)")
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		var names []string
		for i := range allKinds {
			if len(args) == 0 {
				names = append(names, allKinds[i].name)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// begin reads what the command line says.
func (g *getting) begin(args []string, from, to string) (err error) {
	if g.kind, err = kindNamed(args[0]); err != nil {
		return err
	}
	if len(args) == 2 {
		g.name = args[1]
	}
	now := time.Now()
	if g.from, err = moment("--from", from, time.Local, now); err != nil {
		return err
	}
	if g.to, err = moment("--to", to, time.Local, now); err != nil {
		return err
	}
	if g.limit < 1 {
		return usage(fmt.Errorf("--limit %d: it is at least 1", g.limit))
	}
	g.client, err = g.remote.client(g.app)
	return err
}

// found gives the things that are asked for: all of the kind, or those of a name.
func (g *getting) found(ctx context.Context) (*listing, error) {
	l, err := g.kind.find(ctx, g)
	if err == nil && g.name != "" {
		l.things, err = g.named(l.things)
	}
	return l, err
}

func (g *getting) run(ctx context.Context) error {
	l, err := g.found(ctx)
	if err != nil {
		return err
	}
	return g.print(l)
}

// named keeps the things of the name, of which there are several only where a name
// stands for a group.
func (g *getting) named(all []thing) ([]thing, error) {
	var found []thing
	var known []string
	for _, t := range all {
		if t.name == g.name {
			found = append(found, t)
		}
		known = append(known, t.name)
	}
	if len(found) > 0 {
		return found, nil
	}
	err := &exitErr{exitNotFound, fmt.Errorf("there is no %s %s", g.kind.one, shown(g.name))}
	switch near := fault.Nearest(g.name, known); {
	case near != "":
		return nil, advise(err, "did you mean %q?", plain(near))
	case len(known) == 0:
		return nil, advise(err, "there are none at all")
	}
	slices.Sort(known)
	known = slices.Compact(known)
	return nil, advise(err, "there are: %s", plain(strings.Join(known[:min(len(known), 20)], ", ")))
}

func (g *getting) print(l *listing) error {
	a := g.app
	defer a.lacks(l.partial)
	switch g.form {
	case "name":
		for _, t := range l.things {
			if _, err := fmt.Fprintln(a.out, plain(t.name)); err != nil {
				return err
			}
		}
		return nil
	case "json", "yaml":
		return g.printValues(l.things)
	}
	if err := g.printRows(l); err != nil {
		return err
	}
	for _, n := range l.notes {
		fmt.Fprintln(a.err, plainLines(n))
	}
	return nil
}

func (g *getting) printRows(l *listing) error {
	if len(l.things) == 0 {
		fmt.Fprintf(g.app.err, "there are no %s\n", g.kind.name)
		return nil
	}
	columns, rows := l.columns, [][]string{}
	if g.form == "table" {
		columns = columns[:l.narrow]
	}
	for _, t := range l.things {
		for i, row := range t.rows {
			if g.form == "wide" || i == 0 {
				rows = append(rows, row[:len(columns)])
			}
		}
	}
	return g.app.printTable(columns, rows)
}

// printValues prints things as data: a list, or the one that was named. What was
// written as YAML is printed as it was written.
func (g *getting) printValues(things []thing) error {
	if g.form == "yaml" && len(things) > 0 && things[0].text != "" {
		return g.printTexts(things)
	}
	var v any
	if g.name != "" && len(things) == 1 {
		v = things[0].value
	} else {
		list := make([]any, len(things))
		for i := range things {
			list[i] = things[i].value
		}
		v = list
	}
	_, err := g.app.printAs(g.form, v)
	return err
}

func (g *getting) printTexts(things []thing) error {
	for i, t := range things {
		head := ""
		if len(things) > 1 {
			head = "# " + plain(t.name) + "\n"
		}
		if i > 0 {
			head = "---\n" + head
		}
		if _, err := fmt.Fprintf(g.app.out, "%s%s\n", head, strings.TrimRight(plainLines(t.text), "\n")); err != nil {
			return err
		}
	}
	return nil
}
