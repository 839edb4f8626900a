package usage

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"
	_ "time/tzdata" // the zones are those of the Go release, wherever the test runs
)

func zoneOf(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Borders that are known, in UTC. Sources: the tz database's own notes on each zone.
func TestPeriodsInZones(t *testing.T) {
	for _, c := range []struct {
		name, zone       string
		per              Per
		in, start, until string
	}{
		{"a day in UTC", "UTC", Day, "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"},
		{"the last instant of a day", "UTC", Day, "2026-02-28T23:59:59Z", "2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z"},
		{"29 February", "UTC", Month, "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"},
		{"a day of 23 hours", "Europe/Berlin", Day, "2026-03-29T10:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		{"a day of 25 hours", "Europe/Berlin", Day, "2026-10-25T10:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
		{"a week with one", "Europe/Berlin", Week, "2026-10-25T22:59:59Z", "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z"},
		{"a month with one", "America/New_York", Month, "2026-11-30T23:00:00Z", "2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z"},
		{"a week over the year's end", "UTC", Week, "2027-01-01T00:00:00Z", "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z"},
		{"half an hour off", "Asia/Kolkata", Day, "2026-06-01T18:29:59Z", "2026-05-31T18:30:00Z", "2026-06-01T18:30:00Z"},
		{"three quarters off", "Asia/Kathmandu", Month, "2026-06-10T00:00:00Z", "2026-05-31T18:15:00Z", "2026-06-30T18:15:00Z"},
		{"clocks go from 0:00 to 1:00", "Asia/Beirut", Day, "2022-03-27T12:00:00Z", "2022-03-26T22:00:00Z", "2022-03-27T21:00:00Z"},
		{"clocks go from 1:00 to 0:00", "America/Havana", Day, "2025-11-02T12:00:00Z", "2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z"},
		// At 0:01 back to 23:01: the hour that Saturday comes back is within Sunday.
		{"clocks go back over midnight", "America/St_Johns", Day, "2010-11-07T03:00:00Z", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z"},
		{"the day before the one left out", "Pacific/Apia", Day, "2011-12-29T20:00:00Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"},
		{"the day after it", "Pacific/Apia", Day, "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"},
		{"an hour", "Asia/Kolkata", Hour, "2026-06-01T18:29:59Z", "2026-06-01T18:00:00Z", "2026-06-01T19:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := c.per.Window(at(t, c.in), zoneOf(t, c.zone))
			if !w.Start.Equal(at(t, c.start)) || !w.End.Equal(at(t, c.until)) {
				t.Errorf("%s to %s, want %s to %s", w.Start.UTC(), w.End.UTC(), c.start, c.until)
			}
		})
	}
	if w := Day.Window(at(t, "2026-06-01T12:00:00Z"), nil); w.Start.Location() != time.UTC {
		t.Errorf("without a zone: %s", w.Start)
	}
}

// S7: periods follow one another without a gap, each holds its own instants, and
// no length is odd, in zones with every habit there is: days as far as the tz
// database lists changes, weeks of this century, and months for 400 years, the
// whole Gregorian cycle.
func TestS7PeriodsFollowOneAnother(t *testing.T) {
	const day = 24 * time.Hour
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	for _, name := range []string{
		"UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "America/Sao_Paulo", "Africa/Cairo", "Asia/Beirut",
		"Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati", "Pacific/Chatham", "Africa/Casablanca",
	} {
		zone := zoneOf(t, name)
		// The longest day is one that a zone had twice; those left out have no length and
		// are not met.
		follow(t, name, Day, zone, year(1930), year(2037), [2]time.Duration{0, 49 * time.Hour})
		follow(t, name, Week, zone, year(2000), year(2100), [2]time.Duration{5 * day, 9 * day})
		follow(t, name, Month, zone, year(1900), year(2300), [2]time.Duration{26 * day, 33 * day})
	}
}

// follow walks from period to period.
func follow(t *testing.T, name string, per Per, zone *time.Location, from, to time.Time, lengths [2]time.Duration) {
	t.Helper()
	for w := per.Window(from, zone); w.Start.Before(to); {
		length := w.End.Sub(w.Start)
		if length <= lengths[0] || length > lengths[1] {
			t.Fatalf("%s: the %s from %s has %s", name, per, w.Start, length)
		}
		for _, inside := range []time.Time{w.Start, w.End.Add(-1)} {
			if got := per.Window(inside, zone); got != w {
				t.Fatalf("%s: %s is in the %s from %s to %s, and should be in that from %s to %s", name, inside, per, got.Start, got.End, w.Start, w.End)
			}
		}
		next := per.after(w)
		if !next.Start.Equal(w.End) {
			t.Fatalf("%s: after the %s to %s comes one from %s", name, per, w.End, next.Start)
		}
		w = next
	}
}

// Zones that nobody has, with changes at any minute by anything up to a day:
// a day begins at the first minute at which the wall shows it or a later one.
func TestMidnightInZonesThatNobodyHas(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	for i := range 100 {
		zone := oddZone(t, r)
		for range 20 {
			day := time.Date(1990, 1, 1+r.IntN(1000), 0, 0, 0, 0, time.UTC)
			y, m, d := day.Date()
			want := day.Add(-widest)
			for wall(want.In(zone)).Before(day) {
				want = want.Add(time.Minute)
			}
			if got := midnight(y, m, d, zone); !got.Equal(want) {
				t.Fatalf("zone %d: %s begins at %s, want %s", i, day.Format(time.DateOnly), got, want.In(zone))
			}
		}
		follow(t, "odd", Day, zone, time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1993, 1, 1, 0, 0, 0, 0, time.UTC), [2]time.Duration{0, 100 * time.Hour})
	}
}

// wall is what the clock on the wall shows, as a time in UTC.
func wall(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// oddZone makes a zone with a dozen changes between 1990 and 1993, of offsets
// within half a day of UTC: a file as RFC 8536 has it, version 1.
func oddZone(t testing.TB, r *rand.Rand) *time.Location {
	t.Helper()
	const changes = 12
	b := append([]byte("TZif\x00"), make([]byte, 15)...)
	for _, n := range []uint32{0, 0, 0, changes, changes + 1, 4} { // utc, std, leap, times, types, chars
		b = binary.BigEndian.AppendUint32(b, n)
	}
	when := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	for range changes {
		when = when.Add(time.Duration(1+r.IntN(120*24*60)) * time.Minute)
		b = binary.BigEndian.AppendUint32(b, uint32(when.Unix()))
	}
	for i := range changes {
		b = append(b, byte(i+1))
	}
	for range changes + 1 {
		b = binary.BigEndian.AppendUint32(b, uint32(int32((r.IntN(24*60)-12*60)*60)))
		b = append(b, 0, 0)
	}
	b = append(b, "ODD\x00"...)
	zone, err := time.LoadLocationFromTZData("Odd/Zone", b)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}
