package event

import (
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var shape = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// The example of RFC 9562, appendix A.6: 2022-02-22 14:22:22 -05:00 is
// 0x017F22E279B0 milliseconds.
func TestIDHasTheLayoutOfRFC9562(t *testing.T) {
	at := time.Date(2022, 2, 22, 14, 22, 22, 0, time.FixedZone("", -5*3600))
	var s idSource
	id := s.next(at)
	if !shape.MatchString(id) {
		t.Errorf("%s is not a UUID of version 7, variant 10", id)
	}
	if !strings.HasPrefix(id, "017f22e2-79b0-7000-") {
		t.Errorf("%s does not begin with 017f22e2-79b0-7000-", id)
	}
	// Half a millisecond later the fraction is 0.5 x 4096 = 0x800.
	if id := s.next(at.Add(500 * time.Microsecond)); !strings.HasPrefix(id, "017f22e2-79b0-7800-") {
		t.Errorf("%s does not begin with 017f22e2-79b0-7800-", id)
	}
	if id := s.next(at.Add(999999 * time.Nanosecond)); !strings.HasPrefix(id, "017f22e2-79b0-7fff-") {
		t.Errorf("%s does not begin with 017f22e2-79b0-7fff-", id)
	}
}

func TestIDsGrowWhateverTheClockDoes(t *testing.T) {
	var s idSource
	at := time.Unix(1700000000, 0)
	var made []string
	for i := range 10000 {
		made = append(made, s.next(at))
		switch i % 4 { // stands still, steps back an hour, steps on
		case 1:
			at = at.Add(-time.Hour)
		case 2:
			at = at.Add(time.Hour)
		}
	}
	made = append(made, s.next(time.Unix(-5, 0)), s.next(at.Add(2*time.Hour)))
	if !slices.IsSorted(made) || len(slices.Compact(made)) != 10002 {
		t.Error("ids are not strictly increasing")
	}
}

func TestIDsAreUniqueAcrossGoroutines(t *testing.T) {
	const each, writers = 20000, 8
	made := make([][]string, writers)
	var wg sync.WaitGroup
	for i := range made {
		wg.Go(func() {
			for range each {
				made[i] = append(made[i], NewID(time.Now()))
			}
			if !slices.IsSorted(made[i]) {
				t.Error("ids of one goroutine are not in order")
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, id := range slices.Concat(made...) {
		if seen[id] {
			t.Fatalf("%s was made twice", id)
		}
		seen[id] = true
	}
}

// Each of the 62 random bits must be set about half of the time. Of n = 4096
// ids the count has a standard deviation of 32; six of them leave a chance of
// 62 x 2e-9 that a sound source fails here. Repeated or stuck pool bytes fail.
func TestIDsRandomBits(t *testing.T) {
	const n = 4096
	var s idSource
	var ones [64]int
	tails := map[string]bool{}
	for range n {
		id := strings.ReplaceAll(s.next(time.Unix(0, 0)), "-", "")
		tails[id[16:]] = true
		b, err := hex.DecodeString(id[16:])
		if err != nil {
			t.Fatal(err)
		}
		for bit := range ones {
			ones[bit] += int(b[bit/8]>>(7-bit%8)) & 1
		}
	}
	if len(tails) != n {
		t.Errorf("%d different random parts in %d ids", len(tails), n)
	}
	for bit, k := range ones[2:] {
		if k < n/2-6*32 || k > n/2+6*32 {
			t.Errorf("random bit %d was set %d times in %d", bit, k, n)
		}
	}
}

func TestUsedRandomnessIsWiped(t *testing.T) {
	var s idSource
	s.next(time.Unix(0, 0))
	if [8]byte(s.pool[:8]) != [8]byte{} {
		t.Error("the random bits of an id that was given out are still in memory")
	}
	if [8]byte(s.pool[8:16]) == [8]byte{} {
		t.Error("the pool was not filled")
	}
}

func TestIDAllocatesItsStringOnly(t *testing.T) {
	now := time.Now()
	if n := testing.AllocsPerRun(1000, func() { NewID(now) }); n != 1 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkNewID(b *testing.B) {
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		now := time.Now()
		for pb.Next() {
			NewID(now)
		}
	})
}
