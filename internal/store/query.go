package store

import (
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// Matches reports whether e is wanted.
func (q *EventQuery) Matches(e *event.Event) bool {
	return is(q.Project, e.Project) && is(q.Route, e.Route) && is(q.Variant, e.Variant()) &&
		is(q.Outcome, e.Outcome.String()) && is(q.Key, e.Key) && is(q.Model, e.Model) &&
		(q.Tag == "" || slices.Contains(e.Tags, q.Tag)) && is(q.Unit, e.Unit) &&
		(q.AnyID == "" || q.AnyID == e.ID || q.AnyID == e.ClientID || q.AnyID == e.BodyID) &&
		within(e.Time, q.From, q.To)
}

// Size is how many events a page of the query holds.
func (q *EventQuery) Size() int { return PageSize(q.Limit, 50) }

// Matches reports whether the row is wanted.
func (q *LedgerQuery) Matches(r *LedgerRow) bool {
	return is(q.Project, r.Project) && is(q.Route, r.Route) && is(q.Variant, r.Variant) && is(q.Model, r.Model) &&
		is(q.Key, r.Key) && is(q.Why, r.Why) && (q.Tag == "" || hasTag(r.Tags, q.Tag)) && within(r.Hour, q.From, q.To)
}

// Matches reports whether a row of that time, project, route, variant and model
// is wanted.
func (q *RollupQuery) Matches(at time.Time, project, route, variant, model string) bool {
	return is(q.Project, project) && is(q.Route, route) && is(q.Variant, variant) && is(q.Model, model) && within(at, q.From, q.To)
}

// is reports whether have is what was asked for; nothing asked: anything is.
func is(asked, have string) bool { return asked == "" || asked == have }

func within(t, from, to time.Time) bool {
	return (from.IsZero() || !t.Before(from)) && (to.IsZero() || t.Before(to))
}

// hasTag finds a tag in "a=1,b=2".
func hasTag(tags, tag string) bool {
	for one := range strings.SplitSeq(tags, ",") {
		if one == tag {
			return true
		}
	}
	return false
}

// PageSize bounds what was asked for; usual is for 0.
func PageSize(asked, usual int) int {
	if asked <= 0 {
		return usual
	}
	return min(asked, event.MaxPage)
}
