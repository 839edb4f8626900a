package meter

import (
	"fmt"
	"slices"
	"strings"
)

// Tags are marks that money is summed by: who or what a request is for. Each
// combination is a row of the ledger, which is kept for ever, so a request has
// few and they are short.
const (
	MaxTags     = 8
	maxTagName  = 32
	maxTagValue = 64

	// TagForm says how a tag is written.
	TagForm = "write NAME=VALUE with letters, digits and -_. in the name and -_.:/@+ too in the value, as in team=search"
)

// CheckTag says what is wrong with a tag, or nil.
func CheckTag(name, value string) error {
	switch {
	case name == "" || strings.ContainsFunc(name, func(r rune) bool { return !plainLetter(r) && !strings.ContainsRune("-_.", r) }):
		return fmt.Errorf("%q is no name of a tag", shortened(name))
	case len(name) > maxTagName:
		return fmt.Errorf("the name of the tag %q is longer than %d letters", shortened(name), maxTagName)
	case value == "" || strings.ContainsFunc(value, func(r rune) bool { return !plainLetter(r) && !strings.ContainsRune("-_.:/@+", r) }):
		return fmt.Errorf("%q is no value of a tag", shortened(value))
	case len(value) > maxTagValue:
		return fmt.Errorf("the value of the tag %s is longer than %d letters", name, maxTagValue)
	}
	return nil
}

func plainLetter(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

func shortened(s string) string {
	if len(s) > maxTagValue {
		return strings.ToValidUTF8(s[:maxTagValue], "") + "…"
	}
	return s
}

// ParseTags reads "a=1,b=2". A name that is given twice is a mistake: which of
// the two is meant cannot be known.
func ParseTags(text string) ([]string, error) {
	var tags []string
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if len(tags) == MaxTags {
			return nil, fmt.Errorf("there are more than %d tags", MaxTags)
		}
		name, value, _ := strings.Cut(part, "=")
		if err := CheckTag(name, value); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(tags, func(t string) bool { return sameName(t, part) }) {
			return nil, fmt.Errorf("the tag %s is given twice", name)
		}
		tags = append(tags, part)
	}
	slices.Sort(tags)
	return tags, nil
}

// JoinTags puts the tags of a request to those of its key, which win. Both are
// sorted, and so is what comes of them; of too many, the request's last go.
func JoinTags(own, given []string) []string {
	switch {
	case len(given) == 0:
		return own
	case len(own) == 0:
		return given
	}
	all := slices.Clone(own)
	for _, t := range given {
		if len(all) < MaxTags && !slices.ContainsFunc(own, func(o string) bool { return sameName(o, t) }) {
			all = append(all, t)
		}
	}
	slices.Sort(all)
	return all
}

// sameName reports whether two tags have one name.
func sameName(a, b string) bool {
	a, _, _ = strings.Cut(a, "=")
	b, _, _ = strings.Cut(b, "=")
	return a == b
}
