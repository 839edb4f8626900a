package chaos

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxSize bounds every count and size in a script (1 GiB): larger is a slip.
const maxSize = 1 << 30

// word is one word of a script: how it is read into the struct and shown again.
type word struct {
	name     string
	form     string // what the value looks like; empty: it takes none
	optional bool   // the value may be left out
	many     bool   // may be given more than once
	greedy   bool   // the value is all that is left of the script
	set      func(*Script, string) error
	show     func(*Script) []string // the values that say what is set; nil when nothing is
}

// usage returns the word with the form of its value.
func (w *word) usage() string {
	switch {
	case w.form == "":
		return w.name
	case w.optional:
		return w.name + "[=" + w.form + "]"
	}
	return w.name + "=" + w.form
}

// write returns the word with a value, ready to be read again.
func (w *word) write(value string) string {
	if w.form == "" {
		return w.name
	}
	return w.name + "=" + value
}

// greedy makes a word take all that is left.
func greedy(w word) word {
	w.greedy = true
	return w
}

// flag is a word without a value.
func flag(name string, field func(*Script) *bool) word {
	return word{name: name,
		set: func(s *Script, _ string) error { *field(s) = true; return nil },
		show: func(s *Script) []string {
			if !*field(s) {
				return nil
			}
			return []string{""}
		}}
}

// line is a word whose value is taken as it stands.
func line(name, form string, field func(*Script) *string) word {
	return word{name: name, form: form,
		set: func(s *Script, v string) error {
			if v == "" {
				return errors.New("the value is empty")
			}
			*field(s) = v
			return nil
		},
		show: func(s *Script) []string {
			if *field(s) == "" {
				return nil
			}
			return []string{*field(s)}
		}}
}

// number is a word with a whole number from lo to hi.
func number(name, form string, lo, hi int, field func(*Script) *int) word {
	return word{name: name, form: form,
		set: func(s *Script, v string) (err error) {
			*field(s), err = whole(v, lo, hi)
			return err
		},
		show: func(s *Script) []string { return unlessZero(*field(s)) }}
}

// size is a word with a number of bytes, as 5MiB.
func size(name string, field func(*Script) *int) word {
	return word{name: name, form: "SIZE",
		set: func(s *Script, v string) (err error) {
			*field(s), err = bytesOf(v)
			return err
		},
		show: func(s *Script) []string { return unlessZero(*field(s)) }}
}

// span is a word with a duration above zero.
func span(name string, field func(*Script) *time.Duration) word {
	return word{name: name, form: "DURATION",
		set: func(s *Script, v string) error {
			d, err := time.ParseDuration(v)
			if err != nil || d <= 0 {
				return fmt.Errorf("%q is no duration above zero, such as 200ms", v)
			}
			*field(s) = d
			return nil
		},
		show: func(s *Script) []string {
			if *field(s) == 0 {
				return nil
			}
			return []string{field(s).String()}
		}}
}

// whole reads a whole number from lo to hi.
func whole(v string, lo, hi int) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < lo || n > hi {
		return 0, fmt.Errorf("%q is no whole number from %d to %d", v, lo, hi)
	}
	return n, nil
}

// bytesOf reads a size: bytes, or with a unit.
func bytesOf(v string) (int, error) {
	digits := strings.TrimRight(v, "BKMGkmgib")
	units := map[string]int{"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}
	unit, known := units[strings.ToLower(v[len(digits):])]
	n, err := strconv.Atoi(digits)
	if !known || err != nil || n < 1 || n > maxSize/unit {
		return 0, fmt.Errorf("%q is no size from 1 to %d, such as 700, 64KiB or 5MiB", v, maxSize)
	}
	return n * unit, nil
}

// unlessZero shows a number that is set.
func unlessZero(n int) []string {
	if n == 0 {
		return nil
	}
	return []string{strconv.Itoa(n)}
}

// isToken says whether a text can be the name of a header.
func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}
