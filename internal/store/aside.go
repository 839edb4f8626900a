package store

import (
	"strings"
	"unicode"
)

// Day rows of an experiment also count what is no measure, under names that
// begin with a colon, which no measure's may.

// Names of such counts.
const (
	AsideNoUnit   = ":no_unit"  // requests without a unit: not assigned, not enrolled
	AsideOverride = ":override" // requests sent to a variant by hand: not enrolled
	// AsideSimulated are enrolled requests that a simulated model answered.
	AsideSimulated = ":simulated"
	asideServed    = ":served:"
)

// AsideServed names the count of answers of a model under the vendor's own name
// and fingerprint for it.
func AsideServed(model, fingerprint string) string {
	return asideServed + tame(model) + "\t" + tame(fingerprint)
}

// tame bounds a name that an upstream gave, and takes out what no engine stores
// as text.
func tame(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(name, "?"))
	if len(name) > maxServedName {
		name = strings.ToValidUTF8(name[:maxServedName], "")
	}
	return name
}

const maxServedName = 120 // bytes

// ServedBy reads what AsideServed wrote; ok is false for another name.
func ServedBy(name string) (model, fingerprint string, ok bool) {
	rest, ok := strings.CutPrefix(name, asideServed)
	model, fingerprint, _ = strings.Cut(rest, "\t")
	return model, fingerprint, ok
}
