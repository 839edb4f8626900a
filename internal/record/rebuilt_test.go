package record

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/sqlite"
)

// story is what happens to an experiment, in order: requests, what is said of
// them late, early, again and in other words, units sent to a variant by hand,
// units that appear in two variants, and units that are forgotten.
type story struct {
	r       *rand.Rand
	records []event.Record
	forget  map[int]string // after so many records
	n       int
}

func newStory(seed uint64, length int) *story {
	s := &story{r: rand.New(rand.NewPCG(seed, 9)), forget: map[int]string{}}
	for len(s.records) < length {
		switch s.r.IntN(10) {
		case 0, 1, 2, 3, 4:
			s.request()
		case 9:
			if s.r.IntN(8) == 0 {
				s.forget[len(s.records)] = unitName(s.r.IntN(12))
			}
		default:
			s.say()
		}
	}
	return s
}

func unitName(n int) string { return fmt.Sprintf("%016x", n) }

func (s *story) request() {
	s.n++
	unit := s.r.IntN(12)
	variant, reason := []string{"a", "b"}[unit%2], "chance"
	switch s.r.IntN(40) {
	case 0:
		reason = "forced"
	case 1:
		reason = "override"
	case 2, 3:
		variant = "b"
	}
	e := assigned(s.n, unitName(unit), variant, reason)
	e.Outcome = []event.Outcome{event.OK, event.OK, event.Timeout}[s.r.IntN(3)]
	s.records = append(s.records, e)
}

// say gives a score of a request that was, is to come, or never comes.
func (s *story) say() {
	k := len(s.records)
	one := &event.Score{
		ID: fmt.Sprintf("sc-%06d", k), Event: exchange(s.r.IntN(s.n + 3)).ID, Time: noon.Add(time.Duration(s.r.IntN(50)) * time.Hour),
		Name: []string{"thumbs", "stars"}[s.r.IntN(2)], Source: []string{"feedback", "judge:q"}[s.r.IntN(2)], Value: s.r.Int64N(2) * 1_000_000,
	}
	if s.r.IntN(8) == 0 {
		one.Type, one.Text = event.TypeText, "so so"
	}
	s.records = append(s.records, one)
}

// tell writes the story into a store, cut into batches anywhere.
func (s *story) tell(t *testing.T, st store.Store, cuts *rand.Rand) {
	t.Helper()
	p := newTestPreparer(t, nil)
	at := event.Position{}
	for from := 0; from < len(s.records); {
		to := min(from+1+cuts.IntN(30), len(s.records))
		for i := from + 1; i < to; i++ {
			if s.forget[i] != "" {
				to = i
			}
		}
		d := batchOf(p, s.records[from:to]...)
		d.batch.From, d.batch.To = at, event.Position{Segment: 1, Offset: int64(to)}
		if err := st.Apply(t.Context(), &d.batch); err != nil {
			t.Fatal(err)
		}
		p.applied(d)
		at, from = d.batch.To, to
		if unit := s.forget[to]; unit != "" {
			must[store.Forgotten](t)(st.Forget(t.Context(), "user", unit))
		}
	}
}

// sums adds the story up directly: from what is true at its end.
func (s *story) sums() map[string]stats.Moments {
	type request struct {
		*event.Event
		scores map[string]*event.Score
	}
	units, requests := map[string][]*request{}, map[string]*request{}
	early := map[string]map[string]*event.Score{}
	for i, r := range s.records {
		if unit := s.forget[i]; i > 0 && unit != "" {
			for _, one := range units[unit] {
				one.scores = nil
				early[one.ID] = map[string]*event.Score{} // later words count for nothing
			}
			delete(units, unit)
		}
		switch r := r.(type) {
		case *event.Event:
			if early[r.ID] == nil {
				early[r.ID] = map[string]*event.Score{}
			}
			one := &request{r, early[r.ID]}
			requests[r.ID] = one
			units[r.Unit] = append(units[r.Unit], one)
		case *event.Score:
			if early[r.Event] == nil {
				early[r.Event] = map[string]*event.Score{}
			}
			k := r.Name + ":" + r.Source
			if have := early[r.Event][k]; have == nil || r.Time.After(have.Time) || r.Time.Equal(have.Time) && r.ID > have.ID {
				early[r.Event][k] = r
			}
		}
	}
	sums := map[string]stats.Moments{}
	for _, list := range units {
		variant := list[0].Assignments[0].Variant
		values := map[string]*pair{}
		add := func(metric string, n, sum int64) {
			if values[metric] == nil {
				values[metric] = &pair{}
			}
			values[metric].add(sum, n)
		}
		hand := slices.ContainsFunc(list, func(r *request) bool { return !r.Assignments[0].Enrolled })
		for _, r := range list {
			if hand {
				break
			}
			if r.Assignments[0].Variant != variant {
				add(store.OtherVariant, 0, 1)
				values[store.OtherVariant].n = 1
			}
			add("error", 1, map[event.Outcome]int64{event.Timeout: 1}[r.Outcome])
			add("thumbs_response", 1, 0)
			add("thumbs_down", 1, 0)
			for k, one := range r.scores {
				if k == "thumbs:feedback" {
					add("thumbs_response", 0, 1)
				}
				if one.Type == event.TypeText {
					continue
				}
				add("score:"+k, 1, one.Value)
				if k == "thumbs:feedback" {
					add("thumbs_up", 1, one.Value/1_000_000)
					add("thumbs_down", 0, 1-one.Value/1_000_000)
				}
			}
		}
		if hand {
			add(store.LeftOut, 1, 0)
		}
		for metric, v := range values {
			m := sums[variant+" "+metric]
			m.Add(v.sum, v.n)
			sums[variant+" "+metric] = m
		}
	}
	return sums
}

// Corrected and late scores, units sent by hand or forgotten: whatever happens,
// and wherever batches are cut, the sums are those of what is true, and a rebuild
// finds nothing to mend.
func TestSumsAreWhatIsTrue(t *testing.T) {
	for seed := range uint64(30) {
		s := newStory(seed, 400)
		want := s.sums()
		engines := map[string]store.Store{"memory": store.NewMemory()}
		if seed%10 == 0 {
			db := must[*sqlite.DB](t)(sqlite.Open(sqlite.Config{Path: filepath.Join(t.TempDir(), "weir.db")}))
			defer func() { _ = db.Close() }()
			engines["sqlite"] = db
		}
		for name, st := range engines {
			s.tell(t, st, rand.New(rand.NewPCG(seed, uint64(len(name)))))
			got := map[string]stats.Moments{}
			for _, row := range must[[]store.VariantRow](t)(st.VariantRows(t.Context(), "x")) {
				if k := row.Variant + " " + row.Metric; want[k] != (stats.Moments{}) || interesting(row.Metric) {
					got[k] = row.Moments
				}
			}
			for k, m := range want {
				if got[k] != m {
					t.Fatalf("%s, seed %d: %s is %+v, want %+v", name, seed, k, got[k], m)
				}
			}
			if len(got) != len(want) {
				t.Fatalf("%s, seed %d: %d rows, want %d", name, seed, len(got), len(want))
			}
			if wrong := must[[]store.Difference](t)(st.Rebuild(t.Context())); len(wrong) > 0 {
				t.Fatalf("%s, seed %d: a rebuild finds %+v", name, seed, wrong)
			}
		}
	}
}

func interesting(metric string) bool {
	switch metric {
	case "error", "thumbs_response", "thumbs_up", "thumbs_down", store.OtherVariant, store.LeftOut:
		return true
	}
	return len(metric) > 6 && metric[:6] == "score:"
}
