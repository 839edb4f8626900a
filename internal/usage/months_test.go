package usage

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/store"
)

func TestMonthAgainstMonth(t *testing.T) {
	l := ledger{
		hourRow(t, "2026-10-01T00:00:00Z", "a", "", 10, 100),
		hourRow(t, "2026-10-10T11:00:00Z", "a", "", 1, 20), // the last hour that is as far into October
		hourRow(t, "2026-10-10T12:00:00Z", "a", "", 1, 400),
		hourRow(t, "2026-10-05T00:00:00Z", "gone", "", 2, 50),
		hourRow(t, "2026-11-01T00:00:00Z", "a", "", 20, 150),
		hourRow(t, "2026-11-10T11:00:00Z", "new", "", 5, 7),
		hourRow(t, "2026-11-10T12:00:00Z", "new", "", 5, 9000), // has not begun
		hourRow(t, "2026-09-30T23:00:00Z", "a", "", 9, 9000),
	}
	c, err := Compare(t.Context(), l, []string{"route"}, Month, nil, store.LedgerQuery{}, at(t, "2026-11-10T12:00:00Z"))
	if err != nil {
		t.Fatal(err)
	}
	if !c.BeforeSoFar.End.Equal(at(t, "2026-10-10T12:00:00Z")) || !c.Before.End.Equal(at(t, "2026-11-01T00:00:00Z")) {
		t.Errorf("before: %+v, so far %+v", c.Before, c.BeforeSoFar)
	}
	var names []string
	for _, r := range c.Rows {
		names = append(names, r.Keys["route"])
	}
	if !slices.Equal(names, []string{"a", "gone", "new"}) { // by the dearer of the two months
		t.Fatalf("order %q", names)
	}
	a, gone, fresh := c.Rows[0], c.Rows[1], c.Rows[2]
	if a.Now.Cost != 150 || a.BeforeSoFar.Cost != 120 || a.Before.Cost != 520 || math.Abs(*a.Cost-0.25) > 1e-12 || math.Abs(*a.Requests-(20.0/11-1)) > 1e-12 {
		t.Errorf("a: %+v, change %v", a, *a.Cost)
	}
	if *gone.Cost != -1 || fresh.Cost != nil || fresh.Now.Cost != 7 {
		t.Errorf("gone: %v, new: %+v", *gone.Cost, fresh)
	}
	if c.Total.Now.Cost != 157 || c.Total.BeforeSoFar.Cost != 170 || c.Total.Before.Cost != 570 {
		t.Errorf("total %+v", c.Total)
	}
}

func TestTheSameStretchOfThePeriodBefore(t *testing.T) {
	for _, c := range []struct {
		name, zone string
		per        Per
		now, want  string
		note       string
	}{
		{"in the middle", "UTC", Month, "2026-11-10T12:30:00Z", "2026-10-10T12:30:00Z", ""},
		{"31 March has no match in February", "UTC", Month, "2026-03-31T12:00:00Z", "2026-03-01T00:00:00Z", "the period before was shorter"},
		{"1 March at noon", "UTC", Month, "2026-03-01T12:00:00Z", "2026-02-01T12:00:00Z", ""},
		// October has 745 hours in Berlin; on 20 November it is 18:00 there at 17:00 UTC, on
		// 20 October at 16:00.
		{"summer time in one of the months", "Europe/Berlin", Month, "2026-11-20T17:00:00Z", "2026-10-20T16:00:00Z", ""},
		{"a week", "UTC", Week, "2026-11-18T06:00:00Z", "2026-11-11T06:00:00Z", ""},
		{"a day", "UTC", Day, "2026-11-18T06:00:00Z", "2026-11-17T06:00:00Z", ""},
		{"the last hour of a day of 25", "Europe/Berlin", Day, "2026-10-25T22:30:00Z", "2026-10-24T22:00:00Z", "the period before was shorter"},
	} {
		cmp, err := Compare(t.Context(), ledger{}, nil, c.per, zoneOf(t, c.zone), store.LedgerQuery{}, at(t, c.now))
		if err != nil {
			t.Fatal(err)
		}
		if !cmp.BeforeSoFar.End.Equal(at(t, c.want)) || (c.note != "") != strings.Contains(strings.Join(cmp.Notes, "\n"), "shorter") {
			t.Errorf("%s: up to %s, want %s; notes %q", c.name, cmp.BeforeSoFar.End, c.want, cmp.Notes)
		}
	}
	if _, err := Compare(t.Context(), ledger{}, nil, Hour, nil, store.LedgerQuery{}, at(t, "2026-11-18T06:00:00Z")); err == nil {
		t.Error("hours were compared")
	}
}
