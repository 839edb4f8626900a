package evidence

import (
	"cmp"
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/store"
)

// addServed adds a day of a model's answers.
func addServed(served map[string]*analysis.Served, r *store.DayRow, model, fingerprint string) {
	k := strings.Join([]string{r.Variant, model, fingerprint}, "\x00")
	s := served[k]
	if s == nil {
		s = &analysis.Served{Variant: r.Variant, Model: model, Fingerprint: fingerprint, First: r.Day, Last: r.Day}
		served[k] = s
	}
	if r.Day.Before(s.First) {
		s.First = r.Day
	}
	if r.Day.After(s.Last) {
		s.Last = r.Day
	}
	s.Requests += r.N
}

// listServed gives them by variant, and in the order in which they came.
func listServed(served map[string]*analysis.Served) []analysis.Served {
	list := make([]analysis.Served, 0, len(served))
	for _, s := range served {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b analysis.Served) int {
		return cmp.Or(strings.Compare(a.Variant, b.Variant), a.First.Compare(b.First), a.Last.Compare(b.Last),
			strings.Compare(a.Model, b.Model), strings.Compare(a.Fingerprint, b.Fingerprint))
	})
	return list
}
