package telemetry

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

func TestSameValuesGiveTheSameHandle(t *testing.T) {
	f := New().Counter("c_total", "c", "a", "b")
	if f.With("x", "y") != f.With("x", "y") {
		t.Error("two handles for one series")
	}
	if f.With("x", "yz") == f.With("xy", "z") {
		t.Error("one handle for two series: the values ran together")
	}
}

func TestConcurrentUse(t *testing.T) {
	const users, each = 8, 2000
	r := New()
	f := r.Counter("c_total", "c", "a")
	g := r.Gauge("g", "g", "a")
	var using sync.WaitGroup
	for u := range users {
		using.Go(func() {
			for i := range each {
				name := fmt.Sprint(i % 10)
				f.With(name).Inc()
				g.With(name).Add(1)
				g.With(name).Add(-1)
				if i%100 == u {
					f.Forget(name)
					r.Gather(func(Family) {})
				}
			}
		})
	}
	using.Wait()
	for i := range 10 {
		f.With(fmt.Sprint(i)) // shows what was forgotten last
	}
	var sum float64
	for _, s := range gathered(r)["c_total"].Samples {
		sum += s.Value
	}
	if sum != users*each {
		t.Errorf("counted %v, want %d: forgetting must reset nothing", sum, users*each)
	}
	for _, s := range gathered(r)["g"].Samples {
		if s.Value != 0 {
			t.Errorf("gauge %q is %v, want 0", s.Values, s.Value)
		}
	}
}

func TestBeyondTheCapEverythingIsOther(t *testing.T) {
	r := NewWithCap(3)
	f := r.Counter("c_total", "c", "a", "b")
	for i := range 10 {
		f.With(fmt.Sprint(i), "x").Inc()
	}
	if n := len(gathered(r)["c_total"].Samples); n != 4 {
		t.Errorf("%d series, want the cap of 3 and `other`", n)
	}
	if got := sampleOf(t, r, "c_total", Other, Other).Value; got != 7 {
		t.Errorf("`other` counted %v, want 7", got)
	}
	if got := sampleOf(t, r, droppedName, "c_total").Value; got != 7 {
		t.Errorf("%s is %v, want 7", droppedName, got)
	}
	if f.With("1", "x").Value() != 1 {
		t.Error("a series from below the cap lost its count")
	}
}

func TestTheCountOfDroppedSeriesHasNoCap(t *testing.T) {
	r := NewWithCap(1)
	for _, name := range []string{"a_total", "b_total", "c_total"} {
		f := r.Counter(name, "c", "a")
		f.With("x")
		f.With("y")
		if got := sampleOf(t, r, droppedName, name).Value; got != 1 {
			t.Errorf("%s: %v dropped, want 1", name, got)
		}
	}
}

func TestOtherNamedByACallerIsTheStandIn(t *testing.T) {
	r := NewWithCap(1)
	f := r.Counter("c_total", "c", "a")
	named := f.With(Other)
	f.With("x") // `other` takes no room
	if f.With("y") != named {
		t.Error("two series called `other`")
	}
	if got := len(gathered(r)["c_total"].Samples); got != 2 {
		t.Errorf("%d series, want 2", got)
	}
}

func TestNameBombStaysSmall(t *testing.T) {
	r := New()
	f := r.Histogram("h", "h", durationBounds, "name")
	for i := range 200_000 {
		f.With(fmt.Sprintf("name-%d", i*2654435761)).Observe(1)
	}
	if got := len(gathered(r)["h"].Samples); got != DefaultSeriesCap+1 {
		t.Errorf("%d series, want %d", got, DefaultSeriesCap+1)
	}
	if got := sampleOf(t, r, "h", Other).Buckets.Count; got != 200_000-DefaultSeriesCap {
		t.Errorf("`other` counted %d, want the rest: %d", got, 200_000-DefaultSeriesCap)
	}
}

func TestForgottenSeriesComesBackWhereItWas(t *testing.T) {
	r := New()
	f := r.Counter("c_total", "c", "route")
	old := f.With("gone")
	old.Add(5)
	f.Forget("gone")
	f.Forget("never was")
	if hasSeries(r, "c_total", "gone") {
		t.Error("still shown")
	}
	old.Inc() // a stream that outlives its route
	if f.With("gone") != old {
		t.Error("the handle changed")
	}
	if got := sampleOf(t, r, "c_total", "gone").Value; got != 6 {
		t.Errorf("%v, want 6", got)
	}
}

func TestRetainKeepsWhatItIsTold(t *testing.T) {
	r := NewWithCap(2)
	f := r.Gauge("g", "g", "route")
	for _, route := range []string{"kept", "gone", "beyond"} {
		f.With(route)
	}
	f.Retain(func(v []string) bool {
		if v[0] == Other {
			t.Error("asked about the stand-in")
		}
		return v[0] == "kept"
	})
	f.Forget(Other)
	for route, want := range map[string]bool{"kept": true, "gone": false, Other: true} {
		if got := hasSeries(r, "g", route); got != want {
			t.Errorf("%s shown: %v, want %v", route, got, want)
		}
	}
}

func TestForgottenSeriesMakesRoomAtTheCap(t *testing.T) {
	r := NewWithCap(2)
	f := r.Counter("c_total", "c", "route")
	f.With("a").Inc()
	b := f.With("b")
	f.Forget("b")
	f.With("c").Inc()
	f.With("d").Inc() // nothing forgotten is left to give up
	if hasSeries(r, "c_total", "b") || !hasSeries(r, "c_total", "c") || hasSeries(r, "c_total", "d") {
		t.Errorf("shown: %v", gathered(r)["c_total"].Samples)
	}
	if got := sampleOf(t, r, "c_total", Other).Value; got != 1 {
		t.Errorf("`other` counted %v, want 1", got)
	}
	b.Inc() // given up, yet safe to count through
}

func TestForgettingTwiceIsForgettingOnce(t *testing.T) {
	r := NewWithCap(1)
	f := r.Counter("c_total", "c", "route")
	f.With("a")
	f.Forget("a")
	f.Forget("a")
	f.With("a")
	if f.With("b"); !hasSeries(r, "c_total", Other) {
		t.Error("a series in use was given up to make room")
	}
}

func TestLabelValuesAreCleaned(t *testing.T) {
	long := strings.Repeat("é", 100) // 200 bytes
	for _, c := range []struct{ name, in, want string }{
		{"plain", "chat", "chat"},
		{"empty", "", ""},
		{"just fits", strings.Repeat("a", 128), strings.Repeat("a", 128)},
		{"too long", strings.Repeat("a", 129), strings.Repeat("a", 128)},
		{"cut between characters", "a" + long, "a" + strings.Repeat("é", 63)},
		{"broken bytes", "a\xff\xfeb", "a\ufffdb"},
		{"broken and long", strings.Repeat("\xffa", 100), strings.Repeat("\ufffda", 32)},
		{"a megabyte", strings.Repeat("b", 1<<20), strings.Repeat("b", 128)},
	} {
		got := clean(c.in)
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if len(got) > MaxLabelBytes || !utf8.ValidString(got) {
			t.Errorf("%s: %q cannot be exposed", c.name, got)
		}
	}
	r := New()
	f := r.Counter("c_total", "c", "a")
	f.With("bad\xff").Inc()
	if f.With("bad\ufffd").Value() != 1 {
		t.Error("the same cleaned value gave another series")
	}
	f.Forget("bad\xff")
	if hasSeries(r, "c_total", "bad\ufffd") {
		t.Error("Forget did not clean its values as With does")
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\xff\xfe")
	f.Add(strings.Repeat("é", 100))
	f.Fuzz(func(t *testing.T, in string) {
		got := clean(in)
		if len(got) > MaxLabelBytes || !utf8.ValidString(got) {
			t.Errorf("clean(%q) = %q", in, got)
		}
		if clean(got) != got {
			t.Errorf("cleaning %q twice gives %q", got, clean(got))
		}
	})
}
