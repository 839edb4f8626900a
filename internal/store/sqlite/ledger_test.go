package sqlite

import (
	"errors"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/store"
)

func TestDayAndHour(t *testing.T) {
	for at, want := range map[string]struct {
		day  int64
		hour byte
	}{
		"1970-01-01T00:00:00Z": {0, 0}, "1970-01-02T23:59:59Z": {1, 23}, "1969-12-31T23:00:00Z": {-1, 23}, "1969-12-31T00:00:00Z": {-1, 0},
		"2026-03-29T02:00:00+02:00": {20541, 0},
	} {
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		day, hour := dayAndHour(moment)
		if day != want.day || hour != want.hour || !time.Unix(day*daySeconds+int64(hour)*hourSeconds, 0).Equal(moment.Truncate(time.Hour)) {
			t.Errorf("%s: day %d, hour %d", at, day, hour)
		}
	}
}

// Hours come in any order, and again.
func TestHoursOfADay(t *testing.T) {
	want := map[byte]store.LedgerSums{}
	var hours []byte
	for i, h := range []byte{5, 23, 0, 5, 12, 0, 23, 1, 5} {
		more := store.LedgerSums{Requests: int64(i + 1), Cost: 1 << 40, Input: -int64(i)}
		sums := want[h]
		sums.Add(more)
		want[h] = sums
		var err error
		if hours, err = addHour(nil, hours, h, more); err != nil {
			t.Fatal(err)
		}
	}
	last := -1
	err := eachHour(hours, func(h byte, packed []byte) error {
		sums, err := store.ParseSums(packed)
		if int(h) <= last || sums != want[h] {
			t.Errorf("hour %d after %d: %+v, want %+v", h, last, sums, want[h])
		}
		last = int(h)
		delete(want, h)
		return err
	})
	if err != nil || len(want) > 0 {
		t.Errorf("%v, left: %v", err, want)
	}
	for cut := 1; cut < len(hours); cut++ {
		err := eachHour(hours[:cut], func(_ byte, packed []byte) error { _, err := store.ParseSums(packed); return err })
		if whole := err == nil; whole {
			if again, err := addHour(nil, hours[:cut], 0, store.LedgerSums{}); err != nil || len(again) < cut {
				t.Errorf("cut at %d: %v", cut, err)
			}
		} else if !errors.Is(err, store.ErrPacked) {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
}
