package admin

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
)

// Parameters that several calls read alike.
var (
	pageParams = []param{
		{name: "limit", kind: "integer", about: "at most so many, 1 to 1000; 50 when left out"},
		{name: "page_token", kind: "string", about: "next_page_token of the page before"},
	}
	windowParams = []param{
		{name: "from", kind: "string", about: "from this time on: RFC 3339, a day (2026-01-31), or a span back from now (36h, 7d)"},
		{name: "to", kind: "string", about: "to this time, which is not included; now when left out"},
		{name: "tz", kind: "string", about: "time zone of days and of what is answered, such as Europe/Vienna; UTC when left out"},
	}
)

func (c *call) query(name string) string { return c.r.URL.Query().Get(name) }

// flag reads a parameter that is true or false.
func (c *call) flag(name string) (bool, error) {
	switch text := c.query(name); text {
	case "", "false", "0":
		return false, nil
	case "true", "1":
		return true, nil
	default:
		return false, fault.New(fault.Invalid, "invalid_parameter", "%s %q is neither true nor false", name, short(text, 20)).At(name)
	}
}

// choice reads a parameter that is one of a few words; the first of them when it
// is left out.
func (c *call) choice(name string, words []string) (string, error) {
	text := c.query(name)
	if text == "" {
		return words[0], nil
	}
	if slices.Contains(words, text) {
		return text, nil
	}
	return "", fault.New(fault.Invalid, "invalid_parameter", "%s %q is none of %s", name, short(text, 50), strings.Join(words, ", ")).
		At(name).Mend("%s", suggest(text, words))
}

// number reads a whole number from least to most; def when it is left out.
func (c *call) number(name string, least, most, def int) (int, error) {
	text := c.query(name)
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, fault.New(fault.Invalid, "invalid_parameter", "%s %q is not a number from %d to %d", name, short(text, 20), least, most).At(name)
	}
	return n, nil
}

// limit is how many a page may hold.
func (c *call) limit() (int, error) { return c.number("limit", 1, event.MaxPage, defaultPage) }

// defaultPage is a page when nothing else is asked for.
const defaultPage = 50

// zone reads tz.
func (c *call) zone() (*time.Location, error) {
	text := c.query("tz")
	if text == "" {
		return time.UTC, nil
	}
	// Local would be the zone of this machine, which no caller knows; a path is no name.
	if zone, err := time.LoadLocation(text); err == nil && text != "Local" {
		return zone, nil
	}
	return nil, fault.New(fault.Invalid, "invalid_parameter", "there is no time zone %q", short(text, 50)).
		At("tz").Mend("write a name of the IANA list, such as Europe/Vienna or UTC")
}

// moment reads a time, a day in the zone, or a span back from now; zero when it
// is left out.
func (c *call) moment(name string, zone *time.Location) (time.Time, error) {
	text := c.query(name)
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, plausible(name, at)
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return day, plausible(name, day)
	}
	if span, ok := spanOf(text); ok {
		return c.server.cfg.Now().Add(-span), nil
	}
	return time.Time{}, fault.New(fault.Invalid, "invalid_parameter", "%s %q is neither a time nor a span", name, short(text, 50)).
		At(name).Mend("write 2026-01-31T12:00:00Z, 2026-01-31, 15m or 7d")
}

// plausible refuses times that cannot be meant. Year 1 is also the zero time, which
// stands for nothing given, and stores count nanoseconds, which end in 2262.
func plausible(name string, at time.Time) error {
	if year := at.UTC().Year(); year >= 1900 && year < 2200 {
		return nil
	}
	return fault.New(fault.Invalid, "invalid_parameter", "%s %s is no time that records have", name, at.UTC().Format(time.DateOnly)).
		At(name).Mend("give one from 1900 on, before 2200")
}

// longestSpan keeps sums of times far from overflow.
const longestSpan = 100 * 365 * 24 * time.Hour

// spanOf reads a span: Go's form, or whole days as in 7d.
func spanOf(text string) (time.Duration, bool) {
	if days, found := strings.CutSuffix(text, "d"); found {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err == nil && n >= 0 && n <= int(longestSpan.Hours()/24)
	}
	span, err := time.ParseDuration(text)
	return span, err == nil && span >= 0 && span <= longestSpan
}

// window reads from, to and tz. It is [from, to); without from it is the last span.
func (c *call) window(last time.Duration) (from, to time.Time, zone *time.Location, err error) {
	if zone, err = c.zone(); err != nil {
		return
	}
	if from, err = c.moment("from", zone); err != nil {
		return
	}
	if to, err = c.moment("to", zone); err != nil {
		return
	}
	if to.IsZero() {
		to = c.server.cfg.Now()
	}
	if from.IsZero() {
		from = to.Add(-last)
	}
	if !from.Before(to) {
		err = notBefore(from, to)
	}
	return from.In(zone), to.In(zone), zone, err
}

func notBefore(from, to time.Time) error {
	return fault.New(fault.Invalid, "invalid_parameter", "from (%s) is not before to (%s)", from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339)).At("from")
}
