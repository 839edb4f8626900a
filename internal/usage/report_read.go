package usage

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// tops are the keys that a report tells money by. A variant's name says nothing
// without its route.
var tops = [][]string{{"route"}, {"route", "variant"}, {"model"}, {"key"}, {"tag"}}

// ReadReport makes the report of a week or a month.
func ReadReport(ctx context.Context, ledger Ledger, rollups Rollups, q ReportQuery, now time.Time) (*Report, error) {
	if q.Per != Week && q.Per != Month {
		return nil, fmt.Errorf("make a report by %q: reports are by week or by month", q.Per)
	}
	w := q.period(now)
	if !w.Start.Before(now) {
		return nil, fmt.Errorf("make the report of the %s from %s: it has not begun", q.Per, clock(w.Start))
	}
	upto := now
	if now.After(w.End) {
		upto = w.End
	}
	r := &Report{
		Per: q.Per, Zone: w.Start.Location().String(), Window: Window{w.Start, upto.In(w.Start.Location())}, Made: now.UTC(),
		Complete: !now.Before(w.End), Currency: "USD", Of: filtered(q.Filter), Budgets: []BudgetLine{}, Top: []Top{}, Outcomes: []Ending{}, Latency: []Speed{},
	}
	if err := r.readMoney(ctx, ledger, q, w, upto); err != nil {
		return nil, fmt.Errorf("make the report: %w", err)
	}
	if err := r.readRequests(ctx, rollups, q); err != nil {
		return nil, fmt.Errorf("make the report: %w", err)
	}
	return r, nil
}

// period is the one that is asked for, or the last whole one.
func (q *ReportQuery) period(now time.Time) Window {
	if !q.At.IsZero() {
		return q.Per.Window(q.At, q.Zone)
	}
	return q.Per.Window(q.Per.Window(now, q.Zone).Start.Add(-1), q.Zone)
}

// readMoney fills what comes from the ledger, which is read once.
func (r *Report) readMoney(ctx context.Context, ledger Ledger, q ReportQuery, w Window, upto time.Time) error {
	var p pass
	var told []*comparing
	for _, by := range append([][]string{nil}, tops...) {
		c := newComparing(by, q.Per, w, q.Filter, upto)
		p.add(c.want())
		told = append(told, c)
	}
	ahead := newSpending(q.Filter, w, w.Start.Location(), upto)
	if !r.Complete {
		p.add(ahead.want())
	}
	budgets, err := r.budgets(&p, q.Budgets, w, upto)
	if err != nil {
		return err
	}
	if err := p.read(ctx, ledger); err != nil {
		return err
	}
	r.fillTotal(told[0].comparison(), upto)
	if !r.Complete {
		r.Forecast = ahead.spend().path(w, w.Start.Location(), upto).projection()
	}
	r.fillTops(told[1:], q.Top)
	for _, b := range budgets {
		r.Budgets = append(r.Budgets, b.line())
	}
	return nil
}

// fillTotal fills what is said of everything together.
func (r *Report) fillTotal(whole *Comparison, upto time.Time) {
	r.Before, r.Total, r.Notes = whole.BeforeSoFar, whole.Total, whole.Notes
	if a, b := r.Window.End.Sub(r.Window.Start), r.Before.End.Sub(r.Before.Start); r.Complete && (a-b).Abs() > 2*time.Hour {
		r.Notes = append(r.Notes, fmt.Sprintf("this %s has %d days, the one before had %d: changes are of the whole amounts", r.Per, wholeDays(a), wholeDays(b)))
	}
	sums := r.Total.Now
	r.PerSecond = rate(sums.Requests, r.Window.seconds(upto))
	r.Estimated = share(float64(sums.Estimated), float64(sums.Cost))
	r.Unpriced = share(float64(sums.Unpriced), float64(sums.Requests))
}

// wholeDays rounds, since a day with a change of the clock has 23 or 25 hours.
func wholeDays(d time.Duration) int { return int((d + 12*time.Hour) / (24 * time.Hour)) }

func (r *Report) fillTops(told []*comparing, most int) {
	if most <= 0 {
		most = 10
	}
	for i, by := range tops {
		c := told[i].comparison()
		n := min(most, len(c.Rows))
		if len(c.Rows) == 0 || by[0] == "tag" && !slices.ContainsFunc(c.Rows, func(n Change) bool { return n.Keys["tag"] != "" }) {
			continue // no requests, or nobody sends tags
		}
		r.Top = append(r.Top, Top{By: by, Rows: c.Rows[:n], Left: len(c.Rows) - n, Overlap: c.Overlap})
	}
}

// readRequests fills what comes from the roll-ups.
func (r *Report) readRequests(ctx context.Context, rollups Rollups, q ReportQuery) error {
	filter := store.RollupQuery{Project: q.Filter.Project, Route: q.Filter.Route, Variant: q.Filter.Variant, Model: q.Filter.Model}
	if q.Filter.Key != "" || q.Filter.Tag != "" {
		r.Notes = append(r.Notes, "outcomes and latencies are those of all keys and tags: roll-ups do not tell them apart")
	}
	now, err := speeds(ctx, rollups, filter, r.Window)
	if err != nil {
		return err
	}
	before := newTally() // its times are not told
	err = eachRollup(ctx, rollups, filter, r.Before.minutes(), func(one *store.Rollup) error {
		before.count(one)
		return nil
	})
	if err != nil {
		return err
	}
	if len(now.steps) == 0 {
		r.Notes = append(r.Notes, "there are no roll-ups of this window: outcomes and latencies are not known")
		return nil
	}
	r.Outcomes = endings(now.all, before)
	r.Latency = now.list(r.Window)
	return nil
}

// byVariant adds up roll-ups of a window, all together and by route and variant.
type byVariant struct {
	all   *tally
	steps map[string]*tally
	names map[string][]string
}

func speeds(ctx context.Context, rollups Rollups, filter store.RollupQuery, w Window) (*byVariant, error) {
	b := &byVariant{all: newTally(), steps: map[string]*tally{}, names: map[string][]string{}}
	err := eachRollup(ctx, rollups, filter, w.minutes(), func(r *store.Rollup) error {
		at := r.Route + "\x00" + r.Variant
		if b.steps[at] == nil {
			b.steps[at], b.names[at] = newTally(), []string{r.Route, r.Variant}
		}
		return b.steps[at].add(r)
	})
	if err != nil {
		return nil, err
	}
	for _, one := range b.steps {
		if err := b.all.merge(one); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// minutes is the window in whole minutes.
func (w Window) minutes() Window {
	return Window{sinceEpoch(w.Start, time.Minute), sinceEpoch(w.End.Add(time.Minute-1), time.Minute)}
}

// list gives all together, then route by route.
func (b *byVariant) list(w Window) []Speed {
	speed := func(t *tally, keys map[string]string) Speed {
		p := t.point(w, w.End)
		return Speed{Keys: keys, Requests: p.Requests, ErrorShare: p.ErrorShare, Duration: p.Duration, TTFT: p.TTFT, TPOT: p.TPOT}
	}
	list := []Speed{speed(b.all, map[string]string{})}
	order := make([]string, 0, len(b.steps))
	for at := range b.steps {
		order = append(order, at)
	}
	slices.SortFunc(order, strings.Compare)
	for _, at := range order {
		list = append(list, speed(b.steps[at], named([]string{"route", "variant"}, b.names[at])))
	}
	return list
}

// endings gives how requests ended, the most frequent first.
func endings(now, before *tally) []Ending {
	list := []Ending{}
	for _, t := range []*tally{now, before} {
		for name := range t.outcomes {
			if slices.ContainsFunc(list, func(e Ending) bool { return e.Outcome == name }) {
				continue
			}
			list = append(list, Ending{
				Outcome: name, Requests: now.outcomes[name],
				Share:  share(float64(now.outcomes[name]), float64(now.sums.Requests)),
				Before: share(float64(before.outcomes[name]), float64(before.sums.Requests)),
			})
		}
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].Requests != list[j].Requests {
			return list[i].Requests > list[j].Requests
		}
		return list[i].Outcome < list[j].Outcome
	})
	return list
}
