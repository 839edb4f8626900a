package metric

import (
	"cmp"
	"slices"
	"strings"
)

// family is the rows that one file adds to the catalogue.
type family struct {
	metrics  []Metric
	measures []Measure
	// declared are measures that are kept only where a metric asks for them: what a
	// unit's row holds is paid for by each unit.
	declared []Measure
}

// families lists the files of this package.
func families() []family {
	return []family{
		failures(), timeouts(), cancels(), refusals(), truncations(), fallbacks(), rejections(),
		latencies(), firstTokens(), perTokens(), queues(),
		tokens(), costs(), caches(), words(), thumbs(), continuations(),
	}
}

// All gives the catalogue, by name.
func All() []Metric {
	var all []Metric
	for _, f := range families() {
		all = append(all, f.metrics...)
	}
	slices.SortFunc(all, func(a, b Metric) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Find gives the metric of that name. One that is a share slower than X needs its
// X before it can be read: see Metric.Slow.
func Find(name string) (Metric, bool) {
	for _, f := range families() {
		for _, m := range f.metrics {
			if m.Name == name {
				return m, true
			}
		}
	}
	return Metric{}, false
}

// Nearest gives the name in the catalogue that somebody may have meant, "" when
// none is like what they wrote.
func Nearest(name string) string {
	best, least := "", max(len(name)/3, 2)+1
	for _, m := range All() {
		if d := distance(strings.ToLower(name), m.Name); d < least {
			best, least = m.Name, d
		}
	}
	return best
}

// distance is how many letters have to be put in, taken out or changed.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// Standard gives the measures that are kept of every experiment, by name: those
// of the catalogue that cost a unit little, so that a question that nobody asked
// at the start can be answered at the end.
func Standard() []Measure {
	var all []Measure
	for _, f := range families() {
		all = append(all, f.measures...)
	}
	slices.SortFunc(all, byName)
	return all
}

// Measures gives the measures that some metrics are read from and that are not
// kept in any case, by name, each once. What is read from scores has none: scores
// are counted when they come.
func Measures(metrics []Metric) []Measure {
	var found []Measure
	for _, m := range metrics {
		if one, ok := declared(m.Measure); ok {
			found = append(found, one)
		}
	}
	slices.SortFunc(found, byName)
	return slices.CompactFunc(found, func(a, b Measure) bool { return a.Name == b.Name })
}

// declared finds the measure of that name among those that are not Standard.
func declared(name string) (Measure, bool) {
	for _, f := range families() {
		for _, m := range f.declared {
			if m.Name == name {
				return m, true
			}
		}
	}
	if base, x, ok := parseSlow(name); ok {
		_, m := SlowShare(base, x)
		return m, true
	}
	return Measure{}, false
}

func byName(a, b Measure) int { return cmp.Compare(a.Name, b.Name) }
