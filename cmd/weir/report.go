package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/client"
)

// reporting is one weir report.
type reporting struct {
	app    *app
	remote remote
	period string
	query  client.ReportQuery
	out    string
	form   string
}

// reportPeriods are the reports that there are.
var reportPeriods = []string{"weekly", "monthly"}

func (a *app) reportCommand() *cobra.Command {
	r := reporting{app: a}
	var at string
	cmd := &cobra.Command{
		Use:   "report weekly|monthly",
		Short: "Write the report of a week or a month",
		Long: `Write the report of a week or a month: what it cost, against the period before and
against budgets, where the money went, how requests ended and how fast they were.
It is of the last whole period, unless --at names a time in another one; a period
under way has a forecast.

Weir also makes reports by itself, at the end of each period, where the section
reports of the definitions says where they go.`,
		Example: `  weir report weekly
  weir report monthly --at 2026-10-15 --tz Europe/Vienna
  weir report monthly -o markdown --out october.md
  weir report weekly --tag team=search -o json | jq .total.now.cost_micro`,
		Args:              takes(1, 1),
		ValidArgsFunction: cobra.FixedCompletions(reportPeriods, cobra.ShellCompDirectiveNoFileComp),
	}
	output := a.form(cmd, "text", "json", "markdown")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		r.period, r.form = args[0], output.word
		if err := r.check(at); err != nil {
			return err
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		return r.remote.mend(r.run(ctx))
	}
	r.remote.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&at, "at", "", "a `TIME` in the week or month that is wanted (default the last whole one): "+momentAbout)
	f.StringVar(&r.out, "out", "", "write it to this `FILE` instead, in one go; with .md or .json in the form of that")
	f.IntVar(&r.query.Top, "top", 10, "at most this `NUMBER` of rows of each list, the dearest")
	usageFlags(cmd, &r.query.UsageFilter, &r.query.Zone)
	return cmd
}

func (r *reporting) check(at string) error {
	if !slices.Contains(reportPeriods, r.period) {
		return usage(fmt.Errorf("there is no report %s: %s", shown(r.period), meantOf(r.period, reportPeriods)))
	}
	if r.query.Top < 1 || r.query.Top > 100 {
		return usage(fmt.Errorf("--top %d: it is 1 to 100", r.query.Top))
	}
	zone, err := zoneOf(r.query.Zone)
	if err != nil {
		return err
	}
	if r.query.At, err = moment("--at", at, zone, time.Now()); err != nil {
		return err
	}
	if r.form == "text" { // that of people, unless the file is for something else
		switch {
		case strings.HasSuffix(r.out, ".md"):
			r.form = "markdown"
		case strings.HasSuffix(r.out, ".json"):
			r.form = "json"
		}
	}
	return nil
}

func (r *reporting) run(ctx context.Context) error {
	text, err := r.read(ctx)
	if err != nil {
		return err
	}
	if r.out == "" {
		_, err := io.WriteString(r.app.out, text)
		return err
	}
	if err := replaceFile(r.out, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	fmt.Fprintf(r.app.err, "the %s report is in %s\n", r.period, plain(r.out))
	return nil
}

// read gets the report in the form that is wanted.
func (r *reporting) read(ctx context.Context) (string, error) {
	c, err := r.remote.client(r.app)
	if err != nil {
		return "", err
	}
	if r.form == "json" {
		report, err := c.Report(ctx, r.period, r.query)
		if err != nil {
			return "", err
		}
		text, err := json.MarshalIndent(report, "", "  ")
		return string(escapeHostile(text)) + "\n", err
	}
	page, err := c.ReportMarkdown(ctx, r.period, r.query)
	page = plainLines(page)
	if r.form == "text" {
		page = alignTables(page)
	}
	return page, err
}

// alignTables makes a page of Markdown pleasant to read as it is: the columns of
// its tables stand below one another, and what only Markdown needs is gone.
func alignTables(page string) string {
	var out strings.Builder
	var rows [][]string
	flush := func() {
		writeAligned(&out, rows)
		rows = nil
	}
	for line := range strings.Lines(page) {
		line = strings.TrimRight(line, "\n")
		if cells, ok := tableCells(line); ok {
			rows = append(rows, cells)
			continue
		}
		flush()
		out.WriteString(unescaped(line) + "\n")
	}
	flush()
	return out.String()
}

// tableCells takes a row of a table apart; a bar behind a backslash belongs to a cell.
func tableCells(line string) (cells []string, ok bool) {
	if !strings.HasPrefix(line, "|") || !strings.HasSuffix(line, "|") || len(line) < 2 {
		return nil, false
	}
	cell := strings.Builder{}
	for i := 1; i < len(line); i++ {
		switch {
		case line[i] == '\\' && i+1 < len(line):
			cell.WriteString(line[i : i+2])
			i++
		case line[i] == '|':
			cells = append(cells, strings.TrimSpace(cell.String()))
			cell.Reset()
		default:
			cell.WriteByte(line[i])
		}
	}
	return cells, true
}

// writeAligned writes a table: its second row says which columns are numbers.
func writeAligned(out *strings.Builder, rows [][]string) {
	if len(rows) < 2 {
		return
	}
	right := rows[1]
	rows = append([][]string{rows[0]}, rows[2:]...)
	var widths []int
	for i := range rows {
		for j := range rows[i] {
			rows[i][j] = unescaped(rows[i][j])
			if j == len(widths) {
				widths = append(widths, 0)
			}
			widths[j] = max(widths[j], utf8.RuneCountInString(rows[i][j]))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for j, cell := range row {
			pad := strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell))
			if j < len(right) && strings.HasSuffix(right[j], ":") {
				line.WriteString("  " + pad + cell)
			} else {
				line.WriteString("  " + cell + pad)
			}
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

var markdownEscapes = strings.NewReplacer(`\\`, `\`, `\|`, `|`, `\*`, `*`, "\\`", "`", `\[`, `[`, "&lt;", "<", "**", "")

// unescaped is a text without what only Markdown needs.
func unescaped(s string) string { return markdownEscapes.Replace(s) }
