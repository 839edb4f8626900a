package sqlite

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

// Numbers grow as ids do, and no two ids of one process share one.
func TestKeysGrowAsIDsDo(t *testing.T) {
	var ids []string
	for range 5000 {
		ids = append(ids, event.NewID(time.Now()))
	}
	last := int64(-1)
	for _, id := range ids {
		key, kept := keyOf(id, time.Time{})
		if key <= last {
			t.Fatalf("%s has number %d, the one before it %d", id, key, last)
		}
		if got := idText([16]byte(kept.([]byte))); got != id {
			t.Fatalf("%s comes back as %s", id, got)
		}
		last = key
	}
	if at := time.UnixMilli(milliOf(last)); time.Since(at).Abs() > time.Minute {
		t.Errorf("the number says %s", at)
	}
}

func TestOddIDsAreNotMistaken(t *testing.T) {
	good := storetest.ID(storetest.Start, 1)
	for _, id := range []string{"", "x", strings.ToUpper(good), good + "0", good[:35], strings.Replace(good, "-7", "-4", 1), strings.ReplaceAll(good, "-", "0"), "0123456789abcdef"} {
		if _, ok := parseID(id); ok {
			t.Errorf("%q is taken for a UUIDv7", id)
		}
		if key, kept := keyOf(id, storetest.Start); kept != id || milliOf(key) != storetest.Start.UnixMilli() {
			t.Errorf("%q is kept as %v, at %d", id, kept, milliOf(key))
		}
	}
	for unit, small := range map[string]bool{"00ff": true, "": false, "0": false, "zz": false, "FF": false, "a-": false} {
		if _, bytes := unitValue(unit).([]byte); bytes != small {
			t.Errorf("unit %q as bytes: %v", unit, bytes)
		}
	}
}

// Ids of several replicas that come to one number are all kept and found, each
// once, also when those before them in line were deleted.
func TestIDsThatShareANumber(t *testing.T) {
	db := open(t, Config{})
	base := storetest.ID(storetest.Start, 0) // ends in ...-8000-000000000000
	var all []string
	for i := range 20 {
		all = append(all, base[:34]+string("0123456789"[i/10])+string("0123456789"[i%10]))
	}
	own, _ := keyOf(all[0], time.Time{})
	if other, _ := keyOf(all[19], time.Time{}); other != own {
		t.Fatal("they do not share a number")
	}
	apply := func(at int64, ids ...string) {
		b := &store.Batch{From: event.Position{Offset: at}, To: event.Position{Offset: at + 1}}
		for _, id := range ids {
			b.Events = append(b.Events, &event.Event{ID: id, Time: storetest.Start, UnitKind: "user", Unit: id[30:]})
		}
		if err := db.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	apply(0, all...)
	if _, err := db.Forget(t.Context(), "user", all[0][30:]); err != nil {
		t.Fatal(err)
	}
	apply(1, all[5], all[19])
	for i, id := range all {
		if e, err := db.Event(t.Context(), id); i > 0 && (err != nil || e.ID != id) || i == 0 && err == nil {
			t.Errorf("%s: %v, %v", id, e, err)
		}
	}
	events, _, err := db.FindEvents(t.Context(), store.EventQuery{})
	if len(events) != 19 || err != nil {
		t.Errorf("%d events, %v", len(events), err)
	}
}

// When the dictionary is full, what need not be in it stays in the record.
func TestWordsAreBounded(t *testing.T) {
	db := open(t, Config{})
	err := db.main.write(t.Context(), "fill the dictionary", func(c *conn) error { return dictTable.insert(c, mostWords+5, "the last word") })
	if err != nil {
		t.Fatal(err)
	}
	b := &store.Batch{To: event.Position{Offset: 1}}
	for n := range 50 {
		e := storetest.Full(n)
		e.Fingerprint = strings.Repeat("f", n+1)
		e.Route = "\x01\x05" // as if it were a word already
		b.Events = append(b.Events, e)
	}
	if err := db.Apply(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	for _, e := range b.Events {
		got, err := db.Event(t.Context(), e.ID)
		if err != nil || got.Fingerprint != e.Fingerprint || got.Route != e.Route {
			t.Fatalf("%v, %v", got, err)
		}
	}
	var words int64
	err = db.main.read(t.Context(), "count words", func(c *conn) error {
		r, err := c.one("SELECT count(*) FROM dict WHERE word LIKE 'ffff%'")
		words = r.int(0)
		return err
	})
	if err != nil || words > 1 {
		t.Errorf("%d of 50 fingerprints became words, %v", words, err)
	}
}

// Words of a batch that failed are not remembered.
func TestWordsOfAFailedBatch(t *testing.T) {
	db := open(t, Config{})
	e := storetest.Event(1)
	e.Route = "a new route"
	bad := &store.Batch{To: event.Position{Offset: 1}, Events: []*event.Event{e}, Sketches: []store.SketchRow{{Sketch: []byte("none")}}}
	if err := db.Apply(t.Context(), bad); err == nil {
		t.Fatal("it was applied")
	}
	other := storetest.Event(2)
	other.Route = "another route"
	if err := db.Apply(t.Context(), &store.Batch{To: event.Position{Offset: 1}, Events: []*event.Event{other, e}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []*event.Event{e, other} {
		if got, err := db.Event(t.Context(), want.ID); err != nil || got.Route != want.Route {
			t.Errorf("%v, %v", got, err)
		}
	}
}

// Whatever is among the texts of an event, lean and back is the same.
func TestLeanRecordsComeBack(t *testing.T) {
	db := open(t, Config{})
	r := rand.New(rand.NewPCG(1, 2))
	word := func() string {
		return strings.Repeat([]string{"", "\x01", "\x02", "a", "\xff", "name", "déjà"}[r.IntN(7)], r.IntN(3)) + []string{"", "x", strings.Repeat("y", 300)}[r.IntN(3)]
	}
	var all []*event.Event
	for n := range 200 {
		e := storetest.Full(n)
		if err := eachName(e, func(name *string) error { *name = word(); return nil }); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	before := event.AppendRecord(nil, all[7])
	if err := db.Apply(t.Context(), &store.Batch{To: event.Position{Offset: 1}, Events: all}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(before, event.AppendRecord(nil, all[7])) {
		t.Error("the event that was given was changed")
	}
	for _, e := range all {
		got, err := db.Event(t.Context(), e.ID)
		if err != nil || !slices.Equal(event.AppendRecord(nil, got), event.AppendRecord(nil, e)) {
			t.Fatalf("got  %+v, %v\nwant %+v", got, err, e)
		}
	}
}
