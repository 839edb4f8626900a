package record

import (
	"cmp"
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/store"
)

// ledgerKey names a row of the ledger.
type ledgerKey struct {
	hour                                           int64
	project, route, variant, model, key, tags, why string
}

// addMoney books an entry in its hour. An event and the entry that stands for it
// when it is shed come to the same row and the same sums.
func (p *preparer) addMoney(d *prepared, n *event.Entry) {
	k := ledgerKey{hour: hour(n.Time), project: n.Project, route: n.Route, variant: n.Variant, model: n.Model, key: n.Key, why: n.Why}
	var other bool
	if k.tags, other = p.tags.admit(k.hour, n.Tags); other {
		d.tally.tagsOther++
	}
	sums := d.rows.ledger[k]
	if sums == nil {
		sums = &store.LedgerSums{}
		d.rows.ledger[k] = sums
	}
	sums.Add(moneyOf(n))
}

// moneyOf is what an entry adds to sums of money.
func moneyOf(n *event.Entry) store.LedgerSums {
	s := store.LedgerSums{
		Requests: n.Requests, Errors: n.Errors,
		Input: n.Usage.Input, Cached: n.Usage.Cached, CacheWrite: n.Usage.CacheWrite,
		Output: n.Usage.Output, Reasoning: n.Usage.Reasoning, Cost: n.Cost,
	}
	switch n.Basis {
	case meter.Estimated:
		s.Estimated, s.Guessed = n.Cost, n.Requests
	case meter.Unpriced:
		s.Cost, s.Unpriced = 0, n.Requests
	}
	return s
}

func (r *rows) ledgerRows() []store.LedgerRow {
	list := make([]store.LedgerRow, 0, len(r.ledger))
	for k, sums := range r.ledger {
		list = append(list, store.LedgerRow{
			Hour: utc(k.hour), Project: k.project, Route: k.route, Variant: k.variant, Model: k.model, Key: k.key, Tags: k.tags, Why: k.why,
			LedgerSums: *sums,
		})
	}
	slices.SortFunc(list, func(a, b store.LedgerRow) int {
		return cmp.Or(a.Hour.Compare(b.Hour), compare(a.Project, b.Project, a.Route, b.Route, a.Variant, b.Variant,
			a.Model, b.Model, a.Key, b.Key, a.Tags, b.Tags, a.Why, b.Why))
	})
	return list
}

// compare compares pairs of words, the first that differs decides.
func compare(pairs ...string) int {
	for i := 0; i+1 < len(pairs); i += 2 {
		if c := strings.Compare(pairs[i], pairs[i+1]); c != 0 {
			return c
		}
	}
	return 0
}

// tagCap bounds how many different sets of tags an hour of the ledger has. Tags
// are chosen by callers and the ledger is kept for ever: without a bound one
// caller with a tag per request makes it grow without end. What is beyond is
// booked under one name, so that totals stay right.
type tagCap struct {
	most  int
	hours map[int64]map[string]string // sets as they are written, by hour
}

// tagsOther is the name of what is beyond. It has no "=", so it is nobody's tag.
const tagsOther = "other"

// keptHours is how many hours are watched at a time: records come nearly in order.
const keptHours = 4

func newTagCap(most int) *tagCap { return &tagCap{most: most, hours: map[int64]map[string]string{}} }

// admit gives the tags as the ledger has them, and whether they are beyond.
func (c *tagCap) admit(hour int64, tags []string) (kept string, other bool) {
	if len(tags) == 0 {
		return "", false
	}
	joined := strings.Join(tags, ",")
	sets := c.hours[hour]
	if sets == nil {
		sets = c.watch(hour)
	}
	if known, ok := sets[joined]; ok {
		return known, false
	}
	if len(sets) >= c.most {
		return tagsOther, true
	}
	joined = strings.Clone(joined) // of one tag, it is a part of the record
	sets[joined] = joined
	return joined, false
}

// watch begins an hour and forgets the oldest.
func (c *tagCap) watch(hour int64) map[string]string {
	if len(c.hours) >= keptHours {
		oldest := hour
		for h := range c.hours {
			oldest = min(oldest, h)
		}
		delete(c.hours, oldest)
	}
	sets := map[string]string{}
	c.hours[hour] = sets
	return sets
}
