package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
)

// outcomes are the words that --outcome takes: those of package event.
var outcomes = func() (words []string) {
	for o := event.Outcome(0); o.String() != event.Outcome(math.MaxUint8).String(); o++ {
		words = append(words, o.String())
	}
	return words
}()

func (a *app) logsCommand() *cobra.Command {
	l := logs{app: a}
	var since time.Duration
	var from, to string
	cmd := &cobra.Command{
		Use:   "logs [ID]",
		Short: "Show requests: who got what, and how it ended",
		Long: `Show the newest requests that the running Weir has kept, oldest first: those in its
store, 90 days of them unless definitions say otherwise, and those that ended a
moment ago. With ID, which is Weir's id of a request, the caller's own or the
reply's, show all that is known of it: attempts, parameters, times, tokens. Bodies
are not shown: see weir trace. The JSON is that of the admin API: Event in its
/openapi.json.

A request enters the list when it ends, so one that is still being answered is
not there yet. While the store is away only recent ones are listed, and that is
said.`,
		Example: `  weir logs
  weir logs -f --route support
  weir logs --outcome timeout --since 10m -o wide
  weir logs --tag team=search --from 2026-01-31 --to 2026-02-01
  weir logs --unit user:ada -o jsonl
  weir logs 0198c0de-7c1a-7e50-9a3f-2b6d4c8e1f00
  weir logs -n 1000 -o json | jq 'group_by(.model) | map({(.[0].model): length}) | add'`,
		Args:              takes(0, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	output := a.form(cmd, "table", "wide", "detail", "json", "jsonl", "name")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if len(args) == 1 {
			l.query.ID = args[0]
		}
		if since > 0 {
			l.query.Since = time.Now().Add(-since)
		}
		if err := l.window(from, to, since); err != nil {
			return err
		}
		l.form = output.word
		if l.query.ID != "" && !cmd.Flags().Changed("output") {
			l.form = "detail"
		}
		if err := l.check(cmd); err != nil {
			return err
		}
		if l.client, err = l.remote.client(a); err != nil {
			return err
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		return l.remote.mend(l.run(ctx))
	}
	l.remote.flags(cmd)
	f := cmd.Flags()
	f.BoolVarP(&l.follow, "follow", "f", false, "go on as requests end, until Ctrl-C")
	f.StringVar(&l.query.Route, "route", "", "only this `ROUTE`")
	f.StringVar(&l.query.Variant, "variant", "", "only the variant of this `NAME`")
	f.StringVar(&l.query.Outcome, "outcome", "", "only this `OUTCOME`: "+strings.Join(outcomes, ", "))
	f.StringVar(&l.query.Key, "caller", "", "only the caller whose key has this `NAME`")
	f.StringVar(&l.query.Model, "model", "", "only what this `MODEL` of the definitions answered")
	f.StringVar(&l.query.Tag, "tag", "", "only those with this `TAG`: team=search")
	f.StringVar(&l.query.Unit, "unit", "", "only those of this `UNIT`: user:ada, or the hash that a request shows")
	f.DurationVar(&since, "since", 0, "only those of the last `TIME`: 5m")
	f.StringVar(&from, "from", "", "only those since this `TIME`: "+momentAbout)
	f.StringVar(&to, "to", "", "only those before this `TIME`")
	f.IntVarP(&l.limit, "limit", "n", 50, "at most this `NUMBER` of requests, the newest")
	_ = cmd.RegisterFlagCompletionFunc("outcome", cobra.FixedCompletions(outcomes, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// logs is one look at requests.
type logs struct {
	app    *app
	remote remote
	client *client.Client
	query  client.Query
	limit  int
	follow bool
	form   string
}

// check refuses what would answer with something other than was meant.
func (l *logs) check(cmd *cobra.Command) error {
	if l.limit < 1 {
		return usage(fmt.Errorf("--limit %d: it is at least 1", l.limit))
	}
	if o := l.query.Outcome; o != "" && !slices.Contains(outcomes, o) {
		return usage(fmt.Errorf("--outcome %s: %s", shown(o), meantOf(o, outcomes)))
	}
	if cmd.Flags().Changed("since") && l.query.Since.IsZero() {
		return usage(errors.New("--since is how far back, such as 5m: it is above 0"))
	}
	if l.follow && l.query.ID != "" {
		return usage(errors.New("-f follows requests as they end; that of an ID has ended"))
	}
	return nil
}

// window reads --from and --to.
func (l *logs) window(from, to string, since time.Duration) (err error) {
	now := time.Now()
	if from != "" && since > 0 {
		return usage(errors.New("--since and --from both say where to begin: give one"))
	}
	if from != "" {
		if l.query.Since, err = moment("--from", from, time.Local, now); err != nil {
			return err
		}
	}
	if l.query.To, err = moment("--to", to, time.Local, now); err != nil {
		return err
	}
	switch {
	case to != "" && l.follow:
		return usage(errors.New("-f follows requests as they end, and --to ends before: give one"))
	case to != "" && !l.query.Since.IsZero() && !l.query.Since.Before(l.query.To):
		return usage(errors.New("--to is not after the time to begin at: nothing lies between"))
	}
	return nil
}

func (l *logs) run(ctx context.Context) error {
	events, err := l.recent(ctx)
	if err != nil {
		return err
	}
	if l.query.ID != "" && len(events) == 0 {
		return advise(&exitErr{exitNotFound, fmt.Errorf("no request %q is kept", l.query.ID)},
			"weir logs -n 1000 -o name lists ids; a request that is still being answered has no entry")
	}
	p := newEventPrinter(l.app, l.form, l.follow, events)
	for _, e := range events {
		if err := p.print(e); err != nil {
			return err
		}
	}
	if !l.follow {
		if len(events) == 0 {
			l.empty(ctx)
		}
		return p.close()
	}
	return l.goOn(ctx, p, events)
}

// recent gives the newest that are kept, oldest first.
func (l *logs) recent(ctx context.Context) ([]client.Event, error) {
	q := l.query
	var all []client.Event
	var partial *client.Partial
	defer func() { l.app.lacks(partial) }()
	for len(all) < l.limit {
		q.Limit = min(l.limit-len(all), maxPage)
		page, err := l.client.Events(ctx, q)
		if err != nil {
			return nil, err
		}
		all, partial = append(all, page.Events...), page.Partial
		if q.PageToken = page.NextPageToken; q.PageToken == "" {
			break
		}
	}
	slices.Reverse(all)
	return all, nil
}

// maxPage is the largest page of events.
const maxPage = 1000

// goOn follows behind the last event that was shown.
func (l *logs) goOn(ctx context.Context, p *eventPrinter, shown []client.Event) error {
	q := l.query
	if len(shown) > 0 {
		q.After = shown[len(shown)-1].ID
	}
	err := l.client.Follow(ctx, q, func(e client.Event) error {
		if e.Skipped > 0 {
			fmt.Fprintf(l.app.err, "%d requests are not shown: they came faster than they could be read\n", e.Skipped)
		}
		return p.print(e)
	})
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// empty says why there may be nothing to see.
func (l *logs) empty(ctx context.Context) {
	if l.query == (client.Query{}) {
		fmt.Fprintln(l.app.err, "no request has ended yet\nnext: weir chat \"Hello\"")
		return
	}
	fmt.Fprintln(l.app.err, "no request fits")
	if hint := l.unknownName(ctx); hint != "" {
		fmt.Fprintln(l.app.err, "next:", hint)
	}
}

// unknownName names what was probably meant, when the route or the variant asked
// for is none.
func (l *logs) unknownName(ctx context.Context) string {
	routes, err := l.client.Routes(ctx)
	if err != nil {
		return ""
	}
	experiments, err := l.client.Experiments(ctx)
	if err != nil {
		return ""
	}
	var names, variants []string
	for _, r := range routes {
		names = append(names, r.Name)
		variants = append(variants, r.Baseline.Name)
	}
	for _, e := range experiments {
		for _, arm := range e.Arms {
			variants = append(variants, arm.Variant.Name)
		}
	}
	if hint := unlisted("route", l.query.Route, names); hint != "" {
		return hint
	}
	return unlisted("variant", l.query.Variant, variants)
}

func unlisted(what, word string, known []string) string {
	if word == "" || slices.Contains(known, word) || strings.Contains(word, "/") {
		return ""
	}
	if near := fault.Nearest(word, known); near != "" {
		return fmt.Sprintf("there is no %s %q; did you mean %q?", what, plain(word), plain(near))
	}
	slices.Sort(known)
	return fmt.Sprintf("there is no %s %q; there are: %s", what, plain(word), plain(strings.Join(slices.Compact(known), ", ")))
}
