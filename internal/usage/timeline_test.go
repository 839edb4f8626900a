package usage

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
)

// rollups are rows to read.
type rollups []store.Rollup

func (l rollups) RollupRows(_ context.Context, q store.RollupQuery) (rows []store.Rollup, err error) {
	for _, r := range l {
		if q.Matches(r.Minute, r.Project, r.Route, r.Variant, r.Model) {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

func sketch(t testing.TB, values ...float64) []byte {
	t.Helper()
	s := stats.NewSketch()
	for _, v := range values {
		s.Add(v)
	}
	b, err := s.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func minuteRow(t testing.TB, minute, route, variant string, outcomes map[string]int64, errors int64, seconds ...float64) store.Rollup {
	r := store.Rollup{Minute: at(t, minute), Project: "default", Route: route, Variant: variant, Model: "m", Outcomes: outcomes, Duration: sketch(t, seconds...)}
	for _, n := range outcomes {
		r.Requests += n
	}
	r.Errors = errors
	return r
}

func readTimeline(t *testing.T, l rollups, q TimelineQuery, now string) *Timeline {
	t.Helper()
	line, err := ReadTimeline(t.Context(), l, q, at(t, now))
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func TestATimelineStepByStep(t *testing.T) {
	l := rollups{
		minuteRow(t, "2026-11-01T10:00:00Z", "a", "baseline", map[string]int64{"ok": 8, "timeout": 2}, 2, 1, 1),
		minuteRow(t, "2026-11-01T10:04:00Z", "a", "baseline", map[string]int64{"ok": 4, "invalid": 3, "refused": 3}, 0, 4),
		minuteRow(t, "2026-11-01T10:04:00Z", "b", "", map[string]int64{"refused": 6}, 0),
		minuteRow(t, "2026-11-01T10:11:00Z", "a", "candidate", map[string]int64{"ok": 1}, 0, 9),
		minuteRow(t, "2026-11-01T10:15:00Z", "a", "candidate", map[string]int64{"ok": 100}, 0, 9),
	}
	got := readTimeline(t, l, TimelineQuery{By: []string{"route"}, Step: 5 * time.Minute, From: at(t, "2026-11-01T10:03:00Z"), To: at(t, "2026-11-01T10:14:00Z")}, "2026-11-01T10:12:00Z")
	if !got.Window.Start.Equal(at(t, "2026-11-01T10:00:00Z")) || !got.Window.End.Equal(at(t, "2026-11-01T10:15:00Z")) || got.Step != 300 || got.Zone != "UTC" {
		t.Errorf("window %+v, step %g, zone %s", got.Window, got.Step, got.Zone)
	}
	if len(got.Series) != 2 || got.Series[0].Keys["route"] != "a" || len(got.Series[0].Points) != 3 || len(got.Series[1].Points) != 3 {
		t.Fatalf("%+v", got.Series)
	}
	p := got.Series[0].Points
	// 20 requests in 300 s; 2 errors of the 14 that were neither invalid nor refused.
	if p[0].Requests != 20 || p[0].PerSecond != 20.0/300 || *p[0].ErrorShare != 2.0/14 || p[0].Outcomes["ok"] != 12 || p[0].Duration.Count != 3 || math.Abs(*p[0].Duration.P50-1) > 0.0101 {
		t.Errorf("first step: %+v", p[0])
	}
	if p[1].Requests != 0 || p[1].ErrorShare != nil || p[1].Duration.P50 != nil || p[1].Seconds != 300 || p[1].Outcomes == nil {
		t.Errorf("a step without requests: %+v", p[1])
	}
	if p[2].Requests != 1 || p[2].Seconds != 120 || p[2].PerSecond != 1.0/120 || *p[2].ErrorShare != 0 {
		t.Errorf("the step under way: %+v", p[2])
	}
	if b := got.Series[1].Points[0]; b.Requests != 6 || b.ErrorShare != nil {
		t.Errorf("nothing but refused requests: %+v", b)
	}
	whole := readTimeline(t, l, TimelineQuery{From: at(t, "2026-11-01T10:00:00Z"), Filter: store.RollupQuery{Variant: "baseline"}}, "2026-11-01T11:00:00Z")
	if len(whole.Series) != 1 || len(whole.Series[0].Points) != 1 || whole.Series[0].Points[0].Requests != 20 || whole.Series[0].Points[0].Seconds != 3600 {
		t.Errorf("all in one point: %+v", whole)
	}
}

// The quantiles of a step are those of its requests: merged sketches say what one
// sketch of all durations would have, over days and whatever the step.
func TestQuantilesOfAStepAreThoseOfItsRequests(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	begin := at(t, "2026-11-01T00:00:00Z")
	var l rollups
	all := map[int][]float64{} // by hour
	for minute := range 50 * 60 {
		var seconds []float64
		for range r.IntN(4) {
			seconds = append(seconds, math.Exp(r.NormFloat64()+float64(minute%60)/30))
		}
		all[minute/60] = append(all[minute/60], seconds...)
		when := begin.Add(time.Duration(minute) * time.Minute)
		l = append(l, store.Rollup{Minute: when, Duration: sketch(t, seconds...), TTFT: sketch(t, seconds...), LedgerSums: store.LedgerSums{Requests: int64(len(seconds))}})
	}
	got := readTimeline(t, l, TimelineQuery{Step: time.Hour, From: begin, To: begin.Add(50 * time.Hour)}, "2026-12-01T00:00:00Z")
	for i, p := range got.Series[0].Points {
		values := all[i]
		slices.Sort(values)
		if p.Duration.Count != int64(len(values)) || p.Requests != int64(len(values)) || p.TTFT.Count != p.Duration.Count || p.TPOT.Count != 0 || p.TPOT.P50 != nil {
			t.Fatalf("hour %d: %+v, want %d", i, p, len(values))
		}
		for q, v := range map[float64]float64{0.5: *p.Duration.P50, 0.95: *p.Duration.P95, 0.99: *p.Duration.P99} {
			if want := values[int(q*float64(len(values)-1))]; math.Abs(v-want) > want*0.0101 {
				t.Errorf("hour %d, quantile %g: %g, want %g", i, q, v, want)
			}
		}
	}
}

func TestTimelinesThatAreRefused(t *testing.T) {
	from, to := at(t, "2026-10-01T00:00:00Z"), at(t, "2026-11-01T00:00:00Z")
	damaged := minuteRow(t, "2026-10-05T00:00:00Z", "a", "baseline", nil, 0)
	damaged.TTFT = []byte{1, 2}
	for _, c := range []struct {
		name string
		l    rollups
		q    TimelineQuery
		want string
	}{
		{"by what roll-ups do not know", nil, TimelineQuery{By: []string{"key"}, From: from, To: to}, `by "key": keys are project, route, variant, model`},
		{"steps of seconds", nil, TimelineQuery{Step: 90 * time.Second, From: from, To: to}, "whole minutes"},
		{"no beginning", nil, TimelineQuery{To: to}, "no beginning"},
		{"an empty window", nil, TimelineQuery{From: to, To: to}, "empty"},
		{"too many points", nil, TimelineQuery{Step: time.Minute, From: from, To: to}, "44640 points, 2000 are the most; take a step of 23m0s or more"},
		{"a damaged sketch", rollups{damaged}, TimelineQuery{From: from, To: to}, `route "a", variant "baseline" at 2026-10-05T00:00:00Z: read sketch`},
	} {
		if _, err := ReadTimeline(t.Context(), c.l, c.q, to); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := ReadTimeline(t.Context(), rollups{}, TimelineQuery{Step: 23 * time.Minute, From: from, To: to}, to); err != nil {
		t.Errorf("the step that was advised: %v", err)
	}
}
