package storetest

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// Dump writes all that a store answers about replicas and Experiments: two
// stores that dump alike keep the same.
func Dump(ctx context.Context, s store.Store, replicas ...string) (string, error) {
	d := &dump{ctx: ctx, s: s}
	for _, replica := range replicas {
		d.show("position")(s.Position(ctx, replica))
		d.list("open")(s.Open(ctx, replica))
	}
	d.events()
	d.list("ledger")(s.LedgerRows(ctx, store.LedgerQuery{}))
	d.list("rollup")(s.RollupRows(ctx, store.RollupQuery{}))
	d.list("traffic")(s.TrafficRows(ctx, store.RollupQuery{}))
	for _, experiment := range Experiments {
		d.list("variant")(s.VariantRows(ctx, experiment))
		d.list("unit")(s.UnitRows(ctx, experiment, store.UnitKey{}, event.MaxPage))
		d.list("day")(s.DayRows(ctx, experiment))
		d.list("sketch")(s.SketchRows(ctx, experiment))
		d.list("look")(s.Looks(ctx, experiment, 1))
	}
	d.revisions()
	decisions, _, err := s.FindDecisions(ctx, "", event.MaxPage, "")
	d.list("decision")(decisions, err)
	return d.out.String(), d.err
}

type dump struct {
	ctx context.Context
	s   store.Store
	out strings.Builder
	err error
}

// events writes each event with what belongs to it.
func (d *dump) events() {
	events, _, err := d.s.FindEvents(d.ctx, store.EventQuery{Limit: event.MaxPage})
	d.fail(err)
	for _, e := range events {
		d.show("event")(e, nil)
		d.list("score")(d.s.Scores(d.ctx, e.ID))
		if body, err := d.s.Body(d.ctx, e.ID); err == nil {
			d.show("body")(body, nil)
		} else {
			d.fail(err)
		}
		if entry, err := d.s.Entry(d.ctx, e.ID); err == nil {
			d.show("entry")(entry, nil)
		} else {
			d.fail(err)
		}
		exposures, err := d.s.Exposure(d.ctx, e.ID)
		d.fail(err)
		for _, x := range exposures {
			d.show("exposure of "+x.Experiment)(x, nil)
		}
	}
}

func (d *dump) revisions() {
	revisions, err := d.s.ListRevisions(d.ctx, 0, event.MaxPage)
	d.fail(err)
	for _, r := range revisions {
		d.show("revision")(d.s.Revision(d.ctx, r.Number))
	}
}

// fail keeps the first error that says more than that a row is not there.
func (d *dump) fail(err error) {
	if d.err == nil && err != nil && !isNotFound(err) {
		d.err = err
	}
}

// show writes what a reader gave.
func (d *dump) show(what string) func(any, error) {
	return func(v any, err error) {
		if d.fail(err); err != nil {
			return
		}
		switch v := v.(type) {
		case event.Record:
			fmt.Fprintf(&d.out, "%s %q\n", what, event.AppendRecord(nil, v))
		case store.Rollup:
			fmt.Fprintf(&d.out, "%s %v %q\n", what, v.Key(), store.AppendRollup(nil, &v))
		case store.UnitRow:
			fmt.Fprintf(&d.out, "%s %v %s %s %q %v\n", what, v.UnitKey, v.Variant, v.First.UTC().Format(time.RFC3339Nano), v.Segments, v.Values)
		default:
			fmt.Fprintf(&d.out, "%s %v\n", what, v)
		}
	}
}

// list writes each of the rows that a reader gave.
func (d *dump) list(what string) func(any, error) {
	return func(rows any, err error) {
		if d.fail(err); err != nil {
			return
		}
		for v, i := reflect.ValueOf(rows), 0; i < v.Len(); i++ {
			d.show(what)(v.Index(i).Interface(), nil)
		}
	}
}
