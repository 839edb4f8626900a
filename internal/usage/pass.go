package usage

import (
	"context"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// pass reads the ledger once for all who want rows of it: a report tells the same
// rows in many ways, and a list of budgets does too. Reading costs more than
// telling.
type pass struct{ wants []*want }

// want is which rows one of them takes.
type want struct {
	filter store.LedgerQuery // From and To are not read
	hours  Window            // that begin from Start on, and before End; without a Start: since there are records
	take   func(r *store.LedgerRow, k *known)
}

// known is what was found out about rows of one set of names, for one want: the
// same names come again each hour.
type known struct {
	wanted bool
	cells  []*Change // of a comparison, once they were looked for
}

// mostKnown bounds how many sets of names are remembered: tags are chosen by callers.
const mostKnown = 50_000

func (p *pass) add(w *want) { p.wants = append(p.wants, w) }

// read shows each row to those who want it.
func (p *pass) read(ctx context.Context, ledger Ledger) error {
	if len(p.wants) == 0 {
		return nil
	}
	names := map[store.LedgerKey][]known{}
	return eachRow(ctx, ledger, p.filter(), p.hours(), func(r *store.LedgerRow) {
		id := r.ID()
		id.Hour = time.Time{}
		of, ok := names[id]
		if !ok {
			of = p.know(r)
			if len(names) >= mostKnown {
				clear(names)
			}
			names[id] = of
		}
		for i, w := range p.wants {
			if of[i].wanted && w.hours.Holds(r.Hour) {
				w.take(r, &of[i])
			}
		}
	})
}

// know finds out who wants rows of these names.
func (p *pass) know(r *store.LedgerRow) []known {
	of := make([]known, len(p.wants))
	for i, w := range p.wants {
		whenever := w.filter
		whenever.From, whenever.To = time.Time{}, time.Time{}
		of[i].wanted = whenever.Matches(r)
	}
	return of
}

// hours are those that somebody wants, and sets each want's own to whole hours.
func (p *pass) hours() Window {
	all := Window{}
	for i, w := range p.wants {
		if !w.hours.Start.IsZero() {
			w.hours.Start = ledgerHour(w.hours.Start)
		}
		w.hours.End = ledgerHour(w.hours.End)
		if i == 0 || w.hours.Start.Before(all.Start) {
			all.Start = w.hours.Start
		}
		if w.hours.End.After(all.End) {
			all.End = w.hours.End
		}
	}
	return all
}

// filter is what all filters ask for alike.
func (p *pass) filter() store.LedgerQuery {
	all := p.wants[0].filter
	for _, w := range p.wants[1:] {
		f := &w.filter
		for _, field := range []struct{ all, one *string }{
			{&all.Project, &f.Project}, {&all.Route, &f.Route}, {&all.Variant, &f.Variant}, {&all.Model, &f.Model},
			{&all.Key, &f.Key}, {&all.Tag, &f.Tag}, {&all.Why, &f.Why},
		} {
			if *field.all != *field.one {
				*field.all = ""
			}
		}
	}
	return all
}

// eachRow reads the rows of hours, a week at a time: an hour may have many
// thousands.
func eachRow(ctx context.Context, ledger Ledger, filter store.LedgerQuery, hours Window, do func(*store.LedgerRow)) error {
	const stride = 7 * 24 * time.Hour
	for from := hours.Start; from.IsZero() || from.Before(hours.End); from = filter.To {
		filter.From, filter.To = from, hours.End
		if !from.IsZero() && hours.End.Sub(from) > stride {
			filter.To = from.Add(stride)
		}
		rows, err := ledger.LedgerRows(ctx, filter)
		if err != nil {
			return err // it says that the ledger was read
		}
		for i := range rows {
			do(&rows[i])
		}
	}
	return nil
}
