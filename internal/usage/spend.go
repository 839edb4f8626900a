package usage

import (
	"math"
	"time"

	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
)

// spend is what was spent in a period so far, and on the days before.
type spend struct {
	sums  store.LedgerSums
	hours []hourCost // of the period, in order of time
	daily []float64  // micro-dollars of whole days before today, oldest first
}

type hourCost struct {
	hour time.Time
	cost meter.Micro
}

// spending is a spend while it is added up.
type spending struct {
	filter        store.LedgerQuery
	period        Window
	zone          *time.Location
	now           time.Time
	oldest, today time.Time // the days of history: from, and up to
	sums          store.LedgerSums
	byHour        map[int64]meter.Micro
}

// newSpending takes the period up to now and a quarter before today. The first day
// with a row in the ledger was probably not a whole one and does not count as
// history; nor does today.
func newSpending(filter store.LedgerQuery, period Window, zone *time.Location, now time.Time) *spending {
	s := &spending{filter: filter, period: period, zone: zone, now: now, today: Day.Window(now, zone).Start, byHour: map[int64]meter.Micro{}}
	y, m, d := s.today.Date()
	s.oldest = midnight(y, m, d-historyDays, zone)
	return s
}

func (s *spending) want() *want {
	from := s.oldest
	if s.period.Start.Before(from) {
		from = s.period.Start
	}
	return &want{filter: s.filter, hours: Window{from, s.now}, take: func(r *store.LedgerRow, _ *known) {
		hour := r.Hour.Unix()
		s.byHour[hour] = meter.Plus(s.byHour[hour], r.Cost)
		if s.period.Holds(r.Hour) {
			s.sums.Add(r.LedgerSums)
		}
	}}
}

// spend is what was added up.
func (s *spending) spend() *spend {
	return &spend{sums: s.sums, hours: hoursOf(s.byHour, s.period, s.now), daily: daysOf(s.byHour, s.oldest, s.today)}
}

// hoursOf gives the hours of a period up to now that cost something, in order.
func hoursOf(byHour map[int64]meter.Micro, w Window, now time.Time) (list []hourCost) {
	for h := ledgerHour(w.Start); h.Before(w.End) && h.Before(now); h = h.Add(time.Hour) {
		if cost := byHour[h.Unix()]; cost != 0 {
			list = append(list, hourCost{h, cost})
		}
	}
	return list
}

// daysOf gives the whole days from the oldest to today, without those before the
// first that has a row, and without that one unless there may be others before.
func daysOf(byHour map[int64]meter.Micro, oldest, today time.Time) (list []float64) {
	begun := false
	for w := Day.Window(oldest, oldest.Location()); w.Start.Before(today); w = Day.after(w) {
		sum, any := 0.0, false
		for h := ledgerHour(w.Start); h.Before(w.End); h = h.Add(time.Hour) {
			cost, ok := byHour[h.Unix()]
			sum, any = sum+float64(cost), any || ok
		}
		if begun || any && w.Start.Equal(oldest) {
			list = append(list, sum)
		}
		begun = begun || any
	}
	return list
}

// path is how spending is forecast to go on from now to a period's end.
type path struct {
	spent    meter.Micro
	forecast stats.Forecast
	stretch  float64 // days ahead; the rest of today is a part of one
	parts    []part
}

// part is a day ahead, or the rest of today, with what it is forecast to cost.
type part struct {
	Window
	cost float64
}

// path forecasts from now to the end of the period. Today's remaining hours cost
// their share of today's forecast, as if money were spent evenly through a day.
// It is nil when the period is over, or there is no whole day to go by.
func (s *spend) path(period Window, zone *time.Location, now time.Time) *path {
	var days []Window
	for w := Day.Window(now, zone); w.Start.Before(period.End); w = Day.after(w) {
		days = append(days, w)
	}
	if len(s.daily) == 0 || len(days) == 0 || !now.Before(period.End) {
		return nil
	}
	f, err := stats.SeasonalNaive(s.daily, len(days))
	if err != nil {
		return nil // no other cause is left than an empty past
	}
	p := &path{spent: s.sums.Cost, forecast: f}
	for i, w := range days {
		share := 1.0
		if w.Holds(now) {
			share = w.End.Sub(now).Seconds() / w.End.Sub(w.Start).Seconds()
			w.Start = now
		}
		p.stretch += share
		p.parts = append(p.parts, part{w, share * f.Days[i].Mean})
	}
	return p
}

// projection is the sum at the end. The interval of whole days is narrowed by the
// part of today that has passed. What is spent stays spent: it goes no lower.
func (p *path) projection() *Projection {
	if p == nil {
		return nil
	}
	end := float64(p.spent)
	for _, d := range p.parts {
		end += d.cost
	}
	half := (p.forecast.Total.High - p.forecast.Total.Mean) * p.stretch / float64(len(p.parts))
	return &Projection{
		End: micro(end), Low: max(micro(end-half), min(p.spent, micro(end))), High: micro(end + half),
		Bounded: p.forecast.Total.Bounded, Level: p.forecast.Level, Method: p.forecast.Method,
		Backtest: p.forecast.Backtest, Doubts: p.forecast.Doubts,
	}
}

// micro rounds; what is beyond counting is the end of the range, as meter.Plus has it.
func micro(f float64) meter.Micro {
	switch {
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return meter.Micro(math.Round(f))
}

// mark says when a share of the amount was reached, or will be.
func (s *spend) mark(share float64, amount meter.Micro, p *path, zone *time.Location) Mark {
	m := Mark{Share: share}
	goal := micro(share * float64(amount))
	m.Reached = s.sums.Cost >= goal
	sum := meter.Micro(0)
	for _, h := range s.hours {
		if sum = meter.Plus(sum, h.cost); m.Reached && sum >= goal {
			at := h.hour.In(zone)
			m.At = &at
			return m
		}
	}
	if m.Reached || p == nil {
		return m
	}
	missing := float64(goal - s.sums.Cost)
	for _, d := range p.parts {
		if d.cost >= missing && d.cost > 0 {
			at := d.Start.Add(time.Duration(missing / d.cost * float64(d.End.Sub(d.Start)))).Truncate(time.Hour).In(zone)
			m.At = &at
			return m
		}
		missing -= d.cost
	}
	return m
}
