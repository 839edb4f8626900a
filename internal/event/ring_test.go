package event

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fill records events from..to-1, named by their numbers.
func fill(r *Ring, from, to int) {
	for i := from; i < to; i++ {
		r.Record(&Event{ID: fmt.Sprint(i), Route: []string{"even", "odd"}[i%2], Time: time.Unix(int64(i), 0)})
	}
}

func idsOf(events []*Event) (names []string) {
	for _, e := range events {
		names = append(names, e.ID)
	}
	return names
}

func recent(t *testing.T, r *Ring, q Query) ([]string, string) {
	t.Helper()
	events, next, err := r.Recent(q)
	if err != nil {
		t.Fatal(err)
	}
	return idsOf(events), next
}

func TestRecentIsNewestFirstAndForgetsTheOldest(t *testing.T) {
	r := NewRing(4)
	if got, next := recent(t, r, Query{}); len(got) != 0 || next != "" {
		t.Errorf("an empty ring gave %v, cursor %q", got, next)
	}
	fill(r, 0, 3)
	if got, _ := recent(t, r, Query{}); !slices.Equal(got, []string{"2", "1", "0"}) {
		t.Errorf("got %v", got)
	}
	fill(r, 3, 10)
	if got, next := recent(t, r, Query{}); !slices.Equal(got, []string{"9", "8", "7", "6"}) || next != "" {
		t.Errorf("after wrapping round: got %v, cursor %q", got, next)
	}
	if s := r.Stats(); s.Recorded != 10 || s.Held != 4 || s.Size != 4 {
		t.Errorf("stats: %+v", s)
	}
}

func TestRecentFilters(t *testing.T) {
	r := NewRing(0)
	r.Record(&Event{ID: "a", Route: "x", Key: "k1", Outcome: OK, Time: time.Unix(1, 0), Assignments: []Assignment{{Variant: "baseline"}}})
	r.Record(&Event{ID: "b", Route: "x", Key: "k2", Outcome: Timeout, Time: time.Unix(2, 0), ClientID: "mine", Assignments: []Assignment{{Variant: "other"}, {Variant: "candidate"}}})
	r.Record(&Event{ID: "c", Route: "y", Key: "k1", Outcome: OK, Time: time.Unix(3, 0), BodyID: "chatcmpl-1"})
	for name, c := range map[string]struct {
		q    Query
		want []string
	}{
		"nothing asked":    {Query{}, []string{"c", "b", "a"}},
		"route":            {Query{Route: "x"}, []string{"b", "a"}},
		"second variant":   {Query{Variant: "candidate"}, []string{"b"}},
		"outcome":          {Query{Outcome: "timeout"}, []string{"b"}},
		"key":              {Query{Key: "k1"}, []string{"c", "a"}},
		"since, inclusive": {Query{Since: time.Unix(2, 0)}, []string{"c", "b"}},
		"Weir's id":        {Query{ID: "a"}, []string{"a"}},
		"caller's id":      {Query{ID: "mine"}, []string{"b"}},
		"id of the body":   {Query{ID: "chatcmpl-1"}, []string{"c"}},
		"two at once":      {Query{Route: "x", Key: "k1"}, []string{"a"}},
		"none match":       {Query{Route: "z"}, nil},
	} {
		if got, next := recent(t, r, c.q); !slices.Equal(got, c.want) || next != "" {
			t.Errorf("%s: got %v, cursor %q; want %v", name, got, next, c.want)
		}
	}
	if e, ok := r.Get("b"); !ok || e.Key != "k2" {
		t.Errorf("Get(b) = %v, %v", e, ok)
	}
	if _, ok := r.Get("mine"); ok {
		t.Error("Get takes Weir's id only")
	}
}

func TestPagesJoinWithoutGapOrRepeat(t *testing.T) {
	r := NewRing(1000)
	fill(r, 0, 1500)
	for _, size := range []int{1, 7, 256, 250, 499, 500, 501} {
		var all []string
		for q := (Query{Route: "odd", Limit: size}); ; {
			page, next := recent(t, r, q)
			if len(page) > size {
				t.Fatalf("page of %d, asked for %d", len(page), size)
			}
			all = append(all, page...)
			if next == "" {
				break
			}
			q.Cursor = next
		}
		if len(all) != 500 || all[0] != "1499" || all[499] != "501" || len(slices.Compact(slices.Clone(all))) != 500 {
			t.Errorf("pages of %d: %d events from %s to %s", size, len(all), all[0], all[len(all)-1])
		}
	}
}

func TestCursorSurvivesWrappingRound(t *testing.T) {
	r := NewRing(10)
	fill(r, 0, 10)
	first, next := recent(t, r, Query{Limit: 3})
	if !slices.Equal(first, []string{"9", "8", "7"}) {
		t.Fatal(first)
	}
	fill(r, 10, 14) // 0..3 are gone, 6 5 4 remain below the cursor
	second, _ := recent(t, r, Query{Limit: 10, Cursor: next})
	if !slices.Equal(second, []string{"6", "5", "4"}) {
		t.Errorf("second page: %v", second)
	}
	fill(r, 14, 40) // everything below the cursor is gone
	if got, after := recent(t, r, Query{Cursor: next}); len(got) != 0 || after != "" {
		t.Errorf("overwritten page: %v, %q", got, after)
	}
}

func TestForeignCursorIsRefused(t *testing.T) {
	a, b := NewRing(10), NewRing(10)
	fill(a, 0, 10)
	_, next := recent(t, a, Query{Limit: 1})
	for _, c := range []string{next + "AA", "?", "AAAA", next[:4]} {
		if _, _, err := a.Recent(Query{Cursor: c}); !errors.Is(err, ErrCursor) {
			t.Errorf("cursor %q: %v", c, err)
		}
	}
	if _, _, err := b.Recent(Query{Cursor: next}); !errors.Is(err, ErrCursor) {
		t.Errorf("another ring's cursor: %v", err)
	}
}

func TestPageSizeIsBounded(t *testing.T) {
	r := NewRing(3000)
	fill(r, 0, 3000)
	for asked, want := range map[int]int{0: 50, -1: 50, 10: 10, 5000: MaxPage} {
		if got, _ := recent(t, r, Query{Limit: asked}); len(got) != want {
			t.Errorf("limit %d gave %d, want %d", asked, len(got), want)
		}
	}
}

// While events are recorded, each walk through the pages sees numbers that only
// fall, one by one.
func TestPagingWhileRecording(t *testing.T) {
	r := NewRing(2000)
	fill(r, 0, 2000)
	stop := make(chan struct{})
	var writers sync.WaitGroup
	writers.Go(func() {
		for i := 2000; ; i++ {
			select {
			case <-stop:
				return
			default:
				fill(r, i, i+1)
				if i%64 == 0 {
					time.Sleep(time.Millisecond)
				}
			}
		}
	})
	for range 20 {
		last, q := -1, Query{Limit: 97}
		for {
			events, next, err := r.Recent(q)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				n := int(e.Time.Unix())
				if last >= 0 && n != last-1 {
					t.Fatalf("after %d came %d", last, n)
				}
				last = n
			}
			if q.Cursor = next; next == "" {
				break
			}
		}
	}
	close(stop)
	writers.Wait()
}

func next(t *testing.T, f *Follower) ([]string, uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	events, lost, err := f.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return idsOf(events), lost
}

func TestFollowerReadsWhatComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRing(10)
		fill(r, 0, 5)
		f := r.Follow("")
		defer f.Close()
		go func() {
			time.Sleep(time.Second)
			fill(r, 5, 7)
		}()
		if got, _ := next(t, f); !slices.Equal(got[:1], []string{"5"}) {
			t.Errorf("got %v", got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for range 2 {
			if _, _, err := f.Next(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		}
		if ctx.Err() == nil {
			t.Error("Next did not wait although nothing came")
		}
	})
}

func TestFollowerBehindAnEvent(t *testing.T) {
	r := NewRing(4)
	fill(r, 0, 6) // 2..5 are held
	for after, want := range map[string][]string{
		"4":    {"5"},
		"2":    {"3", "4", "5"},
		"1":    {"2", "3", "4", "5"}, // gone
		"what": {"2", "3", "4", "5"}, // of an earlier process
	} {
		f := r.Follow(after)
		if got, lost := next(t, f); !slices.Equal(got, want) || lost != 0 {
			t.Errorf("after %s: %v, lost %d", after, got, lost)
		}
		f.Close()
	}
	f := r.Follow("5")
	defer f.Close()
	fill(r, 6, 7)
	if got, _ := next(t, f); !slices.Equal(got, []string{"6"}) {
		t.Errorf("after the newest: %v", got)
	}
}

func TestSlowFollowerIsToldWhatItLost(t *testing.T) {
	r := NewRing(8)
	f := r.Follow("")
	defer f.Close()
	fill(r, 0, 20)
	got, lost := next(t, f)
	if lost != 12 || len(got) != 8 || got[0] != "12" {
		t.Errorf("lost %d, got %v", lost, got)
	}
	if s := r.Stats(); s.Dropped != 12 || s.Followers != 1 {
		t.Errorf("stats: %+v", s)
	}
	f.Close()
	if s := r.Stats(); s.Followers != 0 {
		t.Errorf("after Close: %+v", s)
	}
}

// Every event is either read or counted as lost, once, in order.
func TestFollowersUnderConcurrentRecording(t *testing.T) {
	const total, writers = 20000, 4
	r := NewRing(128)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var done sync.WaitGroup
	for range 3 {
		f := r.Follow("")
		done.Go(func() {
			defer f.Close()
			for seen := uint64(0); seen < total; {
				events, lost, err := f.Next(ctx)
				if err != nil {
					t.Error(err)
					return
				}
				seen += lost + uint64(len(events))
				if seen > total {
					t.Errorf("saw %d of %d", seen, total)
				}
			}
		})
	}
	for range writers {
		done.Go(func() { fill(r, 0, total/writers) })
	}
	done.Wait()
}

func BenchmarkRecord(b *testing.B) {
	for _, followers := range []int{0, 1} {
		b.Run(fmt.Sprintf("followers=%d", followers), func(b *testing.B) {
			r, e := NewRing(0), &Event{}
			for range followers {
				defer r.Follow("").Close()
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					r.Record(e)
				}
			})
		})
	}
}
