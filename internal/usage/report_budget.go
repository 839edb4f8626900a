package usage

import (
	"time"
)

// budgeting is a budget of a report while it is added up: the period that the
// report's window ends in, and those that began within the window.
type budgeting struct {
	*Budget
	last   *spending
	within *builder // nil: none began
	first  Window   // of those
	end    time.Time
}

// budgets says what each budget wants of the ledger.
func (r *Report) budgets(p *pass, list []Budget, w Window, upto time.Time) (all []*budgeting, err error) {
	for i := range list {
		b := &budgeting{Budget: &list[i], end: r.Window.End}
		if err := b.check(); err != nil {
			return nil, err
		}
		zone := w.Start.Location()
		b.last = b.spending(b.Per.Window(upto.Add(-1), zone), upto)
		p.add(b.last.want())
		if b.first = b.Per.Window(w.Start, zone); b.first.Start.Before(w.Start) {
			b.first = b.Per.after(b.first)
		}
		if b.first.Start.Before(b.end) {
			if b.within, err = newBuilder(Query{Per: b.Per, From: b.first.Start, To: b.end, Zone: zone, Filter: b.Filter}, b.end); err != nil {
				return nil, err
			}
			p.add(b.within.want())
		}
		all = append(all, b)
	}
	return all, nil
}

// line holds the budget against the window.
func (b *budgeting) line() BudgetLine {
	l := BudgetLine{State: *b.state(b.last)}
	if b.within == nil {
		return l
	}
	for w := b.first; w.Start.Before(b.end); w = b.Per.after(w) {
		l.Periods++
	}
	t := b.within.table()
	for i := range t.Rows {
		row := &t.Rows[i]
		if row.Cost > b.Amount {
			l.Over++
		}
		if l.Dearest == nil || row.Cost > l.Dearest.Cost {
			l.Dearest = &Spend{row.Window, row.Cost}
		}
	}
	return l
}
