package experiment

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestSplitAcceptsSumsOfOneAndOfAHundred(t *testing.T) {
	vs := variants("a", "b", "c")
	for _, weights := range [][]float64{{1, 0, 0}, {0.5, 0.25, 0.25}, {90, 5, 5}, {0.1, 0.2, 0.7}, {33.3, 33.3, 33.4},
		{0.333, 0.333, 0.333}, {0.334, 0.334, 0.333}, {0.3335, 0.3335, 0.333}} {
		if _, err := Split(vs, weights); err != nil {
			t.Errorf("Split(%v): %v", weights, err)
		}
	}
}

func TestSplitRefuses(t *testing.T) {
	for _, c := range []struct {
		names   string
		weights []float64
		want    string
	}{
		{"a b", []float64{0.5, 0.4}, "0.5, 0.4 sum to 0.9: they must sum to 1 (± 0.001) or to 100"},
		{"a b", []float64{90, 20}, "sum to 110"},
		{"a b", []float64{0.1, 0.2}, "sum to 0.3:"}, // not 0.30000000000000004
		{"a b", []float64{0.5, 0.502}, "sum to 1.002"},
		{"a b", []float64{50, 49.99}, "sum to 99.99"},
		{"a b", []float64{0, 0}, "sum to 0"},
		{"a b", []float64{-1, 2}, `weight -1 of variant "a"`},
		{"a b", []float64{math.NaN(), 1}, `weight NaN of variant "a"`},
		{"a b", []float64{1, math.Inf(1)}, `weight +Inf of variant "b"`},
		{"a b", []float64{1, 1e-12}, "less than a billionth"},
		{"a", []float64{1}, "at least two"},
		{"a b", []float64{1}, "2 variants and 1 weights"},
		{"a a", []float64{0.5, 0.5}, `two variants are named "a"`},
	} {
		_, err := Split(variants(strings.Fields(c.names)...), c.weights)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Split(%s, %v) = %v, want %q", c.names, c.weights, err, c.want)
		}
	}
}

// Whatever the weights, the arms that own something cover every hash, once, in
// order and to the last one, and each owns its share.
func TestSplitCoversEveryHashOnce(t *testing.T) {
	r := seeded(3)
	for range 2000 {
		parts := make([]float64, 2+r.IntN(6))
		names := make([]string, len(parts))
		sum := 0.0
		for i := range parts {
			names[i] = strconv.Itoa(i)
			if parts[i] = float64(r.IntN(1000)); r.IntN(4) == 0 {
				parts[i] = 0
			}
			sum += parts[i]
		}
		if sum == 0 {
			continue
		}
		for i := range parts {
			parts[i] *= 100 / sum
		}
		arms, err := Split(variants(names...), parts)
		if err != nil {
			t.Fatalf("%v: %v", parts, err)
		}
		checkCover(t, parts, arms)
	}
}

func checkCover(t *testing.T, weights []float64, arms []Arm) {
	t.Helper()
	next, full := uint64(0), false
	for i, a := range arms {
		if a.Empty != (weights[i] == 0) {
			t.Fatalf("%v: arm %d is empty: %t", weights, i, a.Empty)
		}
		if a.Empty {
			continue
		}
		if full || a.From != next || a.To < a.From {
			t.Fatalf("%v: arm %d owns [%x, %x], the one before ends at %x", weights, i, a.From, a.To, next)
		}
		if owns := fraction(a.To - a.From); math.Abs(owns-weights[i]/100) > 2e-9 || math.Abs(a.Probability-owns) > 2e-9 {
			t.Fatalf("%v: arm %d owns %v with probability %v", weights, i, owns, a.Probability)
		}
		next, full = a.To+1, a.To == math.MaxUint64
	}
	if !full {
		t.Fatalf("%v: the last arm ends at %x", weights, next-1)
	}
}

func TestSplitSharesAShortfallAmongAll(t *testing.T) {
	thirds := split(t, variants("a", "b", "c"), 0.333, 0.333, 0.333)
	for i, a := range thirds {
		if math.Abs(fraction(a.To-a.From)-1.0/3) > 1e-9 {
			t.Errorf("arm %d owns %v, want a third", i, fraction(a.To-a.From))
		}
	}
}

func TestSplitMarksBaselineAndCandidate(t *testing.T) {
	two := split(t, variants("a", "b"), 1, 0)
	if !two[0].Baseline || !two[1].Candidate || two[1].Baseline || two[0].Candidate {
		t.Errorf("of two: %+v", two)
	}
	for _, a := range split(t, variants("a", "b", "c"), 50, 25, 25)[1:] {
		if a.Candidate || a.Baseline {
			t.Errorf("of three, %s is marked: %+v", a.Variant.Name, a)
		}
	}
}

func TestPercentAndFractionGiveTheSameBoundary(t *testing.T) {
	for i := range 101 {
		a := split(t, variants("a", "b"), float64(i), float64(100-i))
		b := split(t, variants("a", "b"), float64(i)/100, float64(100-i)/100)
		if a[0].To != b[0].To || a[1].From != b[1].From || a[0].Empty != b[0].Empty {
			t.Errorf("%d %%: boundaries %x and %x", i, a[0].To, b[0].To)
		}
	}
}

// Moving the one boundary of two variants moves the units between the old and
// the new place, and nobody else.
func TestTwoVariantBoundaryMovesOnlyTheMassBetween(t *testing.T) {
	r := seeded(4)
	vs := variants("a", "b")
	for range 500 {
		old := split(t, vs, percent(r.IntN(101))...)
		now := split(t, vs, percent(r.IntN(101))...)
		low, high := min(edge(old), edge(now)), max(edge(old), edge(now))
		for range 200 {
			u := r.Uint64()
			was, is := at(old, u), at(now, u)
			between := fraction(u) >= low && fraction(u) < high
			if was != is && !between {
				t.Fatalf("%.6f moved from %d to %d though the boundary went from %v to %v", fraction(u), was, is, edge(old), edge(now))
			}
			if was == is && between && low != high {
				t.Fatalf("%.6f stayed though the boundary passed it", fraction(u))
			}
		}
	}
}

func percent(p int) []float64 { return []float64{float64(p), float64(100 - p)} }

// edge is the boundary of two variants as a fraction.
func edge(arms []Arm) float64 {
	if arms[0].Empty {
		return 0
	}
	if arms[1].Empty {
		return 1
	}
	return fraction(arms[1].From)
}

func at(arms []Arm, u uint64) int { return (&Experiment{Arms: arms}).owner(u) }

func TestTwoEndedOwnsBothEnds(t *testing.T) {
	base, cand := &Variant{Name: "baseline"}, &Variant{Name: "candidate"}
	for _, c := range []struct {
		share                     float64
		candidateTo, baselineFrom uint64
		baseline                  bool
	}{
		{0.5, 1<<63 - 1, 1 << 63, true},
		{0.25, 1<<62 - 1, 3 << 62, true},
		{0.1, 0x1999999999999998, 0xe666666666666667, true}, // floor(2^64 / 10) = 0x1999999999999999
		{0.75, 3<<62 - 1, 0, false},
		{1, math.MaxUint64, 0, false},
	} {
		arms := twoEnded(t, base, cand, c.share)
		ca, ba := arms[0], arms[1]
		if !ca.Candidate || !ba.Baseline || ca.Variant != cand || ba.Variant != base {
			t.Fatalf("share %v: %+v", c.share, arms)
		}
		if ca.From != 0 || ca.To != c.candidateTo || ca.Empty || ca.Probability != c.share {
			t.Errorf("share %v: candidate %+v", c.share, ca)
		}
		if ba.Empty == c.baseline || c.baseline && (ba.From != c.baselineFrom || ba.To != math.MaxUint64 || ba.Probability != c.share) {
			t.Errorf("share %v: baseline %+v", c.share, ba)
		}
	}
	if zero := twoEnded(t, base, cand, 0); !zero[0].Empty || !zero[1].Empty {
		t.Errorf("share 0: %+v", zero)
	}
}

func TestTwoEndedRefuses(t *testing.T) {
	base, cand := &Variant{Name: "baseline"}, &Variant{Name: "candidate"}
	for share, want := range map[float64]string{-0.1: "not between 0 and 1", 10: "for 10 % write 0.1", math.NaN(): "not between", 1e-12: "less than a billionth", 101: "not between"} {
		if _, err := TwoEnded(base, cand, share); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("TwoEnded(%v) = %v, want %q", share, err, want)
		}
	}
	if _, err := TwoEnded(base, base, 0.1); err == nil {
		t.Error("a variant was compared with itself")
	}
}

// Rising shares, any of them, only ever add users to the candidate; up to one
// half they only add to the enrolled baseline too, nobody crosses, and the two
// are of one size, to the last hash.
func TestTwoEndedRampsOnlyAddUsers(t *testing.T) {
	r := seeded(5)
	base, cand := &Variant{Name: "baseline"}, &Variant{Name: "candidate"}
	users := make([]string, 3000)
	for i := range users {
		users[i] = "user-" + strconv.Itoa(i)
	}
	set := &Set{}
	for ramp := range 40 {
		shares := make([]float64, 1+r.IntN(8))
		for i := range shares {
			shares[i] = r.Float64()
		}
		slices.Sort(shares)
		was := map[string]Assignment{}
		for _, share := range shares {
			arms := twoEnded(t, base, cand, share)
			route := routeOf(fmt.Sprint("ramp-", ramp), arms)
			if share <= 0.5 && arms[0].To-arms[0].From != arms[1].To-arms[1].From {
				t.Fatalf("share %v: the candidate owns %x hashes more than 1, the baseline %x", share, arms[0].To-arms[0].From, arms[1].To-arms[1].From)
			}
			for _, u := range users {
				before, now := was[u], set.Assign(route, user(u))
				onlyAdds(t, share, u, &before, &now)
				was[u] = now
			}
		}
	}
}

func onlyAdds(t *testing.T, share float64, u string, before, now *Assignment) {
	t.Helper()
	if before.Enrolled && before.Variant.Name == "candidate" && (!now.Enrolled || now.Variant.Name != "candidate") {
		t.Fatalf("share %v: %s left the candidate", share, u)
	}
	if share <= 0.5 && before.Enrolled && before.Variant != now.Variant {
		t.Fatalf("share %v: %s crossed from %s to %s", share, u, before.Variant.Name, now.Variant.Name)
	}
	if share <= 0.5 && before.Enrolled && !now.Enrolled {
		t.Fatalf("share %v: %s left the comparison", share, u)
	}
	if now.Enrolled && now.Probability != math.Round(share*billion)/billion {
		t.Fatalf("share %v: %s enrolled with probability %v", share, u, now.Probability)
	}
}
