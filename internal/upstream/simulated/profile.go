package simulated

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/fault"
)

// Profile declares how a simulated model behaves. Rates are shares of requests,
// from 0 to 1.
type Profile struct {
	Seed uint64

	FirstToken      time.Duration // median of the time to the first token
	FirstTokenSigma float64       // its spread: log-normal, standard deviation of the logarithm
	TokensPerSecond float64       // after the first
	Length          float64       // mean number of tokens of an answer
	LengthSigma     float64       // its spread, as above
	Speed           float64       // all times are divided by it: 10 is ten times as fast

	FailureRate  float64 // answers 500, after the time to the first token
	RejectRate   float64 // answers 400 at once
	TruncateRate float64 // breaks off in the middle
	TimeoutRate  float64 // never answers
	RefusalRate  float64 // of answers: politely declines

	Quality float64 // share of answers that end with "quality: good"
}

// Default is the profile of a model that declares nothing: a quick, reliable
// model of middling quality.
func Default() Profile {
	return Profile{
		Seed: 1, FirstToken: 150 * time.Millisecond, FirstTokenSigma: 0.3, TokensPerSecond: 80,
		Length: 40, LengthSigma: 0.4, Speed: 1, Quality: 0.85,
	}
}

// options are what a definition can say, each with where it goes.
var options = map[string]func(*Profile, any) error{
	"seed":              func(p *Profile, v any) error { return whole(v, &p.Seed) },
	"first_token":       func(p *Profile, v any) error { return duration(v, &p.FirstToken) },
	"first_token_sigma": func(p *Profile, v any) error { return number(v, &p.FirstTokenSigma) },
	"tokens_per_second": func(p *Profile, v any) error { return number(v, &p.TokensPerSecond) },
	"length":            func(p *Profile, v any) error { return number(v, &p.Length) },
	"length_sigma":      func(p *Profile, v any) error { return number(v, &p.LengthSigma) },
	"speed":             func(p *Profile, v any) error { return number(v, &p.Speed) },
	"failure_rate":      func(p *Profile, v any) error { return share(v, &p.FailureRate) },
	"reject_rate":       func(p *Profile, v any) error { return share(v, &p.RejectRate) },
	"truncate_rate":     func(p *Profile, v any) error { return share(v, &p.TruncateRate) },
	"timeout_rate":      func(p *Profile, v any) error { return share(v, &p.TimeoutRate) },
	"refusal_rate":      func(p *Profile, v any) error { return share(v, &p.RefusalRate) },
	"quality":           func(p *Profile, v any) error { return share(v, &p.Quality) },
}

// ParseProfile reads the options of a definition over the defaults.
func ParseProfile(given map[string]any) (Profile, error) {
	p := Default()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		set := options[name]
		if set == nil {
			return p, unknown(name)
		}
		if err := set(&p, given[name]); err != nil {
			return p, fmt.Errorf("option %s: %w", name, err)
		}
	}
	return p, p.check()
}

func unknown(name string) error {
	known := slices.Sorted(maps.Keys(options))
	if near := fault.Nearest(name, known); near != "" {
		return fmt.Errorf("unknown option %q of a simulated model: did you mean %q?", name, near)
	}
	return fmt.Errorf("unknown option %q of a simulated model: known are %s", name, strings.Join(known, ", "))
}

// check refuses what could not be simulated.
func (p *Profile) check() error {
	for _, s := range []struct {
		name      string
		v         float64
		low, high float64
	}{
		{"first_token", p.FirstToken.Seconds(), 0, 3600},
		{"first_token_sigma", p.FirstTokenSigma, 0, 3},
		{"tokens_per_second", p.TokensPerSecond, 0.01, 1e6},
		{"length", p.Length, 1, 100_000},
		{"length_sigma", p.LengthSigma, 0, 3},
		{"speed", p.Speed, 0.01, 1e6},
		{"failure_rate", p.FailureRate, 0, 1},
		{"reject_rate", p.RejectRate, 0, 1},
		{"truncate_rate", p.TruncateRate, 0, 1},
		{"timeout_rate", p.TimeoutRate, 0, 1},
		{"refusal_rate", p.RefusalRate, 0, 1},
		{"quality", p.Quality, 0, 1},
	} {
		if !(s.v >= s.low && s.v <= s.high) {
			return fmt.Errorf("option %s: %g is not between %g and %g", s.name, s.v, s.low, s.high)
		}
	}
	if sum := p.FailureRate + p.RejectRate + p.TruncateRate + p.TimeoutRate; sum > 1 {
		return fmt.Errorf("options failure_rate, reject_rate, truncate_rate and timeout_rate: their sum %g is more than all requests", sum)
	}
	return nil
}

// number takes the kinds of number that YAML and JSON readers give.
func number(v any, into *float64) error {
	switch n := v.(type) {
	case float64:
		*into = n
	case int:
		*into = float64(n)
	case int64:
		*into = float64(n)
	case uint64:
		*into = float64(n)
	default:
		return fmt.Errorf("%v is not a number", v)
	}
	if math.IsNaN(*into) || math.IsInf(*into, 0) {
		return fmt.Errorf("%v is not a number", v)
	}
	return nil
}

func whole(v any, into *uint64) error {
	if n, ok := v.(uint64); ok {
		*into = n
		return nil
	}
	var f float64
	if err := number(v, &f); err != nil || f < 0 || f != math.Trunc(f) || f > 1<<53 {
		return fmt.Errorf("%v is not a whole number from 0", v)
	}
	*into = uint64(f)
	return nil
}

// share takes a number, or a percentage as text.
func share(v any, into *float64) error {
	s, ok := v.(string)
	if !ok {
		return number(v, into)
	}
	digits, ok := strings.CutSuffix(strings.TrimSpace(s), "%")
	percent, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if !ok || err != nil {
		return fmt.Errorf("%q is neither a number like 0.05 nor a percentage like 5%%", s)
	}
	*into = percent / 100
	return nil
}

func duration(v any, into *time.Duration) error {
	switch d := v.(type) {
	case time.Duration:
		*into = d
		return nil
	case string:
		parsed, err := time.ParseDuration(d)
		if err != nil {
			return fmt.Errorf("%q is not a duration like 150ms", d)
		}
		*into = parsed
		return nil
	}
	return fmt.Errorf("%v is not a duration: write it with its unit, like 150ms", v)
}
