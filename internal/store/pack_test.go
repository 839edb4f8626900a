package store

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/weirhq/weir/internal/stats"
)

func TestPackedRowsComeBack(t *testing.T) {
	for _, values := range [][]Value{nil, {{"", 0, 0}}, {{"a", 1, -1}, {"metric with a longer name", math.MaxInt64, math.MinInt64}}} {
		got, rest, err := ParseValues(append(AppendValues(nil, values), 7))
		if !reflect.DeepEqual(got, values) || !bytes.Equal(rest, []byte{7}) || err != nil {
			t.Errorf("%v became %v, rest %v, %v", values, got, rest, err)
		}
	}
	for _, segments := range [][]string{nil, {""}, {"eu", "déjà", "\x00"}} {
		got, rest, err := ParseSegments(AppendSegments(nil, segments))
		if !reflect.DeepEqual(got, segments) || len(rest) > 0 || err != nil {
			t.Errorf("%v became %v, %v", segments, got, err)
		}
	}
	m := stats.Moments{Units: -3, X: stats.Int(-1), Y: stats.Int(2), XX: stats.Mul(math.MaxInt64, math.MaxInt64), YY: stats.Int(4), XY: stats.Int(5), Hits: 6}
	packed := AppendMoments(nil, m)
	if got, err := ParseMoments(packed); got != m || err != nil || len(packed) != 96 {
		t.Errorf("%v became %v, %v", m, got, err)
	}
	m.Hits = 0 // of a row that was written before there were any
	if got, err := ParseMoments(packed[:88]); got != m || err != nil {
		t.Errorf("an older row: %v became %v, %v", m, got, err)
	}
	r := Rollup{Outcomes: map[string]int64{"ok": 1, "timeout": -2}, Fallback: 3, LedgerSums: LedgerSums{Requests: 1, Unpriced: math.MaxInt64}, TTFT: []byte{1, 2}, Duration: []byte{}, TPOT: []byte{}}
	var back Rollup
	if err := ParseRollup(AppendRollup(nil, &r), &back); err != nil || !reflect.DeepEqual(back, r) {
		t.Errorf("%+v became %+v, %v", r, back, err)
	}
	if got, err := ParseSums(AppendSums(nil, &r.LedgerSums)); got != r.LedgerSums || err != nil {
		t.Errorf("sums became %+v, %v", got, err)
	}
}

// parsers gives whether bytes are taken as a packed row of each kind.
func parsers(b []byte) map[string]error {
	_, _, values := ParseValues(b)
	_, _, segments := ParseSegments(b)
	_, moments := ParseMoments(b)
	_, sums := ParseSums(b)
	return map[string]error{"values": values, "segments": segments, "moments": moments, "sums": sums, "roll-up": ParseRollup(b, new(Rollup))}
}

func TestWhatIsCutOffIsNoRow(t *testing.T) {
	for kind, whole := range map[string][]byte{
		"values":   AppendValues(nil, []Value{{"metric", 300, -300}}),
		"segments": AppendSegments(nil, []string{"eu", "a longer one"}),
		"moments":  AppendMoments(nil, stats.Moments{}),
		"sums":     AppendSums(nil, &LedgerSums{Cost: 1 << 40}),
		"roll-up":  AppendRollup(nil, &Rollup{Outcomes: map[string]int64{"ok": 1}, TTFT: []byte{1, 2, 3}}),
	} {
		if err := parsers(whole)[kind]; err != nil {
			t.Errorf("%s: whole: %v", kind, err)
		}
		for n := range whole {
			if kind == "moments" && n == 88 { // those of before
				continue
			}
			if err := parsers(whole[:n])[kind]; !errors.Is(err, ErrPacked) {
				t.Errorf("%s: %d of %d bytes: %v", kind, n, len(whole), err)
			}
		}
	}
}

// Bytes of any kind are a row or an error, never a panic nor a great allocation.
func FuzzParsePacked(f *testing.F) {
	f.Add(AppendValues(nil, []Value{{"metric", 300, -300}}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(_ *testing.T, b []byte) { parsers(b) })
}
