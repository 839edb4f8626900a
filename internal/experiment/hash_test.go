package experiment

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
	"testing"
)

// The figures come from the C library of xxHash (python-xxhash 4.1.0) over the
// joined bytes.
func TestHashVectors(t *testing.T) {
	for _, v := range []struct {
		salt, kind, unit string
		want             uint64
	}{
		{"", "", "", 0x9aaba41ffa2da101},
		{"checkout/1", "user", "u1", 0x0439e17a50fbd499},
		{"checkout/1", "user", "ada@example.com", 0xc39ae679102647af},
		{"checkout/1", "session", "u1", 0x9b438f1e71fdc572},
		{"checkout/2", "user", "u1", 0x37d7db045fb54a4e},
		{"s", "key", strings.Repeat("x", 100), 0xb1a12b1aed9dc031},
		{"súper", "user", "日本語-\x00-id", 0x385d092419dba525},
	} {
		if got := Hash(v.salt, v.kind, v.unit); got != v.want {
			t.Errorf("Hash(%q, %q, %q) = %016x, want %016x", v.salt, v.kind, v.unit, got, v.want)
		}
	}
}

func TestHashKeepsItsPartsApart(t *testing.T) {
	seen := map[uint64]string{}
	for _, p := range [][3]string{{"ab", "c", "d"}, {"a", "bc", "d"}, {"a", "b", "cd"}, {"abcd", "", ""}, {"", "", "abcd"}} {
		h := Hash(p[0], p[1], p[2])
		if other, ok := seen[h]; ok {
			t.Errorf("%q and %s hash alike", p, other)
		}
		seen[h] = strings.Join(p[:], "|")
	}
}

func TestDefaultSaltDiffersByNameAndEpoch(t *testing.T) {
	if got := DefaultSalt("checkout", 2); got != "checkout/2" {
		t.Errorf("DefaultSalt = %q; it is part of what must not change", got)
	}
	if DefaultSalt("a/1", 2) == DefaultSalt("a", 12) || DefaultSalt("a", 1) == DefaultSalt("a", 2) {
		t.Error("two experiments share a salt")
	}
}

// chiSquare100 is the statistic of counts over 100 equal bins.
func chiSquare100(counts *[100]int) float64 {
	n := 0
	for _, c := range counts {
		n += c
	}
	expected, x := float64(n)/100, 0.0
	for _, c := range counts {
		x += (float64(c) - expected) * (float64(c) - expected) / expected
	}
	return x
}

// A million ids of each shape fall evenly into 100 bins: p > 1e-4, that is a
// statistic below 160.0557 (SciPy 1.x: chi2.isf(1e-4, 99)).
func TestHashIsUniform(t *testing.T) {
	const critical = 160.0557
	for shape, id := range ids {
		t.Run(shape, func(t *testing.T) {
			r := seeded(1)
			var hashed, naive [100]int
			for i := range 1_000_000 {
				unit := id(i, r)
				bin, _ := bits.Mul64(Hash("uniform/1", "user", unit), 100)
				hashed[bin]++
				naive[(int(unit[len(unit)-1])+31*len(unit))%100]++
			}
			if x := chiSquare100(&hashed); x > critical {
				t.Errorf("chi-square %.1f over 100 bins, critical %.1f at p = 1e-4", x, critical)
			}
			if x := chiSquare100(&naive); x <= critical {
				t.Errorf("chi-square %.1f for a hash that is uneven: this test could not fail", x)
			}
		})
	}
}

// 1,000 salts split the same 10,000 units in two without knowing of each other.
// Under independence phi × sqrt(n) is standard normal; over 499,500 pairs the
// Bonferroni bound at .01, two-sided, is 5.6118 (SciPy: norm.isf(.01/2/499500)).
func TestSaltsAreIndependent(t *testing.T) {
	const salts, units = 1000, 10_000
	bound := 5.6118 / math.Sqrt(units)
	half := split(t, variants("a", "b"), 50, 50)
	sets := make([]bitset, salts)
	size := make([]float64, salts)
	for s := range sets {
		salt := DefaultSalt("experiment-"+strconv.Itoa(s/2), 1+s%2) // neighbours differ by one digit of the epoch
		for u := range units {
			if Hash(salt, "user", strconv.Itoa(u)) <= half[0].To {
				sets[s][u/64] |= 1 << (u % 64)
			}
		}
		size[s] = float64(overlap(&sets[s], &sets[s]))
	}
	phi := func(i, j int) float64 {
		both := float64(overlap(&sets[i], &sets[j]))
		return (units*both - size[i]*size[j]) / math.Sqrt(size[i]*(units-size[i])*size[j]*(units-size[j]))
	}
	worst := 0.0
	for i := range sets {
		for j := range i {
			worst = max(worst, math.Abs(phi(i, j)))
		}
	}
	if worst > bound {
		t.Errorf("max |phi| over all pairs of salts is %.4f, bound %.4f", worst, bound)
	}
	if same := phi(7, 7); same < bound {
		t.Errorf("phi of a salt with itself is %.4f: this test could not fail", same)
	}
}

// bitset holds 10,000 units.
type bitset [(10_000 + 63) / 64]uint64

func overlap(a, b *bitset) int {
	n := 0
	for i := range a {
		n += bits.OnesCount64(a[i] & b[i])
	}
	return n
}
