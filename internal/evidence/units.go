package evidence

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
)

// readUnits goes through unit rows, for what sums do not tell: how unevenly
// requests are spread over units, and what a declared segment's sums are.
func readUnits(ctx context.Context, s Sums, q *Question, in *analysis.Input) error {
	most := q.Units
	if most == 0 {
		most = DefaultUnits
	}
	if all := enrolled(in); most > 0 && all > int64(most) {
		in.Notes = append(in.Notes, fmt.Sprintf("the rows of %d units were not read, which is for a full report: "+
			"it shows segments, and whether the result rests on few units", all))
		return nil
	}
	c := census{segments: map[segment]map[string]map[string]stats.Moments{}, units: map[string][]store.UnitRow{}}
	var after store.UnitKey
	for {
		rows, err := s.UnitRows(ctx, q.Plan.Experiment, after, 0)
		if err != nil {
			return err
		}
		for i := range rows {
			if rows[i].Epoch == q.Plan.Epoch {
				c.add(&rows[i], q.Plan.Segments)
			}
		}
		if len(rows) == 0 {
			break
		}
		after = rows[len(rows)-1].UnitKey
	}
	in.Segments = c.list()
	in.Shape = c.shapes()
	return nil
}

// enrolled is how many units there are.
func enrolled(in *analysis.Input) int64 {
	var n int64
	for _, sums := range in.Sums {
		n += sums[analysis.Requests].Units
	}
	return n
}

type segment struct{ name, value string }

// census is what is taken from unit rows.
type census struct {
	segments map[segment]map[string]map[string]stats.Moments
	units    map[string][]store.UnitRow // by variant
}

func (c *census) add(r *store.UnitRow, names []string) {
	if r.LeftOut() {
		return
	}
	c.units[r.Variant] = append(c.units[r.Variant], *r)
	for i, value := range r.Segments[:min(len(r.Segments), len(names))] {
		k := segment{names[i], value}
		if c.segments[k] == nil {
			c.segments[k] = map[string]map[string]stats.Moments{}
		}
		m := at(c.segments[k], r.Variant)
		for _, v := range r.Values {
			sum := m[v.Metric]
			sum.Add(v.Sum, v.N)
			m[v.Metric] = sum
		}
	}
}

// maxSegmentValues bounds how many values of a segment are shown: those with the
// most units.
const maxSegmentValues = 20

func (c *census) list() []analysis.Segment {
	list := make([]analysis.Segment, 0, len(c.segments))
	for k, sums := range c.segments {
		list = append(list, analysis.Segment{Name: k.name, Value: k.value, Sums: sums})
	}
	size := func(s *analysis.Segment) (n int64) {
		for _, m := range s.Sums {
			n += m[analysis.Requests].Units
		}
		return n
	}
	slices.SortFunc(list, func(a, b analysis.Segment) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(size(&b), size(&a)), strings.Compare(a.Value, b.Value))
	})
	shown := map[string]int{}
	return slices.DeleteFunc(list, func(s analysis.Segment) bool {
		shown[s.Name]++
		return shown[s.Name] > maxSegmentValues
	})
}

// shapes says for each variant how many of the requests its busiest units made,
// and what its sums are without them.
func (c *census) shapes() map[string]analysis.Shape {
	shapes := map[string]analysis.Shape{}
	for variant, rows := range c.units {
		slices.SortFunc(rows, func(a, b store.UnitRow) int {
			return cmp.Or(cmp.Compare(requests(&b), requests(&a)), strings.Compare(a.Unit, b.Unit))
		})
		s := analysis.Shape{Units: int64(len(rows)), LeftOut: map[string]stats.Moments{}}
		top, busiest := (len(rows)+99)/100, int64(0)
		for i := range rows {
			n := requests(&rows[i])
			s.Requests += n
			if i < top {
				busiest += n
				continue
			}
			for _, v := range rows[i].Values {
				sum := s.LeftOut[v.Metric]
				sum.Add(v.Sum, v.N)
				s.LeftOut[v.Metric] = sum
			}
		}
		if s.Requests > 0 {
			s.Top = float64(busiest) / float64(s.Requests)
		}
		shapes[variant] = s
	}
	return shapes
}

// requests of a unit.
func requests(r *store.UnitRow) int64 {
	for _, v := range r.Values {
		if v.Metric == analysis.Requests {
			return v.N
		}
	}
	return 0
}
