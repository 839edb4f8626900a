package analysis

import (
	"fmt"
	"hash/fnv"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/metric"
)

// Row is an observation from elsewhere: what a unit got, in which variant.
type Row struct {
	Variant string
	Unit    string             // "": none is known
	Time    time.Time          // zero: none is known
	Values  map[string]float64 // by column; a column that is absent was not observed
}

// clusterCount is how many clusters of units quantiles are computed from.
const clusterCount = 128

// FromRows makes the input of a report from rows of elsewhere. The plan's metrics
// name columns: a metric's Measure is its column's name, and its Scale is set here.
// Sums are whole numbers: values are kept to the ninth decimal, or to fewer where
// they are great. Variants that the plan does not name are an error; with no
// variants in the plan they are taken from the rows, in the order they come, the
// first the baseline, with equal weights.
//
// Rows without a unit are a unit each, which is right only where nobody sent two;
// the report says so.
func FromRows(plan Plan, rows iter.Seq2[Row, error]) (Input, error) {
	t := &table{plan: plan, units: map[string]map[string]int{}}
	line := 0
	for row, err := range rows {
		line++
		if err != nil {
			return Input{}, err
		}
		if err := t.add(line, row); err != nil {
			return Input{}, err
		}
	}
	if line == 0 {
		return Input{}, fmt.Errorf("read rows: there are none")
	}
	return t.input()
}

// table holds rows until their columns' scales are known.
type table struct {
	plan    Plan
	open    bool // variants are taken from the rows
	columns []metric.Metric
	most    map[string]float64 // greatest size of a column's values
	units   map[string]map[string]int
	rows    []placed
	noUnit  int64
	noTime  int64
	from    time.Time
	to      time.Time
}

// placed is a row whose variant and unit are known; values by column.
type placed struct {
	variant string
	unit    int
	bucket  uint64
	time    time.Time
	values  []float64 // NaN: not observed
}

func (t *table) add(line int, row Row) error {
	if t.columns == nil {
		t.begin()
	}
	if row.Variant == "" {
		return fmt.Errorf("read row %d: it has no variant", line)
	}
	if !slices.ContainsFunc(t.plan.Variants, func(v Variant) bool { return v.Name == row.Variant }) {
		if !t.open {
			return fmt.Errorf("read row %d: the variant %q is not in the plan", line, row.Variant)
		}
		t.plan.Variants = append(t.plan.Variants, Variant{Name: row.Variant, Baseline: len(t.plan.Variants) == 0})
	}
	p := placed{variant: row.Variant, time: row.Time.UTC(), values: make([]float64, len(t.columns))}
	if row.Time.IsZero() {
		p.time = time.Time{}
		t.noTime++
	} else {
		t.span(p.time)
	}
	t.place(&p, line, row.Unit)
	for i, m := range t.columns {
		v, ok := row.Values[m.Measure]
		if !ok {
			v = math.NaN()
		} else if why := Unfit(m, v); why != "" {
			return fmt.Errorf("read row %d: %s is %v: %s", line, m.Measure, v, why)
		} else {
			t.most[m.Measure] = max(t.most[m.Measure], math.Abs(v))
		}
		p.values[i] = v
	}
	t.rows = append(t.rows, p)
	return nil
}

// Unfit says why a value cannot be of a metric; "" when it can.
func Unfit(m metric.Metric, v float64) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "that is no number"
	case math.Abs(v) > 1e12:
		return "values beyond a million millions are not summed exactly: give them in a greater unit"
	case m.Kind == metric.Rate && v != 0 && v != 1:
		return "a rate is made of 0 and 1"
	case m.Kind == metric.Geometric && v <= 0:
		return "a geometric mean needs values above 0"
	case m.Kind == metric.Quantile && v < 0:
		return "quantiles are kept of values that are not negative"
	}
	return ""
}

func (t *table) begin() {
	t.open, t.most, t.columns = len(t.plan.Variants) == 0, map[string]float64{}, []metric.Metric{}
	add := func(m metric.Metric) {
		if !slices.ContainsFunc(t.columns, func(c metric.Metric) bool { return measureOf(c) == measureOf(m) }) {
			t.columns = append(t.columns, m)
		}
	}
	t.plan.each(func(m *metric.Metric) { add(*m) })
}

// each shows every metric of a plan, to read or to change.
func (p *Plan) each(show func(*metric.Metric)) {
	if p.Primary != nil {
		show(&p.Primary.Metric)
		if p.Primary.Gain != nil {
			show(p.Primary.Gain)
		}
	}
	for i := range p.Bounds {
		show(&p.Bounds[i].Metric)
	}
	for i := range p.Metrics {
		show(&p.Metrics[i])
	}
}

// measureOf names the sums of a column: a mean and a geometric mean of one column
// need two.
func measureOf(m metric.Metric) string {
	switch m.Kind {
	case metric.Geometric:
		return "log_" + m.Measure
	case metric.Quantile:
		return "distribution_" + m.Measure
	}
	return m.Measure
}

func (t *table) span(at time.Time) {
	if t.from.IsZero() || at.Before(t.from) {
		t.from = at
	}
	if at.After(t.to) {
		t.to = at
	}
}

// place numbers a row's unit within its variant.
func (t *table) place(p *placed, line int, unit string) {
	if unit == "" {
		t.noUnit++
		unit = fmt.Sprintf("\x00row %d", line)
	}
	if t.units[p.variant] == nil {
		t.units[p.variant] = map[string]int{}
	}
	n, ok := t.units[p.variant][unit]
	if !ok {
		n = len(t.units[p.variant])
		t.units[p.variant][unit] = n
	}
	p.unit = n
	h := fnv.New64a()
	h.Write([]byte(unit))
	p.bucket = h.Sum64() % clusterCount
}

// scaleFor is what 1 of a column's whole numbers is worth: the finest power of ten
// at which its greatest value stays below 10^13, so that squares of units' totals
// fit.
func scaleFor(m metric.Metric, most float64) float64 {
	if m.Kind == metric.Rate {
		return 1
	}
	if m.Kind == metric.Geometric {
		return 1e-9 // logarithms are below 30
	}
	scale := 1e-9
	for most/scale > 1e13 && scale < 1 {
		scale *= 10
	}
	// Exactly a power of ten, whatever the steps lost.
	return math.Pow(10, math.Round(math.Log10(scale)))
}
