package analysis

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// input adds the rows up.
func (t *table) input() (Input, error) {
	in := Input{Complete: true, Sums: map[string]map[string]stats.Moments{}, Clusters: map[string]map[string][]stats.Cluster{}, Enrolled: map[string]Enrolled{}}
	t.weights()
	for _, v := range t.plan.Variants {
		in.Sums[v.Name], in.Clusters[v.Name] = map[string]stats.Moments{}, map[string][]stats.Cluster{}
		in.Enrolled[v.Name] = Enrolled{Variant: v.Name, Units: int64(len(t.units[v.Name])), Requests: t.count(v.Name)}
	}
	for i, m := range t.columns {
		if err := t.column(&in, i, m); err != nil {
			return Input{}, err
		}
	}
	t.plan.each(func(m *metric.Metric) {
		m.Scale = scaleFor(*m, t.most[m.Measure])
		if m.Kind == metric.Quantile {
			m.Scale = 1
		}
		m.Measure = measureOf(*m)
	})
	in.Plan = t.plan
	t.times(&in)
	t.shapes(&in)
	t.notes(&in)
	return in, nil
}

// weights are equal where nobody said otherwise.
func (t *table) weights() {
	sum := 0.0
	for _, v := range t.plan.Variants {
		sum += v.Weight
	}
	for i := range t.plan.Variants {
		if sum == 0 {
			t.plan.Variants[i].Weight = 1 / float64(len(t.plan.Variants))
		}
	}
}

func (t *table) count(variant string) (n int64) {
	for _, r := range t.rows {
		if r.variant == variant {
			n++
		}
	}
	return n
}

// pair is what a unit has of a column.
type pair struct{ x, y int64 }

func (t *table) column(in *Input, i int, m metric.Metric) error {
	if m.Kind == metric.Quantile {
		return t.distribution(in, i, m)
	}
	totals := t.totals(i, m, nil)
	for v, list := range totals {
		var s stats.Moments
		size := 0.0
		for _, p := range list {
			s.Add(p.x, p.y)
			size += float64(p.x) * float64(p.x)
		}
		if size > 1e38 {
			return fmt.Errorf("read rows: %s of %s is too great to be summed exactly: give it in a greater unit", m.Measure, v)
		}
		in.Sums[v][measureOf(m)] = s
	}
	return nil
}

// totals adds a column up by variant and unit; units that leave says true of are left out.
func (t *table) totals(i int, m metric.Metric, leave func(variant string, unit int) bool) map[string][]pair {
	scale := scaleFor(m, t.most[m.Measure])
	totals := map[string][]pair{}
	for _, v := range t.plan.Variants {
		totals[v.Name] = make([]pair, len(t.units[v.Name]))
	}
	for _, r := range t.rows {
		v := r.values[i]
		if math.IsNaN(v) || leave != nil && leave(r.variant, r.unit) {
			continue
		}
		if m.Kind == metric.Geometric {
			v = math.Log(v)
		}
		p := &totals[r.variant][r.unit]
		p.x += int64(math.Round(v / scale))
		p.y++
	}
	return totals
}

func (t *table) distribution(in *Input, i int, m metric.Metric) error {
	for _, r := range t.rows {
		v := r.values[i]
		if math.IsNaN(v) {
			continue
		}
		list := in.Clusters[r.variant][measureOf(m)]
		if list == nil {
			list = make([]stats.Cluster, clusterCount)
			in.Clusters[r.variant][measureOf(m)] = list
		}
		c := &list[r.bucket]
		if c.Sketch == nil {
			c.Sketch = stats.NewSketch()
		}
		c.Sketch.Add(v)
		c.N++
	}
	return nil
}

// times are days and weekdays, where rows have a time.
func (t *table) times(in *Input) {
	in.Times = Times{Started: t.from, Now: t.to}
	in.Weekdays = map[string][7]int64{}
	type slot struct {
		day              time.Time
		variant, measure string
	}
	days := map[slot]*Day{}
	scales := make([]float64, len(t.columns))
	for i, m := range t.columns {
		scales[i] = scaleFor(m, t.most[m.Measure])
	}
	for _, r := range t.rows {
		if r.time.IsZero() {
			continue
		}
		w := in.Weekdays[r.variant]
		w[r.time.Weekday()]++
		in.Weekdays[r.variant] = w
		for i, m := range t.columns {
			v := r.values[i]
			if m.Kind == metric.Quantile || math.IsNaN(v) {
				continue
			}
			if m.Kind == metric.Geometric {
				v = math.Log(v)
			}
			s := slot{r.time.Truncate(24 * time.Hour), r.variant, measureOf(m)}
			if days[s] == nil {
				days[s] = &Day{Day: s.day, Variant: s.variant, Measure: s.measure}
			}
			days[s].N++
			days[s].Sum += int64(math.Round(v / scales[i]))
		}
	}
	for _, d := range days {
		in.Days = append(in.Days, *d)
	}
	slices.SortFunc(in.Days, func(a, b Day) int {
		return cmp.Or(a.Day.Compare(b.Day), cmp.Compare(a.Measure, b.Measure), cmp.Compare(a.Variant, b.Variant))
	})
}

// shapes tell whether few units sent most rows.
func (t *table) shapes(in *Input) {
	if t.noUnit == int64(len(t.rows)) {
		return
	}
	in.Shape = map[string]Shape{}
	for _, v := range t.plan.Variants {
		counts := make([]int64, len(t.units[v.Name]))
		for _, r := range t.rows {
			if r.variant == v.Name {
				counts[r.unit]++
			}
		}
		order := make([]int, len(counts))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(counts[b], counts[a]) })
		top := map[int]bool{}
		sum := int64(0)
		for _, u := range order[:(len(order)+99)/100] {
			top[u] = true
			sum += counts[u]
		}
		s := Shape{Units: int64(len(counts)), Requests: in.Enrolled[v.Name].Requests, LeftOut: map[string]stats.Moments{}}
		if s.Requests > 0 {
			s.Top = float64(sum) / float64(s.Requests)
		}
		for i, m := range t.columns {
			if m.Kind == metric.Quantile {
				continue
			}
			var rest stats.Moments
			leave := func(variant string, unit int) bool { return variant != v.Name || top[unit] }
			for _, p := range t.totals(i, m, leave)[v.Name] {
				rest.Add(p.x, p.y)
			}
			s.LeftOut[measureOf(m)] = rest
		}
		in.Shape[v.Name] = s
	}
}

func (t *table) notes(in *Input) {
	in.Notes = append(in.Notes, "The data come from elsewhere: how units were dealt to variants, and whether they stayed there, is not known to Weir.")
	if t.noUnit > 0 {
		in.Notes = append(in.Notes, fmt.Sprintf("%s of %s rows name no unit, and each is taken as a unit of its own: where one user sent several, intervals are too narrow and p-values too small.",
			thousands(t.noUnit), thousands(int64(len(t.rows)))))
	}
	if t.noTime > 0 {
		in.Notes = append(in.Notes, fmt.Sprintf("%s of %s rows have no time: whether whole weeks are covered is not known.", thousands(t.noTime), thousands(int64(len(t.rows)))))
	}
	in.Traffic.Requests = int64(len(t.rows))
	in.Traffic.Multiple = map[string]int64{}
	seen := map[string]string{}
	for _, v := range t.plan.Variants {
		for unit := range t.units[v.Name] {
			if first, ok := seen[unit]; ok {
				in.Traffic.Multiple[first]++
				continue
			}
			seen[unit] = v.Name
		}
	}
}
