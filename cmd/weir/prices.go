package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/internal/meter"
)

// maxPrices bounds a list of prices.
const maxPrices = 4 << 20

// readPrices is the list of prices in force: the built-in one, below the operator's
// own where a file is named.
func readPrices(name string) (*meter.Book, error) {
	if name == "" {
		return meter.Builtin(), nil
	}
	text, err := readBounded(name, maxPrices)
	if err != nil {
		return nil, fmt.Errorf("read the list of prices: %w", err)
	}
	own, err := meter.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("read the list of prices %s: %w", name, err)
	}
	return own.Over(meter.Builtin()), nil
}

// pricesView is what weir prices was asked for.
type pricesView struct {
	config, model, vendor string
	all                   bool
	form                  string
}

func (a *app) pricesCommand() *cobra.Command {
	v := pricesView{}
	cmd := &cobra.Command{
		Use:   "prices",
		Short: "Show what tokens cost, by vendor and model",
		Long: `Show the list of prices that is in force, in US dollars per million tokens: the one
that Weir brings along, under a list of your own where definitions name one
(prices.list). A price in a model's own definition wins over both.

Each price has the day from which it holds. --all shows those of the past and the
future too. With -o json the list is printed as a file may hold it: change it, try
it with weir prices check, and name it under prices.list. No release is needed.`,
		Example: "  weir prices --vendor openai\n  weir prices --model gpt-4o --all\n  weir prices -o json > prices.json",
		Args:    cobra.NoArgs,
	}
	output := a.form(cmd, "table", "json")
	cmd.RunE = func(*cobra.Command, []string) error {
		v.form = output.word
		return a.prices(&v, time.Now())
	}
	f := cmd.Flags()
	f.StringVarP(&v.config, "config", "c", "", "`FILE` or folder of definitions whose list is shown too (default ./weir.yaml, if it is there)")
	f.StringVar(&v.model, "model", "", "only the model with this `ID`")
	f.StringVar(&v.vendor, "vendor", "", "only this `VENDOR`")
	f.BoolVar(&v.all, "all", false, "prices of the past and the future too")
	cmd.AddCommand(a.pricesCheckCommand())
	return cmd
}

func (a *app) prices(v *pricesView, now time.Time) error {
	book, err := a.pricesInForce(v.config)
	if err != nil {
		return err
	}
	rows := book.InForce(now)
	if v.all {
		rows = book.All()
	}
	rows = slices.DeleteFunc(rows, func(r meter.Row) bool {
		return v.vendor != "" && r.Vendor != v.vendor || v.model != "" && r.Model != v.model && !slices.Contains(r.Aliases, v.model)
	})
	if len(rows) == 0 {
		return advise(&exitErr{exitNotFound, fmt.Errorf("the list has no such price")},
			"give the model's definition a price, or name a list of your own under prices.list; weir prices shows what there is")
	}
	if v.form == "json" {
		_, err := a.out.Write(meter.List(book.AsOf, rows))
		return err
	}
	return a.printPrices(rows, book.AsOf, now)
}

// pricesInForce is the list that the definitions put in force, where there are any.
func (a *app) pricesInForce(config string) (*meter.Book, error) {
	if config == "" {
		if _, err := os.Stat(defaultFile); err != nil {
			return meter.Builtin(), nil
		}
	}
	src, err := a.findSource(config)
	if err != nil {
		return nil, err
	}
	l, problems, err := src.compile()
	switch {
	case err != nil:
		return nil, err
	case l == nil:
		return nil, usage(problems.Err())
	}
	return l.compiled.Tariff.Book, nil
}

var priceColumns = []column{
	{head: "VENDOR", least: 6}, {head: "MODEL", least: 5}, {head: "FROM", least: 10},
	{head: "INPUT", least: 5, right: true}, {head: "OUTPUT", least: 6, right: true}, {head: "CACHED", least: 6, right: true},
	{head: "CACHE WRITE", least: 11, right: true}, {head: "LIST", least: 4},
}

func (a *app) printPrices(rows []meter.Row, asOf, now time.Time) error {
	table := columnar{w: a.out, columns: priceColumns}
	var lines [][]string
	for i := range rows {
		r := &rows[i]
		list := "Weir's"
		if r.Own {
			list = "own"
		}
		lines = append(lines, []string{r.Vendor, r.Model, r.From.Format(time.DateOnly), r.Price.Input.Decimal(), r.Price.Output.Decimal(),
			differing(r.Price.CachedInput, r.Price.Input), differing(r.Price.CacheWrite, r.Price.Input), list})
	}
	table.fit(lines)
	for _, line := range lines {
		if err := table.row(line); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.err, "US dollars per million tokens; checked on %s, %s\n", asOf.Format(time.DateOnly), ago(now.Sub(asOf)))
	if now.Sub(asOf) > staleAfter {
		fmt.Fprintln(a.err, "next: compare them with the vendors' pages (weir prices -o json names each), and put what changed under prices.list")
	}
	return nil
}

// staleAfter is the age from which a list should be compared with the vendors' pages.
const staleAfter = 90 * 24 * time.Hour

// differing shows a price that is not that of other input.
func differing(m, input meter.Micro) string {
	if m == input {
		return "–"
	}
	return m.Decimal()
}

// ago says how long ago something was, in days.
func ago(d time.Duration) string {
	switch days := int(d.Hours() / 24); {
	case days <= 0:
		return "today"
	case days == 1:
		return "yesterday"
	default:
		return fmt.Sprintf("%d days ago", days)
	}
}

func (a *app) pricesCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE",
		Short: "Check a list of prices, and say what it would change",
		Long: `Check a list of prices before definitions name it under prices.list: every mistake
with its line, and what differs from the list that Weir brings along. Exit code 2
when the list cannot be used.`,
		Example: "  weir prices check prices.json",
		Args:    takes(1, 1),
		RunE:    func(_ *cobra.Command, args []string) error { return a.pricesCheck(args[0], time.Now()) },
	}
}

func (a *app) pricesCheck(name string, now time.Time) error {
	text, err := readBounded(name, maxPrices)
	if err != nil {
		return fmt.Errorf("read the list of prices: %w", err)
	}
	own, err := meter.Parse(text)
	if err != nil {
		for _, m := range mistakesOf(err) {
			fmt.Fprintln(a.out, plain(fmt.Sprintf("%s:%s", name, strings.TrimPrefix(m.Error(), "line "))))
		}
		fmt.Fprintf(a.err, "%s cannot be used: %s\n", name, count(len(mistakesOf(err)), "mistake"))
		return exit(exitUsage)
	}
	for _, line := range changes(own, meter.Builtin(), now) {
		fmt.Fprintln(a.out, plain(line))
	}
	fmt.Fprintf(a.err, "%s is good: %s, checked on %s, %s\n", name, count(len(own.Rows), "price"), own.AsOf.Format(time.DateOnly), ago(now.Sub(own.AsOf)))
	fmt.Fprintf(a.err, "next: name it in the definitions, prices: {list: \"file:%s\"}\n", name)
	return nil
}

// mistakesOf takes a joined error apart.
func mistakesOf(err error) []error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		return joined.Unwrap()
	}
	return []error{err}
}

// changes says what a list would change today.
func changes(own, builtin *meter.Book, now time.Time) (lines []string) {
	for _, r := range own.InForce(now) {
		was, known := builtin.Find(r.Vendor, r.Model, now)
		name := r.Vendor + "/" + r.Model
		switch {
		case !known:
			lines = append(lines, fmt.Sprintf("new      %s: %s in, %s out", name, r.Price.Input.Decimal(), r.Price.Output.Decimal()))
		case was.Price != r.Price:
			lines = append(lines, fmt.Sprintf("changed  %s: %s in, %s out; was %s in, %s out", name,
				r.Price.Input.Decimal(), r.Price.Output.Decimal(), was.Price.Input.Decimal(), was.Price.Output.Decimal()))
		}
	}
	return lines
}
