package storetest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// Start is when the events of tests begin.
var Start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// ID is a UUIDv7 of a time; n tells those of one millisecond apart, in order.
func ID(at time.Time, n int) string {
	var u [16]byte
	binary.BigEndian.PutUint64(u[:], uint64(at.UnixMilli())<<16)
	u[6], u[7] = 0x70|byte(n>>8)&0x0f, byte(n)
	binary.BigEndian.PutUint64(u[8:], uint64(n)*0x9e3779b97f4a7c15) // looks random
	u[8] = 0x80 | u[8]&0x3f
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// Event makes the n-th event of a test: a second after the one before it.
func Event(n int) *event.Event {
	at := Start.Add(time.Duration(n) * time.Second)
	return &event.Event{
		ID: ID(at, n), ClientID: fmt.Sprint("client-", n), BodyID: fmt.Sprint("chatcmpl-", n), Project: "default", Time: at,
		Route: pick(n, "support", "search"), Assignments: []event.Assignment{{Experiment: "x", Variant: pick(n/2, "baseline", "candidate")}},
		UnitKind: "user", Unit: unit(n % 7), Key: pick(n/3, "app", "batch"), Tags: []string{"team=" + pick(n/4, "a", "b"), "tier=free"},
		Model: pick(n/5, "large", "small"), Outcome: event.Outcome(n % 3), Status: 200, Total: time.Duration(n),
	}
}

// Full is an event with something in every field, at every depth.
func Full(n int) *event.Event {
	e := &event.Event{}
	fill(reflect.ValueOf(e).Elem(), new(int))
	e.ID, e.Time, e.Outcome = ID(Start, n), Start, event.Timeout
	e.Begun = Start.Add(-time.Hour)
	return e
}

// fill sets all that can be set to values that differ.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("text ", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) / 8)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), n)
			}
		}
	}
}

func pick(n int, words ...string) string { return words[n%len(words)] }

// unit is a keyed hash as the gateway makes them: 16 hexadecimal digits.
func unit(n int) string { return fmt.Sprintf("%016x", uint64(n+1)*0x9e3779b97f4a7c15) }

// feed applies batches one after the other, as one replica does.
type feed struct {
	s       store.Applier
	replica string
	at      event.Position
}

func (f *feed) next() event.Position {
	return event.Position{Segment: f.at.Segment, Offset: f.at.Offset + 100}
}

// apply applies b behind what was applied before.
func (f *feed) apply(t *testing.T, b *store.Batch) {
	t.Helper()
	b.Replica, b.From, b.To = f.replica, f.at, f.next()
	if err := f.s.Apply(t.Context(), b); err != nil {
		t.Fatalf("apply: %v", err)
	}
	f.at = b.To
}

// same fails unless both are the same record, to the byte.
func same(t *testing.T, got, want event.Record) {
	t.Helper()
	if !bytes.Equal(event.AppendRecord(nil, got), event.AppendRecord(nil, want)) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// equal fails unless both are deeply equal.
func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
