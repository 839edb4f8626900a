package usage

import (
	"fmt"
	"time"
)

// Per is the length of a period.
type Per string

// The lengths. Days, weeks (from Monday) and months are those of a time zone: a
// day has 23 to 25 hours. Hours are those of UTC.
const (
	Hour  Per = "hour"
	Day   Per = "day"
	Week  Per = "week"
	Month Per = "month"
	Total Per = "total" // all of the window
)

// ParsePer reads the name of a length.
func ParsePer(s string) (Per, error) {
	switch p := Per(s); p {
	case Hour, Day, Week, Month, Total:
		return p, nil
	}
	return "", fmt.Errorf("read period %q: it is one of hour, day, week, month, total", s)
}

// Window is the period that holds t, in the calendar of the zone (nil: UTC).
// Total has none: it is as long as what is asked for.
func (p Per) Window(t time.Time, zone *time.Location) Window {
	zone = orUTC(zone)
	t = t.In(zone)
	if p == Hour {
		start := t.Truncate(time.Hour)
		return Window{start, start.Add(time.Hour)}
	}
	y, m, d := t.Date()
	w := p.from(y, m, d, zone)
	if !t.Before(w.End) {
		// The clock was put back over midnight: it shows the day before once more,
		// but the new day had begun.
		w = p.after(w)
	}
	return w
}

// after is the period that follows.
func (p Per) after(w Window) Window {
	if p == Hour {
		return Window{w.End, w.End.Add(time.Hour)}
	}
	y, m, d := w.End.Date() // midnight made it: the clock on the wall shows the new day
	return p.from(y, m, d, w.End.Location())
}

// from is the period that the calendar's day belongs to.
func (p Per) from(y int, m time.Month, d int, zone *time.Location) Window {
	days := 1
	switch p {
	case Week:
		weekday := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Weekday()
		d -= (int(weekday) + 6) % 7 // Monday is the first
		days = 7
	case Month:
		return Window{midnight(y, m, 1, zone), midnight(y, m+1, 1, zone)}
	}
	return Window{midnight(y, m, d, zone), midnight(y, m, d+days, zone)}
}

// widest is more than any zone was ever from UTC (15 hours 13 minutes: Manila
// before 1845).
const widest = 16 * time.Hour

// midnight is the instant at which a day begins in a zone: the first at which
// the clock on the wall shows that day's 0:00 or something later. This holds
// where clocks jump over midnight (Beirut), where midnight comes twice (St.
// John's) and where a whole day was left out (Apia, 30 December 2011: it begins
// and ends at once). time.Date answers otherwise in each of these.
func midnight(y int, m time.Month, d int, zone *time.Location) time.Time {
	wall := time.Date(y, m, d, 0, 0, 0, 0, time.UTC) // what the clock is to show
	t := wall.Add(-widest).In(zone)
	for {
		_, offset := t.Zone()
		begins := wall.Add(-time.Duration(offset) * time.Second)
		if begins.Before(t) {
			begins = t
		}
		_, end := t.ZoneBounds()
		if !end.IsZero() && !end.After(t) {
			// Beyond the years that the tz database lists, ZoneBounds gives every year 365
			// days: on the last of a leap year (2040 is the first) the end is in the past.
			end = t.Add(time.Hour)
		}
		if end.IsZero() || begins.Before(end) {
			return begins.In(zone)
		}
		t = end
	}
}

// ledgerHour is the first hour of UTC that begins at or after t: from there on
// rows of the ledger belong to a period that begins at t.
func ledgerHour(t time.Time) time.Time {
	hour := t.UTC().Truncate(time.Hour)
	if hour.Before(t) {
		hour = hour.Add(time.Hour)
	}
	return hour
}
