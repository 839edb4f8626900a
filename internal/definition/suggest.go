package definition

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/fault"
)

// nearest is the known name that was probably meant, or "" when none is near
// enough to be a slip of the hand.
func nearest(written string, known []string) string {
	if len(written) < 2 {
		return ""
	}
	// A plural where the name is singular, or the reverse, is a slip of its own.
	for _, form := range []string{written, strings.TrimSuffix(written, "s"), written + "s"} {
		if near := fault.Nearest(form, known); len(near) > 1 {
			return near
		}
	}
	return ""
}

// didYouMean offers the nearest name, if there is one.
func didYouMean(written string, known []string) string {
	if near := nearest(written, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

// nearOrAll is didYouMean, falling back on the list of what there is.
func nearOrAll(written string, known []string) string {
	if hint := didYouMean(written, known); hint != "" {
		return hint
	}
	return listed(known)
}

// listed says what names there are: a reader who is far off needs the choice.
func listed(known []string) string {
	const shown = 12
	switch {
	case len(known) == 0:
		return "none are defined"
	case len(known) > shown:
		return fmt.Sprintf("known are %s and %d more", strings.Join(known[:shown], ", "), len(known)-shown)
	case len(known) == 1:
		return "the only one is " + known[0]
	}
	return "known are " + strings.Join(known, ", ")
}

// names returns the keys of a map, in order.
func names[V any](m map[string]V) []string {
	list := make([]string, 0, len(m))
	for name := range m {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}
