package chaos

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Parse reads a script written as words parted by semicolons, as in
// "status=503;retry-after=2". The words are those that Words lists. body= and
// text= take all that is left, semicolons too, so they come last. The empty
// text is the healthy server.
func Parse(text string) (Script, error) {
	var s Script
	seen := map[string]bool{}
	rest := text
	for {
		var name, value string
		var given bool
		name, value, given, rest = next(rest)
		if name == "" && !given && rest == "" {
			break
		}
		if name == "" && !given {
			continue
		}
		if err := s.apply(name, value, given, seen); err != nil {
			return Script{}, fmt.Errorf("parse script %q: %w", text, err)
		}
	}
	if err := s.check(); err != nil {
		return Script{}, fmt.Errorf("parse script %q: %w", text, err)
	}
	return s, nil
}

// MustParse is Parse for scripts that stand in the source; it panics on a mistake.
func MustParse(text string) Script {
	s, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return s
}

// Words lists the words of a script in a fixed order, each with the form of its value.
func Words() []string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = w.usage()
	}
	return list
}

// next takes the first word off a script.
func next(text string) (name, value string, given bool, rest string) {
	end := strings.IndexAny(text, ";=")
	if end < 0 {
		return strings.TrimSpace(text), "", false, ""
	}
	name = strings.TrimSpace(text[:end])
	if text[end] == ';' {
		return name, "", false, text[end+1:]
	}
	if w := find(name); w != nil && w.greedy {
		return name, text[end+1:], true, ""
	}
	value, rest, _ = strings.Cut(text[end+1:], ";")
	return name, strings.TrimSpace(value), true, rest
}

// apply carries one word out.
func (s *Script) apply(name, value string, given bool, seen map[string]bool) error {
	w := find(name)
	switch {
	case w == nil:
		return fmt.Errorf("unknown word %q; known are %s", name, strings.Join(Words(), ", "))
	case seen[name] && !w.many:
		return fmt.Errorf("%s is given twice", name)
	case w.form == "" && given:
		return fmt.Errorf("%s takes no value, got %q", name, value)
	case w.form != "" && !given && !w.optional:
		return fmt.Errorf("%s needs a value: %s", name, w.usage())
	}
	seen[name] = true
	if strings.ContainsFunc(value, unicode.IsControl) && !w.greedy {
		return fmt.Errorf("%s: control characters in %q", name, value)
	}
	if err := w.set(s, value); err != nil {
		return fmt.Errorf("%s: %w", w.usage(), err)
	}
	return nil
}

// check refuses what would be dropped without a word.
func (s Script) check() error {
	switch {
	case s.Stall.At.Of == Never && (s.Stall.For != 0 || s.Stall.Ping != 0):
		return errors.New("stall-for and pings need a place: add stall-after=FRAMES")
	case s.Stall.Ping != 0 && s.Stall.At.Of != Frames:
		return errors.New("pings need a stall between frames: use stall-after=FRAMES")
	case s.SliceDelay != 0 && s.Slice == 0:
		return errors.New("slice-delay needs slice=BYTES")
	}
	return nil
}

// find returns the word of that name, or nil.
func find(name string) *word {
	i := slices.IndexFunc(words, func(w word) bool { return w.name == name })
	if i < 0 {
		return nil
	}
	return &words[i]
}
