package experiment

import (
	"strconv"

	"github.com/cespare/xxhash/v2"
)

// zero separates the parts of what is hashed, so that ("ab", "c") and
// ("a", "bc") differ. Salts come from definitions and kinds are our own words,
// neither holds it; a unit may, being last.
var zero = []byte{0}

// Hash is where a unit falls: XXH64 with seed 0 over salt, 0x00, kind, 0x00,
// unit. It is part of what Weir promises: the same on every replica, version
// and restart, for ever. A change here moves every user of every experiment.
//
// Test vectors, from the C library of xxHash (python-xxhash 4.1.0), not from
// this function; testdata/ has a thousand more:
//
//	salt          kind       unit               hash
//	""            ""         ""                 9aaba41ffa2da101
//	"checkout/1"  "user"     "u1"               0439e17a50fbd499
//	"checkout/1"  "user"     "ada@example.com"  c39ae679102647af
//	"checkout/1"  "session"  "u1"               9b438f1e71fdc572
//	"checkout/2"  "user"     "u1"               37d7db045fb54a4e
//
// It allocates nothing.
func Hash(salt, kind, unit string) uint64 {
	var d xxhash.Digest
	d.Reset()
	d.WriteString(salt)
	d.Write(zero)
	d.WriteString(kind)
	d.Write(zero)
	d.WriteString(unit)
	return d.Sum64()
}

// DefaultSalt is the salt of an experiment that names none: "checkout/1". The
// epoch comes last, so no two experiments with different names share one.
func DefaultSalt(name string, epoch int) string {
	return name + "/" + strconv.Itoa(epoch)
}

// fraction places a hash in [0, 1), for people. Assignment compares integers.
func fraction(u uint64) float64 { return float64(u) / (1 << 64) }
