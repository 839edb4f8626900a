package usage

import (
	"math"
	"testing"

	"github.com/weirhq/weir/internal/meter"
)

func TestDollars(t *testing.T) {
	for m, want := range map[meter.Micro]string{
		0: "$0.00", 1: "$0.000001", 20: "$0.00002", 123_456: "$0.123456", 500_000: "$0.50", 999_999: "$0.999999",
		1_000_000: "$1.00", 1_004_999: "$1.00", 1_005_000: "$1.01", 1_999_999: "$2.00", 12_345_678_900: "$12,345.68",
		1_000_000_000_000: "$1,000,000.00", -1: "-$0.000001", -1_500_000: "-$1.50",
		math.MaxInt64: "$9,223,372,036,854.78", math.MinInt64: "-$9,223,372,036,854.78",
	} {
		if got := Dollars(m); got != want {
			t.Errorf("%d: %s, want %s", m, got, want)
		}
	}
}

func TestPercent(t *testing.T) {
	for share, want := range map[float64]string{
		0: "0 %", 1: "100 %", 0.5: "50 %", 0.123: "12 %", 0.0123: "1.2 %", 0.01: "1 %", 0.0001: "0.01 %", 0.9999: "99.99 %", 1.5: "150 %", -0.25: "-25 %",
	} {
		if got := percent(share); got != want {
			t.Errorf("%g: %s, want %s", share, got, want)
		}
	}
}

func TestCellsAreHarmless(t *testing.T) {
	for in, want := range map[string]string{
		"team=x":                  "team=x",
		"\x1b[31mred\x07":         "·\\[31mred·",
		"a|b\n# head":             "a\\|b·# head",
		"right\u202eto left":      "right·to left",
		"\xff\xfe":                "·",
		"<script>*`":              "&lt;script>\\*\\`",
		"Zürich, 東京, back\\slash": "Zürich, 東京, back\\\\slash",
	} {
		if got := cell(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
