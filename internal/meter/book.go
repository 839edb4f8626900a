package meter

import (
	"cmp"
	_ "embed"
	"slices"
	"sync"
	"time"
)

// Row is what one model of one vendor costs from a day on, until a later row of
// the same model takes over.
type Row struct {
	Vendor  string   // as under vendor: in definitions
	Model   string   // the vendor's own id
	Aliases []string // other ids at the same price
	From    time.Time
	Price   Price
	Source  string // the vendor's public page of prices
	Note    string // what the price leaves out
	Own     bool   // of a list of the operator's own
}

// Name tells which row it is: "openai/gpt-4o@2024-10-02".
func (r *Row) Name() string {
	name := r.Vendor + "/" + r.Model + "@" + r.From.Format(time.DateOnly)
	if r.Own {
		name += " (own list)"
	}
	return name
}

// is reports whether the row is about a model, by id or alias.
func (r *Row) is(vendor, model string) bool {
	return r.Vendor == vendor && (r.Model == model || slices.Contains(r.Aliases, model))
}

// Book is a list of prices, or one list over another. It is immutable.
type Book struct {
	AsOf  time.Time // when its prices were last compared with the vendors' pages
	Rows  []Row     // by vendor, model and date
	under *Book     // answers for models that this one does not know
}

//go:embed prices.json
var builtin []byte

// Builtin is the list that comes with Weir. It is read when first asked for. It
// is part of the binary, so one that cannot be read is a defect that the first
// test finds.
var Builtin = sync.OnceValue(func() *Book {
	b, err := Parse(builtin)
	if err != nil {
		panic("meter: prices.json: " + err.Error())
	}
	return b
})

// Over lays the list of an operator over another: of a model that both know, its
// rows alone count.
func (b *Book) Over(under *Book) *Book {
	own := &Book{AsOf: b.AsOf, Rows: slices.Clone(b.Rows), under: under}
	for i := range own.Rows {
		own.Rows[i].Own = true
	}
	return own
}

// Find is what a model costs at a time. There is no rounding of names: an id
// that no row has may be another model at another price.
func (b *Book) Find(vendor, model string, at time.Time) (Row, bool) {
	if r, _ := b.find(vendor, model, at); r != nil {
		return *r, true
	}
	return Row{}, false
}

// find also says when another row takes over, zero when none is known to.
func (b *Book) find(vendor, model string, at time.Time) (found *Row, until time.Time) {
	for l := b; l != nil && found == nil; l = l.under {
		for i := range l.Rows {
			r := &l.Rows[i]
			switch {
			case !r.is(vendor, model):
			case !r.From.After(at):
				found = r // a later one is behind it
			case until.IsZero() || r.From.Before(until):
				until = r.From
			}
		}
	}
	return found, until
}

// InForce lists the row of each model at a time, by vendor and model.
func (b *Book) InForce(at time.Time) []Row {
	var list []Row
	for l := b; l != nil; l = l.under {
		for i := range l.Rows {
			r := &l.Rows[i]
			if now, _ := b.find(r.Vendor, r.Model, at); now == r {
				list = append(list, *r)
			}
		}
	}
	slices.SortStableFunc(list, byName)
	return list
}

// All lists every row, past and future ones too.
func (b *Book) All() []Row {
	var list []Row
	for l := b; l != nil; l = l.under {
		list = append(list, l.Rows...)
	}
	slices.SortStableFunc(list, byName)
	return list
}

// changes is when the next row of any model takes over.
func (b *Book) changes(at time.Time) (next time.Time) {
	for l := b; l != nil; l = l.under {
		for i := range l.Rows {
			if from := l.Rows[i].From; from.After(at) && (next.IsZero() || from.Before(next)) {
				next = from
			}
		}
	}
	return next
}

func byName(a, b Row) int {
	return cmp.Or(cmp.Compare(a.Vendor, b.Vendor), cmp.Compare(a.Model, b.Model), a.From.Compare(b.From))
}
