package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/metric"
)

// analyzing makes a report of a file that Weir did not write.
type analyzing struct {
	app                              *app
	file                             string
	variant, unit, time              string // columns
	unitGiven, timeGiven             bool
	metrics                          []string
	baseline, primary, weights, name string
	data                             *elsewhere
}

func (a *app) experimentAnalyzeCommand() *cobra.Command {
	z := analyzing{app: a}
	cmd := &cobra.Command{
		Use:   "analyze --data FILE",
		Short: "Make a report of a table from elsewhere",
		Long: `Make a report of a table from elsewhere, by the same tests as of Weir's own
experiments. FILE is CSV with a header, or lines of JSON; a dash reads standard
input. A row is one observation: its variant, its unit (the user, the session), and
numbers. An empty cell is not observed; true and false are 1 and 0.

Rows of the same unit are not independent, and the tests allow for that. Without a
column of units each row is taken for a unit of its own, and the report says so.

--metric NAME:KIND:DIRECTION says what a column means. KIND is mean, rate (0 or 1),
geometric (of times), per_unit, p50, p95 or p99; DIRECTION is up, down or none, the
way that is better. Without it every column of numbers is taken, with the direction
that its name suggests: latency, cost and errors are better when lower. The first
metric is the primary one, unless --primary names another.

Nothing is deployed on less than 1,000 units in each variant and seven days. The
exit code is 0 whatever the verdict.`,
		Example: `  weir experiment analyze --data latencies.csv
  weir experiment analyze --data answers.jsonl --unit user_id --metric correct:rate:up --metric cost:mean:down
  weir experiment analyze --data export.csv --variant arm --baseline control --weights control=90,new=10 -o html > report.html`,
		Args: takes(0, 0),
	}
	output := a.form(cmd, "text", "json", "markdown", "html")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		z.unitGiven, z.timeGiven = cmd.Flags().Changed("unit"), cmd.Flags().Changed("time")
		r, err := z.report()
		if err != nil {
			return err
		}
		return a.printAnalysis(r, output.word)
	}
	f := cmd.Flags()
	f.StringVar(&z.file, "data", "", "`FILE` to analyse: CSV with a header, or lines of JSON; - is standard input")
	f.StringVar(&z.variant, "variant", "variant", "`COLUMN` that names the variant")
	f.StringVar(&z.unit, "unit", "unit", "`COLUMN` that names the unit")
	f.StringVar(&z.time, "time", "time", "`COLUMN` of the time, as 2026-03-01T12:00:00Z, if there is one")
	f.StringArrayVar(&z.metrics, "metric", nil, "`NAME:KIND:DIRECTION` of a column; repeat it for several")
	f.StringVar(&z.primary, "primary", "", "`NAME` of the metric that decides (default the first)")
	f.StringVar(&z.baseline, "baseline", "", "`NAME` of the variant to compare with (default the first in the file)")
	f.StringVar(&z.weights, "weights", "", "planned `SHARES` of units: A=90,B=10 (default alike)")
	f.StringVar(&z.name, "name", "", "`NAME` of the experiment, for the report (default the file's)")
	_ = cmd.MarkFlagFilename("data", "csv", "jsonl")
	return cmd
}

func (a *app) printAnalysis(r analysis.Report, form string) error {
	switch form {
	case "json":
		return a.writeJSON(r)
	case "markdown":
		return analysis.WriteMarkdown(a.out, r)
	case "html":
		return analysis.WriteHTML(a.out, r)
	}
	for _, line := range analysis.SeedLines(r) {
		fmt.Fprintln(a.out, plain(line))
	}
	fmt.Fprintln(a.out)
	return analysis.WriteText(a.out, r)
}

// report reads the file, and makes the plan that it is judged by.
func (z *analyzing) report() (r analysis.Report, err error) {
	if z.file == "" {
		return r, advise(usage(errors.New("--data is missing: the file to analyse")), "weir experiment analyze --data FILE")
	}
	if err := z.read(); err != nil {
		return r, usage(err)
	}
	p := analysis.Plan{Experiment: z.title(), UnitKind: "unit", MinDays: 7, Weekdays: true}
	if p.Variants, err = z.variants(); err != nil {
		return r, usage(err)
	}
	list, err := z.columns()
	if err != nil {
		return r, usage(err)
	}
	if p.Primary, p.Metrics, err = z.choose(list); err != nil {
		return r, usage(err)
	}
	if err := z.data.check(append([]metric.Metric{p.Primary.Metric}, p.Metrics...)); err != nil {
		return r, usage(err)
	}
	in, err := analysis.FromRows(p, z.data.all())
	if err != nil {
		return r, usage(fmt.Errorf("%s: %w", shownFile(z.file), err))
	}
	return analysis.Analyse(in), nil
}

func (z *analyzing) title() string {
	if z.name != "" {
		return z.name
	}
	if z.file == "-" {
		return "standard input"
	}
	return z.file[strings.LastIndexAny(z.file, `/\`)+1:]
}

func shownFile(name string) string {
	if name == "-" {
		return "standard input"
	}
	return plain(name)
}

func (z *analyzing) read() error {
	in := z.app.in
	if z.file != "-" {
		f, err := os.Open(z.file)
		if err != nil {
			return fmt.Errorf("read the data: %w", err)
		}
		defer f.Close()
		in = f
	}
	var err error
	z.data, err = readElsewhere(in, shownFile(z.file), z)
	return err
}

// variants are those of the file, the baseline first.
func (z *analyzing) variants() (list []analysis.Variant, err error) {
	names := z.data.variants
	if len(names) < 2 {
		return nil, advise(fmt.Errorf("%s: all rows are of the variant %s, and a comparison needs two", shownFile(z.file), shown(strings.Join(names, ""))),
			"--variant names the column that tells variants apart")
	}
	if len(names) > 20 {
		return nil, advise(fmt.Errorf("%s: the column %s has %d different values: too many to be variants", shownFile(z.file), shown(z.variant), len(names)),
			"--variant names the column that tells variants apart")
	}
	weights, err := z.shares(names)
	if err != nil {
		return nil, err
	}
	base := cmp.Or(z.baseline, names[0])
	if !slices.Contains(names, base) {
		return nil, fmt.Errorf("--baseline %s: there is no such variant in the file; %s", shown(base), meantOf(base, names))
	}
	list = append(list, analysis.Variant{Name: base, Weight: weights[base], Baseline: true})
	for _, name := range names {
		if name != base {
			list = append(list, analysis.Variant{Name: name, Weight: weights[name]})
		}
	}
	return list, nil
}

// shares reads --weights; alike without.
func (z *analyzing) shares(names []string) (map[string]float64, error) {
	weights, sum := map[string]float64{}, 0.0
	if z.weights == "" {
		for _, name := range names {
			weights[name] = 1 / float64(len(names))
		}
		return weights, nil
	}
	for part := range strings.SplitSeq(z.weights, ",") {
		name, text, ok := strings.Cut(part, "=")
		v, err := strconv.ParseFloat(text, 64)
		if !ok || err != nil || !(v > 0 && v < 1e9) {
			return nil, badFlag("--weights", part, "a variant and its share above 0: A=90,B=10")
		}
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("--weights: there is no variant %s in the file; %s", shown(name), meantOf(name, names))
		}
		weights[name] = v
	}
	for _, name := range names {
		if weights[name] == 0 {
			return nil, fmt.Errorf("--weights: the variant %s has none: give each its share", shown(name))
		}
		sum += weights[name]
	}
	for name := range weights {
		weights[name] /= sum
	}
	return weights, nil
}
