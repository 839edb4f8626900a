package definition

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// scalar is a value with a written form of its own. Parse sets it from what was
// written; form says how the schema and the reference page describe it.
type scalar interface {
	parse(written string, s shape) error
	form() form
}

// form describes how a scalar is written.
type form struct {
	word     string // "duration"
	pattern  string // of the text
	number   bool   // a bare number is accepted too
	examples []string
}

// mistake is what is wrong with a value and how to mend it. The decoder adds
// where it stands.
type mistake struct{ message, hint string }

func (m *mistake) Error() string { return m.message + "; " + m.hint }

func wrong(hint, format string, args ...any) error {
	return &mistake{fmt.Sprintf(format, args...), hint}
}

// Duration is a length of time: "500ms", "2m", "1h30m", "7d".
type Duration time.Duration

var durationPattern = regexp.MustCompile(`^(([0-9]+(\.[0-9]+)?)(ms|s|m|h|d))+$`)

func (*Duration) form() form {
	return form{word: "duration", pattern: durationPattern.String(), examples: []string{"500ms", "30s", "2m", "1h30m", "7d"}}
}

func (d *Duration) parse(written string, s shape) error {
	if s == number {
		return wrong(fmt.Sprintf("add a unit: %ss, %sm", written, written), "%s is no length of time", written)
	}
	if !durationPattern.MatchString(written) {
		return wrong("write 500ms, 30s, 2m, 1h30m or 7d", "%q is no length of time", written)
	}
	var sum time.Duration
	for _, part := range durationPart.FindAllStringSubmatch(written, -1) {
		length, err := partOf(part[1], part[2])
		if err != nil || sum+length < sum {
			return wrong("write a shorter one", "%q is too long", written)
		}
		sum += length
	}
	if sum <= 0 {
		return wrong("leave the line out to have the default", "must be longer than zero")
	}
	*d = Duration(sum)
	return nil
}

var durationPart = regexp.MustCompile(`([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)`)

// partOf reads "1.5", "h". The standard library has no days.
func partOf(amount, unit string) (time.Duration, error) {
	if unit != "d" {
		return time.ParseDuration(amount + unit)
	}
	days, err := strconv.ParseFloat(amount, 64)
	if err != nil || days > 36500 {
		return 0, strconv.ErrRange
	}
	return time.Duration(days * 24 * float64(time.Hour)), nil
}

// String gives the shortest written form: 5m, not 5m0s.
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText writes it as it is read.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// Size is a number of bytes: "64KiB", "32MiB", "10MB".
type Size int64

var (
	sizePattern = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ?(B|KB|MB|GB|KiB|MiB|GiB)$`)
	sizeUnits   = map[string]float64{"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
)

func (*Size) form() form {
	return form{word: "size", pattern: sizePattern.String(), examples: []string{"64KiB", "32MiB", "1GiB"}}
}

func (z *Size) parse(written string, s shape) error {
	if s == number {
		return wrong("add a unit: 64KiB, 32MiB", "%s is no size", written)
	}
	m := sizePattern.FindStringSubmatch(written)
	if m == nil {
		return wrong("write 64KiB, 32MiB or 1GiB", "%q is no size", written)
	}
	amount, err := strconv.ParseFloat(m[1], 64)
	bytes := amount * sizeUnits[m[2]]
	if err != nil || bytes < 1 || bytes > 1<<50 {
		return wrong("write a size between 1B and 1000000GiB", "%q is out of range", written)
	}
	*z = Size(bytes)
	return nil
}

// MarshalText writes it in the largest unit that keeps it whole.
func (z Size) MarshalText() ([]byte, error) {
	for _, unit := range []string{"GiB", "MiB", "KiB"} {
		if one := int64(sizeUnits[unit]); int64(z)%one == 0 {
			return fmt.Appendf(nil, "%d%s", int64(z)/one, unit), nil
		}
	}
	return fmt.Appendf(nil, "%dB", int64(z)), nil
}

// Share is a part of the whole, 0 to 1: "5%" or 0.05. As a weight it may be any
// number that is not negative.
type Share float64

var sharePattern = regexp.MustCompile(`^([0-9]+(\.[0-9]+)?)%$`)

func (*Share) form() form {
	return form{word: "share", pattern: sharePattern.String(), number: true, examples: []string{"5%", "0.05"}}
}

func (p *Share) parse(written string, s shape) error {
	digits, percent := strings.CutSuffix(written, "%")
	v, err := strconv.ParseFloat(digits, 64)
	switch {
	case err != nil || percent && !sharePattern.MatchString(written) || !percent && s != number:
		return wrong("write 5% or 0.05", "%q is no share", written)
	case v < 0 || v > 1e9 || v != v:
		return wrong("write 5% or 0.05", "%s is out of range", written)
	case percent:
		// Through a fraction: 7% is the float nearest to 0.07, as 0.07 is.
		r, _ := new(big.Rat).SetString(digits)
		v, _ = r.Quo(r, big.NewRat(100, 1)).Float64()
	}
	*p = Share(v)
	return nil
}

// Moment is an instant: a date, which begins at midnight UTC, or RFC 3339.
type Moment time.Time

func (*Moment) form() form {
	return form{word: "date", examples: []string{"2027-01-01", "2027-01-01T12:00:00Z"},
		pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt].+)?$`}
}

func (m *Moment) parse(written string, _ shape) error {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, written); err == nil {
			*m = Moment(t.UTC())
			return nil
		}
	}
	return wrong("write 2027-01-01 or 2027-01-01T12:00:00Z", "%q is no date", written)
}

// MarshalText writes it in full.
func (m Moment) MarshalText() ([]byte, error) { return time.Time(m).MarshalText() }

// IsZero reports whether none was given.
func (m Moment) IsZero() bool { return time.Time(m).IsZero() }
