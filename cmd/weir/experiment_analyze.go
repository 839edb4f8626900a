package main

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/fault"
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

// columns are the metrics of the file, as asked for or as its columns suggest.
func (z *analyzing) columns() (list []metric.Metric, err error) {
	for _, text := range z.metrics {
		m, err := z.metric(text)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(list, func(o metric.Metric) bool { return o.Name == m.Name }) {
			return nil, fmt.Errorf("--metric %s: it is given twice", shown(text))
		}
		list = append(list, m)
	}
	if list != nil {
		return list, nil
	}
	for _, name := range z.data.numeric() {
		list = append(list, suggested(name, z.data.binary(name)))
	}
	if list == nil {
		return nil, advise(fmt.Errorf("%s: no column is of numbers alone", shownFile(z.file)), "name one and mend what is no number in it: --metric NAME:mean:up")
	}
	return list, nil
}

// columnKinds are what may be read of a column, and the quantile of those that are one.
var columnKinds = map[string]struct {
	kind metric.Kind
	q    float64
}{
	"mean": {metric.Mean, 0}, "rate": {metric.Rate, 0}, "geometric": {metric.Geometric, 0}, "per_unit": {metric.PerUnit, 0},
	"p50": {metric.Quantile, 0.5}, "p95": {metric.Quantile, 0.95}, "p99": {metric.Quantile, 0.99},
}

var kindWords = []string{"mean", "rate", "geometric", "per_unit", "p50", "p95", "p99"}

// metric reads NAME:KIND:DIRECTION; the last two may be left out.
func (z *analyzing) metric(text string) (m metric.Metric, err error) {
	parts := strings.Split(text, ":")
	// A column's own name may hold colons: the last parts are those that fit.
	direction, kind := "", ""
	if n := len(parts); n > 1 && slices.Contains([]string{"up", "down", "none"}, parts[n-1]) {
		direction, parts = parts[n-1], parts[:n-1]
	}
	if n := len(parts); n > 1 && slices.Contains(kindWords, parts[n-1]) {
		kind, parts = parts[n-1], parts[:n-1]
	}
	name := strings.Join(parts, ":")
	if !slices.Contains(z.data.names, name) {
		if len(parts) > 1 && slices.Contains(z.data.names, parts[0]) {
			return m, fmt.Errorf("--metric %s: write NAME:KIND:DIRECTION, where KIND is %s, and DIRECTION up, down or none", shown(text), strings.Join(kindWords, ", "))
		}
		return m, fmt.Errorf("--metric %s: %s has no such column; %s", shown(name), shownFile(z.file), meantOf(name, z.data.names))
	}
	m = suggested(name, z.data.binary(name))
	if kind != "" {
		m.Kind, m.Quantile = columnKinds[kind].kind, columnKinds[kind].q
		if m.Kind == metric.Quantile {
			m.Name += "_" + kind
		}
		if m.Kind != metric.Rate && m.Unit == "share" {
			m.Unit = ""
		}
	}
	if direction != "" {
		m.Direction = metric.Direction(direction)
	}
	return m, nil
}

// hints are words in names of columns, and what they suggest.
var hints = []struct {
	words     []string
	direction metric.Direction
	unit      string
}{
	{[]string{"latency", "ttft", "tpot", "duration", "seconds"}, metric.Down, "seconds"},
	{[]string{"cost", "price", "dollars", "usd"}, metric.Down, "dollars"},
	{[]string{"error", "fail", "timeout", "refus", "downvote", "thumbs_down", "toxic", "halluc"}, metric.Down, ""},
	{[]string{"tokens"}, metric.Down, "tokens"},
	{[]string{"success", "correct", "score", "rating", "accuracy", "quality", "thumbs", "upvote", "satisf", "convers", "relevan", "reward", "accept"}, metric.Up, ""},
}

// suggested is a metric as its column's name and values suggest. Which way is
// better is said in the report beside the result.
func suggested(name string, binary bool) metric.Metric {
	m := metric.Metric{Name: name, Measure: name, Kind: metric.Mean, Direction: metric.None}
	word := strings.ToLower(name)
	for _, h := range hints {
		if slices.ContainsFunc(h.words, func(w string) bool { return strings.Contains(word, w) }) {
			m.Direction, m.Unit = h.direction, h.unit
			break
		}
	}
	if m.Unit == "seconds" && (strings.HasSuffix(word, "_ms") || strings.Contains(word, "milli")) {
		m.Unit = "ms"
	}
	if binary {
		m.Kind, m.Unit = metric.Rate, "share"
	}
	return m
}

// choose says which metric decides.
func (z *analyzing) choose(list []metric.Metric) (*analysis.Goal, []metric.Metric, error) {
	at := 0
	var names []string
	for _, m := range list {
		names = append(names, m.Name)
	}
	if z.primary != "" {
		if at = slices.Index(names, z.primary); at < 0 {
			return nil, nil, fmt.Errorf("--primary %s: it is none of the metrics; %s", shown(z.primary), meantOf(z.primary, names))
		}
	} else if z.metrics == nil {
		at = max(0, slices.IndexFunc(list, func(m metric.Metric) bool { return m.Direction != metric.None }))
	}
	if m := list[at]; m.Direction == metric.None {
		return nil, nil, advise(fmt.Errorf("the metric %s decides, and nothing says which way of it is better", shown(m.Name)),
			"say it: --metric %s:%s:up, or :down", plain(m.Measure), m.Kind)
	}
	return &analysis.Goal{Metric: list[at], Mode: analysis.Better}, slices.Delete(slices.Clone(list), at, at+1), nil
}

// all gives the rows to whoever adds them up.
func (d *elsewhere) all() iter.Seq2[analysis.Row, error] {
	return func(yield func(analysis.Row, error) bool) {
		for i := range d.rows {
			if !yield(d.rows[i].Row, nil) {
				return
			}
		}
	}
}

// nearestColumn adds the column that was probably meant.
func nearestColumn(name string, names []string) string {
	if near := fault.Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "columns are " + plain(strings.Join(names[:min(len(names), 20)], ", "))
}
