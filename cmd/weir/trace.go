package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/client"
)

func (a *app) traceCommand() *cobra.Command {
	r := remote{}
	var body bool
	cmd := &cobra.Command{
		Use:   "trace ID",
		Short: "Show where the time and the money of one request went",
		Long: `Show one request as a waterfall: what came before the first attempt, the wait in
Weir's queue, each attempt, the first token, the answer, the settling of its cost.
Below it, what it cost and how: tokens times price; and what was said of it later.

ID is Weir's id of the request (x-weir-request-id), the caller's own, or the
reply's. With --body also what was asked and answered, where that is kept: it needs
a key with scope admin, and the look is noted in Weir's log.`,
		Example: `  weir trace 0198c0de-7c1a-7e50-9a3f-2b6d4c8e1f00
  weir trace 0198c0de-7c1a-7e50-9a3f-2b6d4c8e1f00 -o json | jq .waterfall`,
		Args:              takes(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	output := a.form(cmd, "text", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if body {
			r.scope = "admin"
		}
		c, err := r.client(a)
		if err != nil {
			return err
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		t, err := findTrace(ctx, c, args[0], body)
		if err != nil {
			return r.mend(err)
		}
		defer a.lacks(t.Partial)
		if handled, err := a.printAs(output.word, t); handled {
			return err
		}
		return a.printTrace(&t)
	}
	r.flags(cmd)
	cmd.Flags().BoolVar(&body, "body", false, "show what was asked and answered too, where it is kept")
	return cmd
}

// findTrace finds a request by any of its ids: Weir's own at once, another by a search.
func findTrace(ctx context.Context, c *client.Client, id string, body bool) (client.Trace, error) {
	t, err := c.Trace(ctx, id, body)
	var weir *client.Error
	if !errors.As(err, &weir) || weir.Code != "event_not_found" {
		return t, err
	}
	page, searched := c.Events(ctx, client.Query{ID: id, Limit: 1})
	if searched != nil || len(page.Events) == 0 {
		return t, advise(err, "weir logs -o name lists ids; a request that is still being answered has no entry yet")
	}
	return c.Trace(ctx, page.Events[0].ID, body)
}

func (a *app) printTrace(t *client.Trace) error {
	d := details{w: a.out}
	d.head("request " + t.ID)
	d.line("time", t.Time.Local().Format("2006-01-02 15:04:05.000 -07:00"))
	d.line("outcome", joined(fmt.Sprintf("%s, status %d", t.Outcome, t.Status), t.Code, t.Error))
	d.line("route", t.Route)
	if len(t.Assignments) > 0 {
		d.line("variant", fmt.Sprintf("%s (%s)", t.Assignments[0].Variant, t.Assignments[0].Reason))
	}
	model := t.Model
	if t.Simulated {
		model += ", SIMULATED"
	}
	d.line("model", model)
	d.line("caller", t.Key)
	d.line("tags", strings.Join(t.Tags, ", "))
	if t.ShadowOf != "" {
		d.line("shadow of", t.ShadowOf)
	}
	d.head(fmt.Sprintf("waterfall, %s in all", millis(t.Total)))
	width := traceWidth(columns(a.out))
	for i := range t.Waterfall {
		printSpan(&d, &t.Waterfall[i], t.Total, width)
	}
	printMoney(&d, t)
	for i := range t.Scores {
		s := &t.Scores[i]
		if i == 0 {
			d.head("scores")
		}
		printScore(&d, s)
	}
	printBody(&d, t)
	return d.err
}

// printScore shows what was said, and by whom. Its texts are of people elsewhere,
// and may have several lines.
func printScore(d *details, s *client.Score) {
	value := fmt.Sprintf("%g", float64(s.Value)/1e6)
	switch s.Type {
	case "text":
		value = s.Text
	case "boolean":
		value = map[bool]string{true: "yes", false: "no"}[s.Value != 0]
	}
	by := s.Source
	if s.Token {
		by += " (a browser's token)"
	} else if s.By != "" {
		by += " (key " + s.By + ")"
	}
	if s.Unchecked {
		by += ", whose request it is was not checked"
	}
	d.line(s.Name, value)
	d.line("", fmt.Sprintf("by %s at %s", by, s.Time.Local().Format(time.DateTime)))
	d.line("", s.Comment)
	d.line("", strings.Join(s.Tags, ", "))
}

// traceWidth is how wide the bars are: what a terminal leaves beside names, times
// and texts, and 40 where that is not known.
func traceWidth(columns int) int {
	if columns == 0 {
		return 40
	}
	return min(max(columns-60, 10), 100)
}

// printSpan draws a part of the time where it lies in the whole.
func printSpan(d *details, s *client.Span, whole time.Duration, width int) {
	name := s.Name
	if s.Name == "attempt" {
		name = fmt.Sprintf("attempt %d", s.Attempt)
	}
	d.line(name, strings.TrimRight(fmt.Sprintf("%s %12s  %s", spanBar(s.Start, s.Took, whole, width), millis(s.Took), s.Text), " "))
}

// spanBar puts a bar between its beginning and its end. What took any time at all is
// seen, and nothing leaves the frame.
func spanBar(start, took, whole time.Duration, width int) string {
	if whole <= 0 {
		return strings.Repeat("·", width)
	}
	at := func(t time.Duration) int {
		return min(max(int(float64(t)/float64(whole)*float64(width)+0.5), 0), width)
	}
	from, to := at(start), at(start+took)
	mark := "█"
	if to == from {
		from = min(from, width-1)
		to = from + 1
		mark = "▏"
	}
	return strings.Repeat("·", from) + strings.Repeat(mark, to-from) + strings.Repeat("·", width-to)
}

// printMoney shows how the cost comes about.
func printMoney(d *details, t *client.Trace) {
	m := &t.Money
	d.head("cost")
	for _, l := range m.Lines {
		d.line(strings.ReplaceAll(l.Tokens, "_", " "), fmt.Sprintf("%10s tokens × %s a million = %s", thousands(l.Count), money(l.Price), microText(l.Cost)))
	}
	switch m.Basis {
	case "":
		d.line("total", "nothing: no model was asked")
	case "unpriced":
		d.line("total", "NOT KNOWN: the model has no price; "+tokensText(&t.Event))
	default:
		d.line("total", joined(money(m.Cost), map[string]string{"estimated": "an estimate"}[m.Basis]))
	}
	d.line("price from", m.PriceFrom)
	d.line("tokens", joined(m.Source, errorText(m.Error)))
	if !m.Agrees && len(m.Lines) > 0 {
		d.line("doubt", "the lines do not add up to the total: the price is another one by now than when it was booked")
	}
}

// microText is an amount with parts of a micro-dollar.
func microText(micro float64) string {
	if micro == float64(int64(micro)) {
		return money(int64(micro))
	}
	return fmt.Sprintf("$%.8f", micro/1e6)
}

func errorText(relative float64) string {
	if relative == 0 {
		return ""
	}
	return "off by about " + percent(relative)
}

// bodyStates say why there is no body.
var bodyStates = map[string]string{
	"none":    "none is kept",
	"kept":    "kept; --body shows it",
	"unknown": "not known: the store cannot be asked",
}

func printBody(d *details, t *client.Trace) {
	if t.Body == nil {
		d.head("body")
		d.line("state", cmp.Or(bodyStates[t.BodyState], t.BodyState))
		return
	}
	d.head("request body")
	d.text(t.Body.Request)
	d.head("response body")
	d.text(t.Body.Response)
	if t.Body.Cut {
		d.line("cut", "one of them was longer than is kept")
	}
	if t.Body.Altered {
		d.line("altered", "it held bytes that are not UTF-8")
	}
}
