package usage

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// Comparison is one period against the one before it: the same stretch of both,
// and the whole of the one before.
type Comparison struct {
	By          []string          `json:"by"`
	Of          map[string]string `json:"of"` // what the filter asks for; empty: everything
	Per         Per               `json:"per"`
	Zone        string            `json:"zone"`
	Now         Window            `json:"now"`           // as far as it has come
	BeforeSoFar Window            `json:"before_so_far"` // as many days and hours into the one before
	Before      Window            `json:"before"`
	Rows        []Change          `json:"rows"` // the dearest first
	Total       Change            `json:"total"`
	Overlap     bool              `json:"rows_overlap"`
	Notes       []string          `json:"notes,omitempty"`
}

// Change is what became of one combination of keys.
type Change struct {
	Keys        map[string]string `json:"keys"`
	Now         store.LedgerSums  `json:"now"`
	BeforeSoFar store.LedgerSums  `json:"before_so_far"`
	Before      store.LedgerSums  `json:"before"`
	Cost        *float64          `json:"cost_change_share"`     // now over before so far, less 1; null where there was nothing before
	Requests    *float64          `json:"requests_change_share"` // the same

	values []string
}

// Compare holds the period (a Day, Week or Month) that has the instant now in it
// against the one before it. `weir cost` shows months by it.
func Compare(ctx context.Context, ledger Ledger, by []string, per Per, zone *time.Location, filter store.LedgerQuery, now time.Time) (*Comparison, error) {
	switch per {
	case Day, Week, Month:
		return compare(ctx, ledger, by, per, per.Window(now, zone), filter, now)
	}
	return nil, fmt.Errorf("compare usage by %q: days, weeks and months can be compared", per)
}

// compare holds a period up to now, its end at most, against the one before it.
func compare(ctx context.Context, ledger Ledger, by []string, per Per, whole Window, filter store.LedgerQuery, now time.Time) (*Comparison, error) {
	if err := checkBy(by); err != nil {
		return nil, err
	}
	c := newComparing(by, per, whole, filter, now)
	var p pass
	p.add(c.want())
	if err := p.read(ctx, ledger); err != nil {
		return nil, err
	}
	return c.comparison(), nil
}

// comparing is a Comparison while it is added up.
type comparing struct {
	Comparison
	filter store.LedgerQuery
	whole  Window // of the period
	cells  map[string]*Change
}

func newComparing(by []string, per Per, whole Window, filter store.LedgerQuery, now time.Time) *comparing {
	zone := whole.Start.Location()
	c := &comparing{
		Comparison: Comparison{By: append([]string{}, by...), Of: filtered(filter), Per: per, Zone: zone.String(), Rows: []Change{}},
		filter:     filter, whole: whole, cells: map[string]*Change{},
	}
	c.windows(whole, now.In(zone))
	return c
}

// want is the rows of both periods: the one before ends where this one begins.
func (c *comparing) want() *want {
	soFar, before := ledgerHour(c.BeforeSoFar.End), ledgerHour(c.Before.End)
	return &want{filter: c.filter, hours: Window{c.Before.Start, c.Now.End}, take: func(r *store.LedgerRow, k *known) {
		if k.cells == nil {
			k.cells = c.cellsOf(r)
		}
		for _, cell := range k.cells {
			switch {
			case r.Hour.Before(soFar):
				cell.BeforeSoFar.Add(r.LedgerSums)
			case r.Hour.Before(before):
				cell.Before.Add(r.LedgerSums) // the rest of it, until finish
			default:
				cell.Now.Add(r.LedgerSums)
			}
		}
	}}
}

// cellsOf are the sums that a row counts in, the total first.
func (c *comparing) cellsOf(r *store.LedgerRow) []*Change {
	cells := []*Change{&c.Total}
	for _, values := range split(c.By, r) {
		at := strings.Join(values, "\x00")
		if c.cells[at] == nil {
			c.cells[at] = &Change{Keys: named(c.By, values), values: values}
		}
		cells = append(cells, c.cells[at])
	}
	c.Overlap = c.Overlap || len(cells) > 2
	return cells
}

// comparison is what was added up.
func (c *comparing) comparison() *Comparison {
	c.finish(c.cells, c.whole)
	return &c.Comparison
}

// windows says what is compared with what.
func (c *Comparison) windows(whole Window, now time.Time) {
	c.Now = Window{whole.Start, now}
	c.Before = c.Per.Window(whole.Start.Add(-1), whole.Start.Location())
	c.BeforeSoFar = c.Before
	if !now.Before(whole.End) {
		return
	}
	c.BeforeSoFar.End = sameStretch(c.Now, c.Before)
	if c.BeforeSoFar.End.Equal(c.Before.End) {
		c.Notes = append(c.Notes, "the period before was shorter: all of it is compared with this one so far")
	}
}

// sameStretch is the instant as many days into another period as now is into its
// own, at the same time on the clock, and at most that period's end. It goes by the
// calendar, so that a day of 25 hours does not shift the days after it.
func sameStretch(now, before Window) time.Time {
	y, m, d := now.End.Date()
	days := int(civil(now.End).Sub(civil(now.Start)).Hours() / 24)
	by, bm, bd := before.Start.Date()
	begin := midnight(by, bm, bd+days, before.Start.Location())
	t := begin.Add(now.End.Sub(midnight(y, m, d, now.End.Location())))
	if t.After(before.End) {
		return before.End
	}
	return t
}

// civil is the day of t, as a point on a line without zones.
func civil(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// finish completes sums, sorts, and says what has to be said.
func (c *Comparison) finish(cells map[string]*Change, whole Window) {
	for _, n := range cells {
		n.finish()
		c.Rows = append(c.Rows, *n)
	}
	c.Total.Keys = map[string]string{}
	c.Total.finish()
	sort.Slice(c.Rows, func(i, j int) bool {
		a, b := &c.Rows[i], &c.Rows[j]
		if x, y := max(a.Now.Cost, a.Before.Cost), max(b.Now.Cost, b.Before.Cost); x != y {
			return x > y
		}
		return slices.Compare(a.values, b.values) < 0
	})
	if c.Overlap = c.Overlap || slices.Contains(c.By, "tag"); c.Overlap {
		c.Notes = append(c.Notes, overlapNote)
	}
	if c.Total.beyond() || slices.ContainsFunc(c.Rows, func(n Change) bool { return n.beyond() }) {
		c.Notes = append(c.Notes, beyondNote)
	}
	if !ledgerHour(whole.Start).Equal(whole.Start) || !ledgerHour(c.Before.Start).Equal(c.Before.Start) {
		zone := whole.Start.Location()
		c.Notes = append(c.Notes, movedNote(zone))
	}
}

// finish makes the whole of the period before from its two parts.
func (n *Change) finish() {
	n.Before.Add(n.BeforeSoFar)
	n.Cost = growth(int64(n.Now.Cost), int64(n.BeforeSoFar.Cost))
	n.Requests = growth(n.Now.Requests, n.BeforeSoFar.Requests)
}

func (n *Change) beyond() bool { return n.Now.Beyond() || n.Before.Beyond() }

// growth is now over before, less 1; there is none from nothing.
func growth(now, before int64) *float64 {
	g := share(float64(now), float64(before))
	if g != nil {
		*g--
	}
	return g
}
