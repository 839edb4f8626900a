package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// momentAbout says in help texts how a time is written.
const momentAbout = "2026-01-31, 2026-01-31T15:04, 2026-01-31T15:04:05Z, or back from now: 36h, 7d"

// longestSpan keeps sums of times far from overflow.
const longestSpan = 100 * 365 * 24 * time.Hour

// moment reads a time of a flag: with a zone, of the zone's own clock, or a span
// back from now. "" is no time.
func moment(flag, text string, zone *time.Location, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	for _, form := range []string{time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateTime} {
		if at, err := time.ParseInLocation(form, text, zone); err == nil {
			return at, nil
		}
	}
	if span, ok := span(text); ok {
		return now.Add(-span), nil
	}
	return time.Time{}, badFlag(flag, text, momentAbout)
}

// span reads a duration: Go's form, or whole days as in 7d.
func span(text string) (time.Duration, bool) {
	if days, found := strings.CutSuffix(text, "d"); found {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err == nil && n >= 0 && n <= int(longestSpan.Hours()/24)
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= 0 && d <= longestSpan
}

// badFlag says how the value of a flag is written.
func badFlag(flag, text, how string) error {
	return usage(fmt.Errorf("%s %s: write %s", flag, shown(text), how))
}

// zoneOf reads the name of a time zone; "" is UTC, in which money is kept.
func zoneOf(name string) (*time.Location, error) {
	switch name {
	case "":
		return time.UTC, nil
	case "Local": // no other machine knows it by that name
		return nil, badFlag("--tz", name, "a name of the IANA list, such as Europe/Vienna or UTC")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, badFlag("--tz", name, "a name of the IANA list, such as Europe/Vienna or UTC")
	}
	return zone, nil
}
