//go:build tools && linux

package postgres

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

// TestPostgreSQL is the whole contract on a real server.
func TestPostgreSQL(t *testing.T) {
	s := newServer(t)
	s.start(t)
	storetest.Run(t, func(t *testing.T) store.Store { return s.open(t) })

	t.Run("rebuild", func(t *testing.T) {
		db := s.open(t)
		storetest.Rebuild(t, db, func(t *testing.T, k store.VariantKey, m *stats.Moments) {
			err := db.write(t.Context(), func(tx pgx.Tx) error {
				keys := [][]any{variantKey(k)}
				if _, err := variantTable.lock(t.Context(), tx, keys); err != nil || m != nil {
					return errors.Join(err, variantTable.put(t.Context(), tx, keys, [][]byte{moments(m)}))
				}
				_, err := tx.Exec(t.Context(), "DELETE FROM variants WHERE variant = $1 AND metric = $2", []byte(k.Variant), []byte(k.Metric))
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	})
	t.Run("replicas at once", func(t *testing.T) { replicasAtOnce(t, s) })
	t.Run("scores by one replica, exposures by another", func(t *testing.T) { scoresMeetExposures(t, s) })
	t.Run("a lease by the server's clock", func(t *testing.T) { leaseByTheServersClock(t, s) })
	t.Run("schemas", func(t *testing.T) { schemaVersions(t, s) })
	t.Run("tables that are gone are made again", func(t *testing.T) { tablesGone(t, s) })
	t.Run("forgetting and rebuilding among batches", func(t *testing.T) { keepAmongBatches(t, s) })
	t.Run("a commit is on disk", func(t *testing.T) {
		got := ""
		if err := s.open(t).each(t.Context(), func(r pgx.Rows) error { return r.Scan(&got) }, "SHOW synchronous_commit"); err != nil || got != "on" {
			t.Errorf("synchronous_commit is %q, %v", got, err)
		}
	})
}

func moments(m *stats.Moments) []byte {
	if m == nil {
		return nil
	}
	return store.AppendMoments(nil, *m)
}

// replicasAtOnce: four replicas write the same minutes, hours, units and
// sketches, in batches that name them in any order. Nobody deadlocks, and the
// sums are those of one replica that had it all.
func replicasAtOnce(t *testing.T, s *server) {
	const replicas, batches = 4, 15
	schema := fmt.Sprint("weir ", schemas.Add(1))
	twin := store.NewMemory()
	var wg sync.WaitGroup
	for i := range replicas {
		name := fmt.Sprint("replica ", i)
		r := rand.New(rand.NewPCG(9, uint64(i)))
		var list []*store.Batch
		at := event.Position{}
		for range batches {
			b := sharedBatch(t, r)
			b.Replica, b.From, b.To = name, at, event.Position{Segment: at.Segment + 1}
			at = b.To
			list = append(list, b)
			if err := twin.Apply(t.Context(), b); err != nil {
				t.Fatal(err)
			}
		}
		db := s.openSchema(t, schema)
		wg.Go(func() {
			for _, b := range list {
				if err := db.Apply(t.Context(), b); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	got, err := storetest.Dump(t.Context(), s.openSchema(t, schema), "replica 0", "replica 3")
	if err != nil {
		t.Fatal(err)
	}
	want, _ := storetest.Dump(t.Context(), twin, "replica 0", "replica 3")
	if got != want || strings.Count(got, "\n") < 50 {
		t.Errorf("what four replicas wrote is not what one would have written: %d and %d bytes", len(got), len(want))
	}
}

// sharedBatch is rows that all replicas write, in any order, and whose sum does
// not depend on it.
func sharedBatch(t *testing.T, r *rand.Rand) *store.Batch {
	b := &store.Batch{}
	for range 40 {
		one := stats.NewSketch()
		one.Add(r.Float64())
		sketch, err := one.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		when := storetest.Start.Add(time.Duration(r.IntN(5)) * time.Hour)
		route := string(rune('a' + r.IntN(4)))
		sums := store.LedgerSums{Requests: r.Int64N(9), Cost: 7}
		unit := store.UnitKey{Experiment: "x", Epoch: 1, UnitKind: "user", Unit: fmt.Sprint(r.IntN(30))}
		b.Ledger = append(b.Ledger, store.LedgerRow{Hour: when, Route: route, LedgerSums: sums})
		b.Rollups = append(b.Rollups, store.Rollup{Minute: when, Route: route, Outcomes: map[string]int64{"ok": 1}, LedgerSums: sums, Duration: sketch})
		b.Traffic = append(b.Traffic, store.TrafficRow{Hour: when, Route: route, Sent: 1})
		b.Units = append(b.Units, store.UnitDelta{UnitKey: unit, Variant: "v", First: storetest.Start, Values: []store.Value{{Metric: "cost", N: 1, Sum: r.Int64N(1e6)}}})
		b.Days = append(b.Days, store.DayRow{Day: when.Truncate(24 * time.Hour), Experiment: "x", Variant: "v", Metric: "cost", N: 1, Sum: 2})
		b.Sketches = append(b.Sketches, store.SketchRow{Experiment: "x", Variant: "v", Metric: "cost", Bucket: r.IntN(5), Sketch: sketch})
	}
	return b
}

// scoresMeetExposures: of each request one replica brings the exposure and
// another, at the same time, the score. Each score counts, and once.
func scoresMeetExposures(t *testing.T, s *server) {
	const requests = 150
	schema := fmt.Sprint("weir ", schemas.Add(1))
	bring := func(replica string, make func(n int) *store.Batch) func() {
		db := s.openSchema(t, schema)
		return func() {
			at := event.Position{}
			for n := range requests {
				b := make(n)
				b.Replica, b.From, b.To = replica, at, event.Position{Segment: at.Segment + 1}
				at = b.To
				if err := db.Apply(t.Context(), b); err != nil {
					t.Error(err)
					return
				}
			}
		}
	}
	var wg sync.WaitGroup
	wg.Go(bring("a", func(n int) *store.Batch {
		return &store.Batch{Exposures: []store.Exposure{{
			RequestID: storetest.Event(n).ID, Time: storetest.Start, Variant: "v",
			UnitKey: store.UnitKey{Experiment: "x", UnitKind: "user", Unit: fmt.Sprint(n)},
		}}}
	}))
	wg.Go(bring("b", func(n int) *store.Batch {
		return &store.Batch{Scores: []*event.Score{{
			ID: storetest.ID(storetest.Start, n), Event: storetest.Event(n).ID, Time: storetest.Start, Name: "stars", Source: "feedback", Value: 1,
		}}}
	}))
	wg.Wait()
	rows, err := s.openSchema(t, schema).VariantRows(t.Context(), "x")
	if err != nil || len(rows) != 1 || rows[0].Units != requests || rows[0].X != stats.Int(requests) {
		t.Errorf("%+v, %v: want %d units with 1 each", rows, err, requests)
	}
}

// leaseByTheServersClock: what the callers' clocks say is of no consequence.
func leaseByTheServersClock(t *testing.T, s *server) {
	db := s.open(t)
	past, future := time.Unix(0, 0), time.Now().AddDate(50, 0, 0)
	a, err := db.Acquire(t.Context(), "l", "a", time.Minute, past)
	if err != nil || time.Until(a.Until) < 30*time.Second {
		t.Fatalf("%+v, %v", a, err)
	}
	if in, err := db.Acquire(t.Context(), "l", "b", time.Minute, future); !errors.Is(err, store.ErrConflict) || in.Holder != "a" {
		t.Errorf("%+v, %v", in, err)
	}
}

func schemaVersions(t *testing.T, s *server) {
	schema := fmt.Sprint("weir ", schemas.Add(1))
	var wg sync.WaitGroup
	for range 6 { // all start at once, and one makes the schema
		db := s.openSchema(t, schema)
		wg.Go(func() {
			if _, err := db.Position(t.Context(), "a"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	db := s.openSchema(t, schema)
	newer := func(version int) {
		err := db.write(t.Context(), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO migrations (version) VALUES ($1)", version)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	newer(len(migrations) + 1)
	if _, err := s.openSchema(t, schema).Position(t.Context(), "a"); err != nil {
		t.Errorf("a schema that is newer by one: %v", err)
	}
	newer(len(migrations) + 2)
	if _, err := s.openSchema(t, schema).Position(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), "start the version of Weir that made it") {
		t.Errorf("a schema that is newer by two: %v", err)
	}
}

func tablesGone(t *testing.T, s *server) {
	db := s.open(t)
	if err := db.Apply(t.Context(), &store.Batch{Replica: "a", To: event.Position{Segment: 1}}); err != nil {
		t.Fatal(err)
	}
	err := db.write(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "DROP SCHEMA "+pgx.Identifier{db.schema}.Sanitize()+" CASCADE")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Position(t.Context(), "a"); err == nil {
		t.Error("the call that finds no tables says nothing of it")
	}
	if at, err := db.Position(t.Context(), "a"); err != nil || at != (event.Position{}) {
		t.Errorf("the next one: %v, %v", at, err)
	}
}

// keepAmongBatches: what needs the tables to itself and batches that bring scores
// wait for one another, and never in a circle.
func keepAmongBatches(t *testing.T, s *server) {
	schema := fmt.Sprint("weir ", schemas.Add(1))
	done := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 2 {
		db, r, name := s.openSchema(t, schema), rand.New(rand.NewPCG(3, uint64(i))), fmt.Sprint("replica ", i)
		wg.Go(func() {
			at := event.Position{}
			for {
				select {
				case <-done:
					return
				default:
				}
				b := storetest.Random(r, 10)
				b.Replica, b.From, b.To = name, at, event.Position{Segment: at.Segment + 1}
				// An id is made by one replica; two random ones may have the same.
				b.Events = nil
				if err := db.Apply(t.Context(), b); err != nil {
					t.Error(err)
					return
				}
				at = b.To
			}
		})
	}
	db := s.openSchema(t, schema)
	for n := range 15 {
		if _, err := db.Forget(t.Context(), "user", fmt.Sprintf("%016x", uint64(n+1)*0x9e3779b97f4a7c15)); err != nil {
			t.Error(err)
		}
		if found, err := db.Rebuild(t.Context()); err != nil || len(found) > 0 {
			t.Errorf("%d differences, %v", len(found), err)
		}
		if _, _, err := db.Retain(t.Context(), store.Retention{Events: time.Minute, Exposures: time.Minute, Rollups: time.Minute}, storetest.Start.Add(5*time.Minute), 20); err != nil {
			t.Error(err)
		}
	}
	close(done)
	wg.Wait()
}
