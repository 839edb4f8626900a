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

// Query asks for a Table.
type Query struct {
	By     []string          // see Keys; empty: all together
	Per    Per               // "": Total
	From   time.Time         // zero: since there are records
	To     time.Time         // not within; zero: now
	Zone   *time.Location    // of days, weeks and months; nil: UTC
	Filter store.LedgerQuery // its From and To are not read
}

// Row is what one period has of one combination of keys. Only those with a row
// in the ledger are there.
type Row struct {
	Window                   // of the period, cut to that of the table
	Keys   map[string]string `json:"keys"`
	store.LedgerSums
	PerSecond float64 `json:"requests_per_second"` // of the seconds that have passed

	values []string
}

// Table is usage by period and keys, in the order of both.
type Table struct {
	By      []string          `json:"by"`
	Of      map[string]string `json:"of"` // what the filter asks for; empty: everything
	Per     Per               `json:"per"`
	Zone    string            `json:"zone"`
	Window  Window            `json:"window"`
	Rows    []Row             `json:"rows"`
	Total   Row               `json:"total"` // each request once, whatever the rows do
	Overlap bool              `json:"rows_overlap"`
	Notes   []string          `json:"notes,omitempty"`
}

// overlapNote goes with every table by tag.
const overlapNote = "rows by tag overlap: a request counts in the row of each of its tags, so rows add up to more than the total"

// beyondNote goes with sums that are not known, see store.LedgerSums.
const beyondNote = "one of the sums is beyond what can be counted, and is shown as the greatest or least number there is: look for a price, or a model's count of tokens, that is nonsense"

// Tabulate reads the ledger. Two tables of the same window and filter have the
// same total, however they are told.
func Tabulate(ctx context.Context, ledger Ledger, q Query, now time.Time) (*Table, error) {
	b, err := newBuilder(q, now)
	if err != nil {
		return nil, err
	}
	var p pass
	p.add(b.want())
	if err := p.read(ctx, ledger); err != nil {
		return nil, err
	}
	return b.table(), nil
}

func newBuilder(q Query, now time.Time) (*builder, error) {
	if err := checkBy(q.By); err != nil {
		return nil, err
	}
	if q.Per == "" {
		q.Per = Total
	}
	if _, err := ParsePer(string(q.Per)); err != nil {
		return nil, err
	}
	if q.To.IsZero() {
		q.To = now
	}
	if !q.From.IsZero() && !q.From.Before(q.To) {
		return nil, fmt.Errorf("read usage from %s to %s: the window is empty", q.From.Format(time.RFC3339), q.To.Format(time.RFC3339))
	}
	return &builder{q: q, by: q.By, zone: orUTC(q.Zone), per: q.Per, now: now, cells: map[string]*Row{}}, nil
}

// builder adds ledger rows up.
type builder struct {
	q      Query
	now    time.Time
	by     []string
	zone   *time.Location
	per    Per
	cells  map[string]*Row            // by period and values
	met    map[store.LedgerKey][]*Row // those of the rows of one period: the same names come each hour
	metIn  time.Time
	total  store.LedgerSums
	first  time.Time // hour of the first row
	period Window    // of the row before; rows come in order of time, mostly
	moved  bool      // a period's border is not on a full hour of UTC
	twice  bool      // a row of the ledger counted in several rows
}

func (b *builder) want() *want {
	return &want{filter: b.q.Filter, hours: Window{b.q.From, b.q.To}, take: b.add}
}

func (b *builder) add(r *store.LedgerRow, _ *known) {
	b.total.Add(r.LedgerSums)
	if b.first.IsZero() || r.Hour.Before(b.first) {
		b.first = r.Hour
	}
	for _, cell := range b.cellsOf(r) {
		cell.Add(r.LedgerSums)
	}
}

// cellsOf are the rows that a row of the ledger counts in.
func (b *builder) cellsOf(r *store.LedgerRow) []*Row {
	w, names := b.periodOf(r.Hour), r.ID()
	names.Hour = time.Time{}
	if b.met == nil || !b.metIn.Equal(w.Start) {
		b.met, b.metIn = map[store.LedgerKey][]*Row{}, w.Start
	}
	cells := b.met[names]
	if cells == nil {
		for _, values := range split(b.by, r) {
			cells = append(cells, b.cell(w, values))
		}
		b.twice = b.twice || len(cells) > 1
		b.met[names] = cells
	}
	return cells
}

func (b *builder) cell(w Window, values []string) *Row {
	at := fmt.Sprintf("%d\x00%s", w.Start.UnixNano(), strings.Join(values, "\x00"))
	cell := b.cells[at]
	if cell == nil {
		cell = &Row{Window: w, values: values, Keys: named(b.by, values)}
		b.cells[at] = cell
	}
	return cell
}

// periodOf is the period that an hour belongs to: the one in which it begins.
func (b *builder) periodOf(hour time.Time) Window {
	if b.per == Total {
		return Window{}
	}
	if !b.period.Holds(hour) {
		b.period = b.per.Window(hour, b.zone)
		b.moved = b.moved || !ledgerHour(b.period.Start).Equal(b.period.Start) || !ledgerHour(b.period.End).Equal(b.period.End)
	}
	return b.period
}

// table sorts what was added up, and says what has to be said.
func (b *builder) table() *Table {
	q, now := b.q, b.now
	t := &Table{By: append([]string{}, q.By...), Of: filtered(q.Filter), Per: q.Per, Zone: b.zone.String(), Rows: make([]Row, 0, len(b.cells))}
	if q.From.IsZero() {
		q.From = b.first
		if q.From.IsZero() {
			q.From = q.To
		}
	}
	t.Window = Window{ledgerHour(q.From).In(b.zone), ledgerHour(q.To).In(b.zone)} // as it was read
	for _, cell := range b.cells {
		cell.cut(t.Window, b.per)
		cell.PerSecond = rate(cell.Requests, cell.seconds(now))
		t.Rows = append(t.Rows, *cell)
	}
	sort.Slice(t.Rows, func(i, j int) bool { return t.Rows[i].before(&t.Rows[j]) })
	t.Total = Row{Window: t.Window, Keys: map[string]string{}, LedgerSums: b.total, PerSecond: rate(b.total.Requests, t.Window.seconds(now))}
	t.Overlap = b.twice || slices.Contains(q.By, "tag")
	if t.Overlap {
		t.Notes = append(t.Notes, overlapNote)
	}
	if b.total.Beyond() || slices.ContainsFunc(t.Rows, func(r Row) bool { return r.Beyond() }) {
		t.Notes = append(t.Notes, beyondNote)
	}
	if b.moved {
		t.Notes = append(t.Notes, movedNote(b.zone))
	}
	return t
}

// cut gives the row the part of its period that the table has read.
func (r *Row) cut(w Window, per Per) {
	if per == Total {
		r.Window = w
		return
	}
	if r.Start.Before(w.Start) {
		r.Start = w.Start
	}
	if r.End.After(w.End) {
		r.End = w.End
	}
}

func (r *Row) before(o *Row) bool {
	if c := r.Start.Compare(o.Start); c != 0 {
		return c < 0
	}
	return slices.Compare(r.values, o.values) < 0
}

// movedNote is said where borders of periods are not where the calendar has them.
func movedNote(zone *time.Location) string {
	return fmt.Sprintf("money is kept by the hour of UTC, from which %s is not a number of whole hours away: each period takes its first full hour, up to 59 minutes after it begins", zone)
}
