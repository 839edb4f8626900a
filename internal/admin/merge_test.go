package admin

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// rows are ids from high to low, as both places give them.
func rows(from, to int) (ids []string) {
	for i := from; i >= to; i-- {
		ids = append(ids, fmt.Sprintf("%06d", i))
	}
	return ids
}

// pagesOf is a store with pages of a size, which counts how often it is asked.
func pagesOf(all []string, size int, asked *int) func(string) ([]string, string, error) {
	return func(cursor string) ([]string, string, error) {
		*asked++
		from := 0
		if cursor != "" {
			from, _ = slices.BinarySearchFunc(all, cursor, func(a, b string) int { return strings.Compare(b, a) })
			from++
		}
		end := min(from+size, len(all))
		if end >= len(all) {
			return all[from:], "", nil
		}
		return all[from:end], all[end-1], nil
	}
}

func itself(s string) string { return s }

// walk follows the tokens to the end.
func walk(t *testing.T, held []string, limit int, fetch func(string) ([]string, string, error)) (all []string) {
	t.Helper()
	at := spot{}
	for range 10_000 {
		m := merge(held, at, limit, itself, fetch)
		if len(m.rows) > limit {
			t.Fatalf("%d rows on a page of %d", len(m.rows), limit)
		}
		all = append(all, m.rows...)
		if m.next == "" {
			return all
		}
		var ok bool
		if at, ok = parseSpot(m.next); !ok {
			t.Fatalf("token %q is refused", m.next)
		}
	}
	t.Fatal("the walk has no end")
	return nil
}

// Whatever the two places hold, however they overlap, and whatever the sizes of
// pages: each record is shown once, in order.
func TestMergeShowsEachRecordOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var held, kept, want []string
		for i := 60; i > 0; i-- {
			id := fmt.Sprintf("%06d", i)
			inMemory, inStore := r.IntN(3) == 0, r.IntN(2) == 0
			if inMemory {
				held = append(held, id)
			}
			if inStore {
				kept = append(kept, id)
			}
			if inMemory || inStore {
				want = append(want, id)
			}
		}
		asked := 0
		limit, size := 1+r.IntN(20), 1+r.IntN(20)
		if got := walk(t, held, limit, pagesOf(kept, size, &asked)); !slices.Equal(got, want) {
			t.Fatalf("memory %v, store %v, limit %d, pages of %d:\ngot  %v\nwant %v", held, kept, limit, size, got, want)
		}
	}
}

// Between two pages records move from memory into the store, and new ones come:
// what was there at the start is shown once all the same.
func TestMergeWhileRecordsMove(t *testing.T) {
	const before, memory = 400, 40
	newest, inStore := before, before-30 // the store lags
	at, shown, asked := spot{}, []string{}, 0
	for {
		m := merge(rows(newest, newest-memory+1), at, 7, itself, pagesOf(rows(inStore, 0), 10, &asked))
		shown = append(shown, m.rows...)
		if m.next == "" {
			break
		}
		at, _ = parseSpot(m.next)
		newest += 5
		inStore += 8
	}
	if want := rows(before, 0); !slices.Equal(shown, want) {
		t.Errorf("got  %v\nwant %v", shown, want)
	}
}

func TestMergeReadsOnFromWhereItWas(t *testing.T) {
	kept, asked := rows(9999, 0), 0
	at := spot{}
	for range 100 {
		m := merge(nil, at, 50, itself, pagesOf(kept, 51, &asked))
		at, _ = parseSpot(m.next)
	}
	if asked > 201 {
		t.Errorf("100 pages asked the store %d times", asked)
	}
}

func TestMergeOfAStoreThatFails(t *testing.T) {
	broken := errors.New("disk on fire")
	held := rows(99, 90)
	if m := merge(held, spot{}, 5, itself, func(string) ([]string, string, error) { return nil, "", broken }); !errors.Is(m.err, broken) || !slices.Equal(m.rows, held[:5]) || m.next == "" {
		t.Errorf("%+v", m)
	}
	if m := merge(held, spot{}, 50, itself, nil); m.err != nil || !slices.Equal(m.rows, held) || m.next != "" {
		t.Errorf("%+v", m)
	}
	if m := merge(nil, spot{}, 50, itself, nil); m.rows == nil || len(m.rows) != 0 {
		t.Errorf("%+v", m)
	}
}

func TestSpotsAreReadBack(t *testing.T) {
	for _, p := range []spot{{below: "a"}, {"a", "b"}, {`"<>`, "\u2028"}} {
		if got, ok := parseSpot(p.token()); !ok || got != p {
			t.Errorf("%+v came back as %+v, %v", p, got, ok)
		}
	}
	for _, bad := range []string{"x", "e30", spot{}.token(), spot{page: "b"}.token(), spot{below: "a"}.token() + "A", spot{below: strings.Repeat("x", maxSpotID+1)}.token()} {
		if _, ok := parseSpot(bad); ok {
			t.Errorf("token %q is taken", bad)
		}
	}
}
