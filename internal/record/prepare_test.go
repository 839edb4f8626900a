package record

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
)

func newTestPreparer(t testing.TB, change func(*Config)) *preparer {
	t.Helper()
	cfg := Config{Replica: "r1"}.withDefaults()
	if change != nil {
		change(&cfg)
	}
	p, err := newPreparer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// batchOf prepares records that lie one byte from another.
func batchOf(p *preparer, records ...event.Record) *prepared {
	items := make([]event.Item, 0, len(records))
	for i, r := range records {
		items = append(items, event.Item{Record: r, Next: event.Position{Segment: 1, Offset: int64(i + 1)}})
	}
	return p.prepare(event.Position{Segment: 1}, items)
}

func TestWhatAnEventMakes(t *testing.T) {
	at := time.Date(2026, 3, 1, 23, 59, 58, 0, time.FixedZone("CET", 3600)) // 22:59:58 UTC
	e := &event.Event{
		ID: "e1", Project: "default", Time: at, Route: "support", UnitKind: "user", Unit: "00000000000000aa", Key: "app", Tags: []string{"env=prod", "team=a"},
		Assignments: []event.Assignment{{Experiment: "x", Epoch: 2, Step: 3, Variant: "b", Enrolled: true}},
		Model:       "small", Outcome: event.OK, Fallback: true,
		Attempts:    []event.Attempt{{Model: "large", Endpoint: "http://l", Result: "status_5xx", Status: 500}, {Model: "small", Endpoint: "http://s", Result: "ok", Status: 200}},
		Usage:       chat.Usage{Input: 100, Output: 20, Cached: 40, CacheWrite: 5, Reasoning: 7},
		UsageSource: meter.Guessed, Cost: 1234, CostBasis: meter.Estimated,
		FirstToken: 250 * time.Millisecond, PerToken: 20 * time.Millisecond, Total: time.Second,
	}
	b := batchOf(newTestPreparer(t, nil), e).batch
	sums := store.LedgerSums{Requests: 1, Input: 100, Cached: 40, CacheWrite: 5, Output: 20, Reasoning: 7, Cost: 1234, Estimated: 1234, Guessed: 1}
	hour, day := time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

	same(t, "ledger", b.Ledger, []store.LedgerRow{{
		Hour: hour, Project: "default", Route: "support", Variant: "b", Model: "small", Key: "app", Tags: "env=prod,team=a", Why: "request", LedgerSums: sums,
	}})
	same(t, "roll-ups", b.Rollups, []store.Rollup{{
		Minute: hour.Add(59 * time.Minute), Project: "default", Route: "support", Variant: "b", Model: "small",
		Outcomes: map[string]int64{"ok": 1}, Fallback: 1, LedgerSums: sums,
		Duration: sketchOf(1), TTFT: sketchOf(0.25), TPOT: sketchOf(0.02),
	}})
	same(t, "traffic", b.Traffic, []store.TrafficRow{
		{Hour: hour, Project: "default", Route: "support", Variant: "b", Assigned: 1},
		{Hour: hour, Project: "default", Route: "support", Variant: "b", Model: "large", Endpoint: "http://l", Sent: 1},
		{Hour: hour, Project: "default", Route: "support", Variant: "b", Model: "small", Endpoint: "http://s", Sent: 1, Answered: 1},
	})
	unit := store.UnitKey{Experiment: "x", Epoch: 2, Step: 3, UnitKind: "user", Unit: "00000000000000aa"}
	values := []store.Value{
		{Metric: "cache_hit", N: 1, Sum: 0},
		{Metric: "cached_tokens", N: 100, Sum: 40},
		{Metric: "cancel", N: 1, Sum: 0},
		{Metric: "cost", N: 1, Sum: 1234},
		{Metric: "error", N: 1, Sum: 0},
		{Metric: "fallback", N: 1, Sum: 1},
		{Metric: "input_tokens", N: 1, Sum: 100},
		{Metric: "log_latency", N: 1, Sum: 0},       // ln 1
		{Metric: "log_tpot", N: 1, Sum: -3_912_023}, // ln 0.02 = -3.9120230
		{Metric: "log_ttft", N: 1, Sum: -1_386_294}, // ln 0.25 = -1.3862944
		{Metric: "output_tokens", N: 1, Sum: 20},
		{Metric: "reasoning_tokens", N: 1, Sum: 7},
		{Metric: "rejected", N: 1, Sum: 0},
		{Metric: "thumbs_down", N: 1, Sum: 0},
		{Metric: "thumbs_response", N: 1, Sum: 0},
		{Metric: "timeout", N: 1, Sum: 0},
		{Metric: "truncation", N: 1, Sum: 0},
	}
	same(t, "units", b.Units, []store.UnitDelta{{UnitKey: unit, Variant: "b", First: at, Requests: 1, Values: values}})
	same(t, "exposures", b.Exposures, []store.Exposure{{RequestID: "e1", Time: at, UnitKey: unit, Variant: "b"}})
	var days []store.DayRow
	for _, v := range values {
		days = append(days, store.DayRow{Day: day, Experiment: "x", Epoch: 2, Step: 3, Variant: "b", Metric: v.Metric, N: v.N, Sum: v.Sum})
	}
	same(t, "days", b.Days, days)
	var sketches []store.SketchRow
	for _, s := range []struct {
		name    string
		seconds float64
	}{{"latency", 1}, {"tpot", 0.02}, {"ttft", 0.25}} {
		sketches = append(sketches, store.SketchRow{
			Experiment: "x", Epoch: 2, Step: 3, Variant: "b", Metric: s.name, Bucket: b.Sketches[0].Bucket, Sketch: sketchOf(s.seconds),
		})
	}
	same(t, "sketches", b.Sketches, sketches)
	if k := b.Sketches[0].Bucket; k < 0 || k >= store.Buckets {
		t.Errorf("bucket %d", k)
	}
	if len(b.Events) != 1 || b.Events[0] != e || b.Replica != "r1" || b.To != (event.Position{Segment: 1, Offset: 1}) {
		t.Errorf("batch: %+v", b)
	}
}

func sketchOf(values ...float64) []byte {
	s := stats.NewSketch()
	for _, v := range values {
		s.Add(v)
	}
	return encoded(s)
}

func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}

// A shadow's money is real; of what users got it says nothing.
func TestAShadowIsMoneyAndNothingElse(t *testing.T) {
	e := exchange(5)
	e.ShadowOf = "e0"
	b := batchOf(newTestPreparer(t, nil), e).batch
	if len(b.Ledger) != 1 || b.Ledger[0].Why != "shadow" || b.Ledger[0].Cost != 5 || b.Ledger[0].Requests != 1 {
		t.Errorf("ledger: %+v", b.Ledger)
	}
	if n := len(b.Rollups) + len(b.Traffic) + len(b.Units) + len(b.Days) + len(b.Sketches) + len(b.Exposures); n > 0 {
		t.Errorf("a shadow made %d other rows", n)
	}
	shed := batchOf(newTestPreparer(t, nil), e.Entry()).batch
	same(t, "ledger of a shadow that was shed", shed.Ledger, b.Ledger)
	if len(shed.Rollups) > 0 {
		t.Errorf("a shed shadow made roll-ups: %+v", shed.Rollups)
	}
}

func TestAShedEventKeepsItsMoneyEverywhereMoneyIs(t *testing.T) {
	e := exchange(5)
	e.Outcome = event.Timeout
	whole, shed := batchOf(newTestPreparer(t, nil), e).batch, batchOf(newTestPreparer(t, nil), e.Entry()).batch
	same(t, "ledger", shed.Ledger, whole.Ledger)
	if len(shed.Rollups) != 1 || shed.Rollups[0].LedgerSums != whole.Rollups[0].LedgerSums || len(shed.Rollups[0].Outcomes) != 0 {
		t.Errorf("roll-ups: %+v", shed.Rollups)
	}
	if len(shed.Units)+len(shed.Days)+len(shed.Exposures) > 0 || len(shed.Entries) != 1 {
		t.Errorf("batch: %+v", shed)
	}
}

func TestACorrectionIsInTheLedgerOnly(t *testing.T) {
	n := &event.Entry{ID: "c", Time: noon, Why: "correction", Cost: -5, Basis: meter.Priced}
	b := batchOf(newTestPreparer(t, nil), n).batch
	if len(b.Ledger) != 1 || b.Ledger[0].Cost != -5 || b.Ledger[0].Requests != 0 || b.Ledger[0].Why != "correction" || len(b.Rollups) > 0 {
		t.Errorf("batch: %+v", b)
	}
}

func TestWhoIsNotCounted(t *testing.T) {
	for name, change := range map[string]func(*event.Event){
		"not enrolled":  func(e *event.Event) { e.Assignments[0].Enrolled = false },
		"no experiment": func(e *event.Event) { e.Assignments[0].Experiment = "" },
		"no unit":       func(e *event.Event) { e.Unit = "" },
		"no assignment": func(e *event.Event) { e.Assignments = nil },
		"invalid":       func(e *event.Event) { e.Outcome = event.Invalid },
	} {
		e := exchange(1)
		change(e)
		b := batchOf(newTestPreparer(t, nil), e).batch
		if n := len(b.Units) + len(b.Days) + len(b.Sketches) + len(b.Exposures); n > 0 {
			t.Errorf("%s: %d rows of sums", name, n)
		}
		if len(b.Ledger) != 1 || len(b.Rollups) != 1 {
			t.Errorf("%s: it is a request all the same", name)
		}
	}
}

func TestAnEventCountsForEachOfItsAssignments(t *testing.T) {
	e := exchange(1)
	e.Assignments = append(e.Assignments, event.Assignment{Experiment: "y", Epoch: 1, Variant: "c", Enrolled: true})
	b := batchOf(newTestPreparer(t, nil), e).batch
	if len(b.Units) != 2 || len(b.Exposures) != 2 || len(b.Ledger) != 1 || b.Traffic[0].Assigned != 1 {
		t.Errorf("batch: %+v", b)
	}
}

func TestPreparingAgainGivesTheSame(t *testing.T) {
	p := newTestPreparer(t, nil)
	var records []event.Record
	for n := range 200 {
		e := exchange(n * 37)
		e.Tags = []string{fmt.Sprintf("t=%d", n%3)}
		records = append(records, began(e), e)
	}
	first, second := batchOf(p, records...), batchOf(p, records...)
	same(t, "the batch", second.batch, first.batch)
}

func TestTheBeginningOfATime(t *testing.T) {
	for _, c := range []struct{ at, hour, minute, day string }{
		{"2026-03-01T12:34:56Z", "2026-03-01T12:00:00Z", "2026-03-01T12:34:00Z", "2026-03-01T00:00:00Z"},
		{"2026-03-29T02:30:00+02:00", "2026-03-29T00:00:00Z", "2026-03-29T00:30:00Z", "2026-03-29T00:00:00Z"},
		{"1969-12-31T23:59:59Z", "1969-12-31T23:00:00Z", "1969-12-31T23:59:00Z", "1969-12-31T00:00:00Z"},
		{"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
	} {
		at := must[time.Time](t)(time.Parse(time.RFC3339, c.at))
		for want, got := range map[string]int64{c.hour: hour(at), c.minute: minute(at), c.day: day(at)} {
			if utc(got).Format(time.RFC3339) != want {
				t.Errorf("of %s: %s, want %s", c.at, utc(got), want)
			}
		}
	}
}

func TestTagsBeyondTheBoundAreBookedAsOther(t *testing.T) {
	p := newTestPreparer(t, func(c *Config) { c.TagSets = 3 })
	var records []event.Record
	for n := range 10 {
		e := exchange(0)
		e.ID, e.Tags = fmt.Sprint(n), []string{fmt.Sprintf("user=%d", n)}
		records = append(records, e)
	}
	d := batchOf(p, records...)
	var tags []string
	var sum int64
	for _, row := range d.batch.Ledger {
		tags = append(tags, row.Tags)
		sum += row.Requests
	}
	if !slices.Equal(tags, []string{"other", "user=0", "user=1", "user=2"}) || sum != 10 || d.tally.tagsOther != 7 {
		t.Errorf("tags %v, %d requests, %d counted as other", tags, sum, d.tally.tagsOther)
	}
	later := exchange(0)
	later.Time, later.Tags = noon.Add(time.Hour), []string{"user=9"}
	if row := batchOf(p, later).batch.Ledger[0]; row.Tags != "user=9" {
		t.Errorf("in the next hour: %q", row.Tags)
	}
	for h := range 100 { // hours do not pile up
		later.Time = noon.Add(time.Duration(h) * time.Hour)
		batchOf(p, later)
	}
	if n := len(p.tags.hours); n > keptHours {
		t.Errorf("%d hours are watched", n)
	}
}

func TestAnUnknownRecordIsCounted(t *testing.T) {
	d := batchOf(newTestPreparer(t, nil), nil, exchange(0))
	if d.tally.unknown != 1 || len(d.batch.Events) != 1 {
		t.Errorf("%d unknown, %d events", d.tally.unknown, len(d.batch.Events))
	}
}

func TestClustersAreEven(t *testing.T) {
	p := newTestPreparer(t, nil)
	count := make([]int, store.Buckets)
	const units = 64_000
	for n := range units {
		e := exchange(0)
		e.Unit = fmt.Sprintf("%016x", uint64(n)*0x9e3779b97f4a7c15)
		d := p.begin(event.Position{}, event.Position{})
		p.addAssignment(d, e, &e.Assignments[0])
		for k := range d.rows.sketches {
			count[k.bucket]++
		}
	}
	mean := float64(units) / store.Buckets
	chi := 0.0
	for _, n := range count {
		chi += (float64(n) - mean) * (float64(n) - mean) / mean
	}
	// χ² with 127 degrees of freedom: mean 127, standard deviation √254.
	if math.Abs(chi-127) > 5*math.Sqrt(254) {
		t.Errorf("χ² = %.1f over %d clusters", chi, store.Buckets)
	}
}

// The goal is 30 µs an event: SQLite takes the most of what there is.
func BenchmarkPrepare(b *testing.B) {
	p := newTestPreparer(b, nil)
	items := make([]event.Item, 2000)
	for n := range items {
		e := exchange(n)
		e.Unit = fmt.Sprintf("%016x", uint64(n/2)*0x9e3779b97f4a7c15)
		e.FirstToken, e.PerToken, e.Tags = time.Duration(n)*time.Microsecond, 20*time.Millisecond, []string{"team=a"}
		items[n] = event.Item{Record: e, Next: event.Position{Segment: 1, Offset: int64(n + 1)}}
	}
	b.ReportAllocs()
	for b.Loop() {
		p.prepare(event.Position{Segment: 1}, items)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(items)), "ns/event")
}
