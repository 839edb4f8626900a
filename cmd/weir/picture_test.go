package main

import (
	"math"
	"strings"
	"testing"
	"time"
)

// A bar is always as wide as it should be; what is more than nothing is seen, and
// what is over all says so.
func TestBar(t *testing.T) {
	for share, want := range map[float64]string{
		0: "········", 1: "████████", 0.5: "████····", 0.0001: "▏·······", 0.99999: "████████", 1.01: "███████▶", 50: "███████▶",
		0.53: "████▎···", -1: "········", math.Inf(1): "███████▶",
	} {
		if got := bar(share, 8); got != want {
			t.Errorf("%v: %s, want %s", share, got, want)
		}
	}
	if got := bar(math.NaN(), 8); got != "········" {
		t.Errorf("NaN: %s", got)
	}
}

// Spans lie where they lie in the whole, and never leave the frame.
func TestSpanBar(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		start, took, whole time.Duration
		want               string
	}{
		{0, 100 * ms, 100 * ms, "██████████"},
		{0, 50 * ms, 100 * ms, "█████·····"},
		{50 * ms, 50 * ms, 100 * ms, "·····█████"},
		{0, 0, 100 * ms, "▏·········"},
		{100 * ms, 0, 100 * ms, "·········▏"},
		{30 * ms, ms, 100 * ms, "···▏······"},
		{0, 0, 0, "··········"},
		{90 * ms, 90 * ms, 100 * ms, "·········█"},
		{-5 * ms, 10 * ms, 100 * ms, "█·········"},
	} {
		if got := spanBar(c.start, c.took, c.whole, 10); got != c.want {
			t.Errorf("%v for %v of %v: %s, want %s", c.start, c.took, c.whole, got, c.want)
		}
	}
	for columns, want := range map[int]int{0: 40, 80: 20, 200: 100, 20: 10} {
		if got := traceWidth(columns); got != want {
			t.Errorf("in %d columns %d, want %d", columns, got, want)
		}
	}
}

func TestAlignTables(t *testing.T) {
	page := "# A *head*\n\n| name | cost |\n|---|--:|\n| a\\|b | $1.00 |\n| longer \\*x\\* &lt;i> | $1,000.00 |\n\n**bold** \\[text\\\\\n| alone |\n"
	want := "# A *head*\n\n" +
		"  name                 cost\n" +
		"  a|b                 $1.00\n" +
		"  longer *x* <i>  $1,000.00\n" +
		"\nbold [text\\\n"
	if got := alignTables(page); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// Lines of a diff are coloured for people and for nobody else.
func TestColoured(t *testing.T) {
	for line, code := range map[string]string{"+a\n": "32", "-a\n": "31", "+++ a\n": "1", "--- a\n": "1", "@@ -1 +1 @@\n": "36", " a\n": ""} {
		if got := coloured(line, false); got != line {
			t.Errorf("%q without colour: %q", line, got)
		}
		got := coloured(line, true)
		if code == "" && got != line || code != "" && got != "\x1b["+code+"m"+strings.TrimSuffix(line, "\n")+"\x1b[0m\n" {
			t.Errorf("%q with colour: %q", line, got)
		}
	}
	if mayColour(&strings.Builder{}) {
		t.Error("what is no terminal gets colours")
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 5 << 30: "5.0 GiB", 1 << 60: "1048576.0 TiB"} {
		if got := size(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
	for share, want := range map[float64]string{0: "0.0 %", 0.5: "50.0 %", 0.0001: "0.01 %", 2: "200.0 %"} {
		if got := percent(share); got != want {
			t.Errorf("%v: %s", share, got)
		}
	}
}
