package sqlite

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/store"
)

// An event of 500 bytes is mostly names that stand in every other event too. The
// record that is kept has them replaced: "\x01" and the number of a word, as a
// varint. A text that begins with one of these two bytes itself is kept behind
// "\x02". The id is not within the record: it is a column.
const (
	markWord = '\x01'
	markText = '\x02'
)

// Texts shorter than these many bytes gain nothing, longer ones are no names.
const (
	shortWord = 4
	longWord  = 200
)

// each visits every text of an event that is likely to be a name. The list never
// changes: a reader undoes what a writer did, and they may be of two versions.
func eachName(e *event.Event, visit func(*string) error) error {
	source, basis := string(e.UsageSource), string(e.CostBasis)
	names := []*string{
		&e.Project, &e.Revision, &e.Path, &e.Route, &e.UnitKind, &e.Key, &e.Model, &e.Vendor, &e.ServedModel, &e.Fingerprint, &e.Endpoint,
		&e.AnsweredBy, &e.Code, &e.Clock, &source, &basis, &e.PriceFrom, &e.Finish,
	}
	for i := range e.Assignments {
		a := &e.Assignments[i]
		names = append(names, &a.Experiment, &a.Variant, &a.Reason)
	}
	for i := range e.Attempts {
		a := &e.Attempts[i]
		names = append(names, &a.Model, &a.Endpoint, &a.Result)
	}
	for i := range e.Parameters {
		names = append(names, &e.Parameters[i])
	}
	for _, name := range names {
		if err := visit(name); err != nil {
			return err
		}
	}
	e.UsageSource, e.CostBasis = meter.Source(source), meter.Basis(basis)
	return nil
}

// leanRecord is the record of an event as it is kept.
func (w *words) leanRecord(c *conn, e *event.Event) ([]byte, error) {
	lean := *e
	lean.ID = ""
	lean.Assignments, lean.Attempts, lean.Parameters = slices.Clone(e.Assignments), slices.Clone(e.Attempts), slices.Clone(e.Parameters)
	err := eachName(&lean, func(name *string) (err error) {
		*name, err = w.lean(c, *name)
		return err
	})
	return event.AppendRecord(make([]byte, 0, 512), &lean), err
}

// wholeEvent reads what leanRecord wrote.
func (w *words) wholeEvent(c *conn, id string, record []byte) (*event.Event, error) {
	e, err := parse[*event.Event](event.KindEvent, record)
	if err != nil {
		return nil, err
	}
	e.ID = id
	return e, eachName(e, func(name *string) (err error) {
		*name, err = w.whole(c, *name)
		return err
	})
}

func (w *words) lean(c *conn, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	if marked := name[0] == markWord || name[0] == markText; marked {
		return string(markText) + name, nil
	}
	if len(name) < shortWord || len(name) > longWord {
		return name, nil
	}
	id, err := w.maybe(c, name)
	if err != nil || id == 0 {
		return name, err
	}
	return string(binary.AppendUvarint([]byte{markWord}, uint64(id))), nil
}

// maybe gives the number of a word, or 0 when the dictionary is so large that
// only what must be in it is added.
func (w *words) maybe(c *conn, word string) (int64, error) {
	if w.frozen {
		if id, ok := w.fresh[word]; ok {
			return id, nil
		}
		return w.find(c, word)
	}
	return w.id(c, word)
}

func (w *words) whole(c *conn, name string) (string, error) {
	switch {
	case name == "":
		return "", nil
	case name[0] == markText:
		return name[1:], nil
	case name[0] != markWord:
		return name, nil
	}
	id, n := binary.Uvarint([]byte(name[1:]))
	if n <= 0 || n != len(name)-1 {
		return "", fmt.Errorf("%w: %q names no word", store.ErrDamaged, name)
	}
	return w.name(c, int64(id))
}
