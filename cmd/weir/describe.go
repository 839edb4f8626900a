package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) describeCommand() *cobra.Command {
	g := getting{app: a, limit: maxPage}
	var from, to string
	cmd := &cobra.Command{
		Use:   "describe KIND NAME",
		Short: "Say all that is known of one route, model, revision or other thing",
		Long: `Say all that is known of one thing, in full: nothing is cut to fit a column.
KIND is
` + kindsText() + `

Of the store there is one: weir describe store.`,
		Example: "  weir describe route support\n  weir describe model sonnet\n  weir describe revision 7\n  weir describe store",
		Args:    takes(1, 2),
	}
	output := a.form(cmd, "text", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		g.form = output.word
		if err := g.begin(args, from, to); err != nil {
			return err
		}
		if g.name == "" && g.kind.name != "store" {
			return advise(usage(errors.New("NAME is missing: "+cmd.UseLine())), "weir get %s -o name lists them", g.kind.name)
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		return g.remote.mend(g.describe(ctx))
	}
	g.flags(cmd, &from, &to)
	return cmd
}

// describe prints each thing of the name in full.
func (g *getting) describe(ctx context.Context) error {
	l, err := g.found(ctx)
	if err != nil {
		return err
	}
	defer g.app.lacks(l.partial)
	if g.form != "text" {
		return g.printValues(l.things)
	}
	d := details{w: g.app.out}
	for i := range l.things {
		if g.kind.describe == nil {
			g.listed(l, &l.things[i], &d)
		} else if err := g.kind.describe(ctx, g, &l.things[i], &d); err != nil {
			return err
		}
	}
	return d.err
}

// listed shows what a wide table has, one a line, and what was written, whole.
func (g *getting) listed(l *listing, t *thing, d *details) {
	d.head(g.kind.one + " " + t.name)
	for i, c := range l.columns {
		if i > 0 {
			d.line(strings.ToLower(c.head), t.rows[0][i])
		}
	}
	if t.text != "" {
		d.text(t.text)
	}
}
