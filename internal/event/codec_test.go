package event

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// records gives one of each kind, empty.
func records() map[Kind]Record {
	return map[Kind]Record{
		KindBegin: &Begin{}, KindEvent: &Event{}, KindScore: &Score{},
		KindDecision: &Decision{}, KindEntry: &Entry{}, KindBody: &Body{},
	}
}

// fillField gives every field within v a value of its own that is not zero.
func fillField(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	*n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(1_700_000_000, int64(*n)).UTC()))
		return
	case Outcome:
		v.Set(reflect.ValueOf(Truncated))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d, längere Zeichenkette", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n)<<32 - 7)
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.25)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range 3 {
			if v.Type().Elem().Kind() == reflect.Uint8 {
				v.Index(i).SetUint(uint64(*n + i + 1))
				continue
			}
			fillField(t, v.Index(i), n)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fillField(t, v.Field(i), n)
		}
	default:
		t.Fatalf("a field of type %s: the codec and this test must learn it", v.Type())
	}
}

func filled(t *testing.T, r Record) Record {
	n := 0
	fillField(t, reflect.ValueOf(r).Elem(), &n)
	return r
}

func TestEveryFieldOfEveryRecordComesBack(t *testing.T) {
	for kind, r := range records() {
		want := filled(t, r)
		b := AppendRecord([]byte("before"), want)
		got, err := ParseRecord(kind, b[len("before"):])
		if err != nil {
			t.Errorf("%T: %v", r, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		if got.Kind() != kind {
			t.Errorf("%T has kind %d, not %d", r, got.Kind(), kind)
		}
	}
}

// A table of docs/reference/journal.md names the number of each field: what the
// code writes must be what it says, field by field.
func TestFieldNumbersAreThoseOfTheReference(t *testing.T) {
	text, err := os.ReadFile("../../docs/reference/journal.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]any{"assignment": Assignment{}, "attempt": Attempt{}, "usage": Event{}.Usage}
	for _, r := range records() {
		parts[strings.ToLower(reflect.TypeOf(r).Elem().Name())] = reflect.ValueOf(r).Elem().Interface()
	}
	for name, part := range parts {
		table := numbersIn(t, string(text), name)
		typ := reflect.TypeOf(part)
		if len(table) != typ.NumField() {
			t.Errorf("%s: the reference has %d fields, the type %d", name, len(table), typ.NumField())
		}
		for i := range typ.NumField() {
			field, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			if got := numberOf(t, name, part, i); fmt.Sprint(got) != table[field] {
				t.Errorf("%s.%s is written as number %d, the reference says %q", name, field, got, table[field])
			}
		}
	}
}

// numbersIn reads the table that follows <!-- numbers: name -->.
func numbersIn(t *testing.T, text, name string) map[string]string {
	_, after, ok := strings.Cut(text, "<!-- numbers: "+name+" -->\n")
	if !ok {
		t.Fatalf("the reference has no table of %s", name)
	}
	table := map[string]string{}
	for _, line := range strings.Split(after, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			break
		}
		table[strings.Trim(cells[2], " `")] = strings.TrimSpace(cells[1])
	}
	delete(table, "Field")
	delete(table, "---")
	return table
}

// numberOf writes part with nothing but its field i, and gives the field's number.
func numberOf(t *testing.T, name string, part any, i int) protowire.Number {
	v := reflect.New(reflect.TypeOf(part)).Elem()
	n := 0
	fillField(t, v.Field(i), &n)
	var b []byte
	switch p := v.Interface().(type) {
	case Assignment:
		b = within(appendEvent(nil, &Event{Assignments: []Assignment{p}}))
	case Attempt:
		b = within(appendEvent(nil, &Event{Attempts: []Attempt{p}}))
	default:
		if name == "usage" {
			e := Event{}
			reflect.ValueOf(&e).Elem().FieldByName("Usage").Set(v)
			b = within(appendEvent(nil, &e))
		} else {
			b = AppendRecord(nil, v.Addr().Interface().(Record))
		}
	}
	number, _, size := protowire.ConsumeTag(b)
	if size < 0 {
		t.Fatalf("%s: field %d is not written", name, i)
	}
	return number
}

// within gives what the only field holds.
func within(b []byte) []byte {
	_, _, n := protowire.ConsumeTag(b)
	data, _ := protowire.ConsumeBytes(b[n:])
	return data
}

func TestWhatIsZeroTakesNoBytes(t *testing.T) {
	for kind, r := range records() {
		if b := AppendRecord(nil, r); len(b) != 0 {
			t.Errorf("an empty %T takes %d bytes", r, len(b))
		}
		got, err := ParseRecord(kind, nil)
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("nothing, read as %T: %+v, %v", r, got, err)
		}
	}
	if b := AppendRecord(nil, nil); len(b) != 0 {
		t.Errorf("no record takes %d bytes", len(b))
	}
}

func TestEmptyElementsOfListsAreKept(t *testing.T) {
	want := &Event{Tags: []string{"", "a=b", ""}, Assignments: make([]Assignment, 2), Attempts: make([]Attempt, 1)}
	got, err := ParseRecord(KindEvent, AppendRecord(nil, want))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A message within may have a length of one, two or three bytes.
func TestLongMessagesWithin(t *testing.T) {
	for _, n := range []int{0, 1, 120, 126, 127, 128, 129, 300, 16380, 16384, 20000, 1 << 21, 3 << 20} {
		want := &Event{ID: "x", Assignments: []Assignment{{Doubt: strings.Repeat("d", n), Probability: 0.5}}, Code: "after"}
		got, err := ParseRecord(KindEvent, AppendRecord(nil, want))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("a doubt of %d bytes did not come back: %v", n, err)
		}
	}
}

// A later version may add fields of any type, anywhere.
func TestUnknownFieldsArePassedOver(t *testing.T) {
	var later []byte
	later = protowire.AppendVarint(protowire.AppendTag(later, 900, protowire.VarintType), 1<<60)
	later = protowire.AppendFixed32(protowire.AppendTag(later, 901, protowire.Fixed32Type), 7)
	later = protowire.AppendFixed64(protowire.AppendTag(later, 902, protowire.Fixed64Type), 7)
	later = protowire.AppendString(protowire.AppendTag(later, 903, protowire.BytesType), "new")
	for kind, r := range records() {
		want := filled(t, r)
		b := append(AppendRecord(bytes.Clone(later), want), later...)
		got, err := ParseRecord(kind, b)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%T: %+v, %v", r, got, err)
		}
	}
	usage := protowire.AppendBytes(protowire.AppendTag(nil, 31, protowire.BytesType), later)
	if _, err := ParseRecord(KindEvent, usage); err != nil {
		t.Errorf("unknown fields within usage: %v", err)
	}
}

func TestWhatDoesNotParseIsAnError(t *testing.T) {
	for name, b := range map[string][]byte{
		"a field's number is 0":         {0, 1},
		"the end is missing":            {0x0a, 5, 'a'},
		"a text where a number belongs": protowire.AppendString(protowire.AppendTag(nil, 27, protowire.BytesType), "200"),
		"a number where a text belongs": {1 << 3, 5},
		"a broken message within":       protowire.AppendBytes(protowire.AppendTag(nil, 31, protowire.BytesType), []byte{0x08}),
		"a time cut short":              {5<<3 | 1, 1, 2, 3},
	} {
		if got, err := ParseRecord(KindEvent, b); err == nil {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
	if _, err := ParseRecord(77, nil); err == nil || !strings.Contains(err.Error(), "kind 77") {
		t.Errorf("an unknown kind: %v", err)
	}
}

func TestEveryOutcomeComesBack(t *testing.T) {
	for o := range Outcome(20) {
		got, err := ParseRecord(KindEvent, AppendRecord(nil, &Event{Outcome: o}))
		if err != nil || got.(*Event).Outcome.String() != o.String() {
			t.Errorf("%s came back as %+v, %v", o, got, err)
		}
	}
}

func TestTimesAtTheEdges(t *testing.T) {
	for name, c := range map[string]struct{ time, want time.Time }{
		"1970":          {time.Unix(0, 0), time.Unix(0, 0)},
		"before":        {time.Unix(-1, 5), time.Unix(-1, 5)},
		"far away":      {time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(0, math.MaxInt64)},
		"long ago":      {time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), time.Unix(0, math.MinInt64)},
		"another place": {time.Date(2026, 3, 1, 9, 0, 0, 9, time.FixedZone("", 7200)), time.Date(2026, 3, 1, 7, 0, 0, 9, time.UTC)},
	} {
		got, err := ParseRecord(KindScore, AppendRecord(nil, &Score{Time: c.time}))
		if err != nil || got.(*Score).Time != c.want.UTC() {
			t.Errorf("%s: got %v, %v, want %v", name, got.(*Score).Time, err, c.want.UTC())
		}
	}
}

// The caller's buffer is used again: nothing that was read may change with it.
func TestRecordsKeepNothingOfTheBuffer(t *testing.T) {
	for kind, r := range records() {
		want := filled(t, r)
		b := AppendRecord(nil, want)
		got, err := ParseRecord(kind, b)
		if err != nil {
			t.Fatal(err)
		}
		clear(b)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%T changed with the buffer", r)
		}
	}
}

// Whatever is read is written and read again alike.
func FuzzParseRecord(f *testing.F) {
	for kind, r := range records() {
		n := 0
		fillField(&testing.T{}, reflect.ValueOf(r).Elem(), &n)
		f.Add(uint8(kind), AppendRecord(nil, r))
	}
	f.Add(uint8(9), []byte{})
	f.Add(uint8(2), []byte{0x4b, 0x4c})
	f.Fuzz(func(t *testing.T, kind uint8, b []byte) {
		r, err := ParseRecord(Kind(kind), b)
		if err != nil {
			return
		}
		again := AppendRecord(nil, r)
		second, err := ParseRecord(Kind(kind), again)
		if err != nil || !bytes.Equal(AppendRecord(nil, second), again) {
			t.Errorf("%+v\nis not %+v: %v", r, second, err)
		}
	})
}

func typicalEvent() *Event {
	return &Event{
		ID: "0198c1a2-7f3e-7c44-9d1b-2f0a6c5e8b71", BodyID: "chatcmpl-9f8e7d6c5b4a", Project: "default", Time: time.Unix(1_763_819_154, 123456789),
		Revision: "f3d254b9c2", Path: "/v1/chat/completions", Route: "support",
		Assignments:  []Assignment{{Experiment: "support-llama", Epoch: 1, Step: 2, Variant: "candidate", Reason: "chance", Enrolled: true, Probability: 0.5}},
		Conversation: "b1946ac92492d2347c6235b4d2611184", Begun: time.Unix(1_763_819_100, 0), UnitKind: "user", Unit: "591785b794601e212b260e25925636fd",
		Key: "web", Tags: []string{"team=search", "tier=gold"}, Model: "llama-8b", Vendor: "vllm", ServedModel: "meta-llama/Llama-3.1-8B-Instruct",
		Endpoint: "http://vllm-8b-0:8000/v1", Attempts: []Attempt{{Model: "llama-8b", Endpoint: "http://vllm-8b-0:8000/v1", Status: 200, Result: "ok", Took: 80 * time.Millisecond}},
		Parameters: []string{"temperature: variant", "max_tokens: caller (smaller)"}, Stream: true, Status: 200, UsageKnown: true, UsageSource: "reported",
		Usage: Event{}.Usage, Cost: 1234, CostBasis: "priced", PriceFrom: "definitions", Finish: "stop", Frames: 120,
		FirstToken: 80 * time.Millisecond, PerToken: 12 * time.Millisecond, Total: 1500 * time.Millisecond, Overhead: 90 * time.Microsecond,
	}
}

func BenchmarkAppendRecord(b *testing.B) {
	e, buf := typicalEvent(), []byte(nil)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendRecord(buf[:0], e)
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkParseRecord(b *testing.B) {
	buf := AppendRecord(nil, typicalEvent())
	b.ReportAllocs()
	b.SetBytes(int64(len(buf)))
	for b.Loop() {
		if _, err := ParseRecord(KindEvent, buf); err != nil {
			b.Fatal(err)
		}
	}
}
