package experiment

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strconv"
	"strings"
	"testing"
)

// goldenSum is of testdata/golden.tsv, so that nobody mends a failing test by
// writing the table anew.
const goldenSum = "a8db36de0b2aabfcc152b0f18f6841a6ff7e499ce7b6ea2401a2829cff8b0ce1"

// Where these 1,000 units fall holds for ever: through every version of Weir, on
// every replica. If this test fails, the code is wrong, not the table: with it
// the users of every running experiment would be shared out anew. The table was
// made without this code; testdata/golden.py says how.
func TestGoldenAssignments(t *testing.T) {
	table, err := os.ReadFile("testdata/golden.tsv")
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(table); hex.EncodeToString(sum[:]) != goldenSum {
		t.Fatal("testdata/golden.tsv has been changed; put it back")
	}
	vs := variants("a", "b", "c")
	pair := routeOf("golden-pair", split(t, vs[:2], 50, 50))
	triple := routeOf("golden-triple", split(t, vs, 0.5, 0.3, 0.2))
	canary := routeOf("golden-canary", twoEnded(t, &Variant{Name: "baseline"}, &Variant{Name: "candidate"}, 0.1))
	set := &Set{}
	assigned := func(r *Route, kind, unit string) string {
		r.Experiment.Kind = kind
		a := set.Assign(r, &Input{Unit: Unit{Kind: kind, ID: unit}})
		if !a.Enrolled {
			return "-"
		}
		return a.Variant.Name
	}
	rows := strings.Split(strings.TrimSpace(string(table)), "\n")[1:]
	if len(rows) != 1000 {
		t.Fatalf("%d rows, want 1000", len(rows))
	}
	for _, row := range rows {
		f := strings.Split(row, "\t")
		kind, unit, hash := f[0], f[1], f[2]
		if want, _ := strconv.ParseUint(hash, 16, 64); Hash("golden-pair/1", kind, unit) != want {
			t.Errorf("%s %q hashes to %016x, for ever %s", kind, unit, Hash("golden-pair/1", kind, unit), hash)
		}
		for i, r := range []*Route{pair, triple, canary} {
			if got := assigned(r, kind, unit); got != f[3+i] {
				t.Errorf("%s %q gets %s of %s, for ever %s", kind, unit, got, r.Experiment.Name, f[3+i])
			}
		}
	}
}
