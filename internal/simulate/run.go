package simulate

import (
	"sync"
	"sync/atomic"

	"github.com/weirhq/weir/internal/stats"
)

// Rate is how often something happened, with the Monte Carlo error of the figure:
// Wilson's interval of 95 %.
type Rate struct {
	Hits  int     `json:"hits"`
	Runs  int     `json:"runs"`
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// rateOf counts; of no runs nothing is known, and all is zero.
func rateOf(hits, runs int) Rate {
	if runs == 0 {
		return Rate{}
	}
	p := stats.Proportion(int64(hits), int64(runs), 0.05)
	return Rate{hits, runs, p.Value, p.Wilson.Low, p.Wilson.High}
}

// Course is how many replicates had been stopped by a look.
type Course struct {
	Look     int  `json:"look"`
	Fixed    Rate `json:"fixed"`    // by the test that allows one look
	Sequence Rate `json:"sequence"` // by the confidence sequence
}

// Result is what came of all replicates. Without an effect a rejection is a false
// alarm; with one it is power.
type Result struct {
	Config   Config   `json:"config"`
	Requests float64  `json:"requests"`      // of a replicate, on average
	Top      float64  `json:"top_share"`     // of requests by the busiest 1 % of users, on average
	Warned   Rate     `json:"warned"`        // reports that say that few units dominate
	Design   float64  `json:"design_effect"` // variance of the difference by clusters over the naive one, on average
	Naive    Rate     `json:"naive"`         // rejections by Welch's test on requests
	Unit     Rate     `json:"unit"`          // rejections by the report's test
	Covers   Rate     `json:"covers"`        // its interval holds the truth
	P95      *Rate    `json:"p95,omitempty"` // rejections by the clustered 95th percentile
	P95Holds *Rate    `json:"p95_covers,omitempty"`
	Fixed    *Rate    `json:"peeking_fixed,omitempty"`    // stopped at some look by the test that allows one
	Sequence *Rate    `json:"peeking_sequence,omitempty"` // stopped at some look by the confidence sequence
	Always   *Rate    `json:"sequence_covers,omitempty"`  // the sequence held the truth at all looks together; not told under drift, where truth moves
	Course   []Course `json:"course,omitempty"`
	Harm     *Rate    `json:"harm,omitempty"`    // alarms of the clock of harm
	Unknown  int      `json:"unknown,omitempty"` // replicates whose data determine no p-value
}

// Run simulates. progress is called now and then, from one goroutine at a time,
// with how many replicates are done; nil: it is not. What c leaves open is Usual;
// what Check refuses is not run, and gives an empty result.
func Run(c Config, progress func(done, total int)) Result {
	c = c.Usual()
	if c.Check() != nil {
		return Result{Config: c}
	}
	all := make([]found, c.Runs)
	var next, done atomic.Int64
	var telling sync.Mutex
	var workers sync.WaitGroup
	for range min(c.Cores, c.Runs) {
		workers.Go(func() {
			w := newWorker(c)
			for i := int(next.Add(1)) - 1; i < c.Runs; i = int(next.Add(1)) - 1 {
				all[i] = w.replicate(i)
				done.Add(1)
				if progress != nil && telling.TryLock() {
					progress(int(done.Load()), c.Runs)
					telling.Unlock()
				}
			}
		})
	}
	workers.Wait()
	if progress != nil {
		progress(c.Runs, c.Runs)
	}
	return sum(c, all)
}

// sum adds replicates up, in their order.
func sum(c Config, all []found) Result {
	r := Result{Config: c}
	for i := range all {
		r.Requests += float64(all[i].requests) / float64(len(all))
		r.Top += all[i].top / float64(len(all))
		r.Design += all[i].inflation / float64(len(all))
	}
	r.Warned = share(all, always, func(f *found) bool { return f.warned })
	r.Naive = share(all, func(f *found) bool { return f.naive.known }, func(f *found) bool { return f.naive.rejects })
	unit := func(f *found) bool { return f.unit.known }
	r.Unit = share(all, unit, func(f *found) bool { return f.unit.rejects })
	if c.Drift == 0 || c.Effect == 0 || c.Metric != ErrorRate {
		r.Covers = share(all, unit, func(f *found) bool { return f.unit.covers })
	}
	r.Unknown = c.Runs - r.Unit.Runs
	if c.P95 {
		known := func(f *found) bool { return f.p95.known }
		r.P95 = some(share(all, known, func(f *found) bool { return f.p95.rejects }))
		r.P95Holds = some(share(all, known, func(f *found) bool { return f.p95.covers }))
	}
	if c.Looks != 0 {
		r.Fixed = some(share(all, always, func(f *found) bool { return f.fixed.stop > 0 }))
		r.Sequence = some(share(all, always, func(f *found) bool { return f.sequence.stop > 0 }))
		if c.Drift == 0 {
			r.Always = some(share(all, always, func(f *found) bool { return f.sequence.covers }))
		}
		r.Course = course(c, all)
	}
	if c.Harm {
		r.Harm = some(share(all, always, func(f *found) bool { return f.harm }))
	}
	return r
}

func some(r Rate) *Rate { return &r }

func always(*found) bool { return true }

func share(all []found, of, holds func(*found) bool) Rate {
	hits, runs := 0, 0
	for i := range all {
		if of(&all[i]) {
			runs++
			if holds(&all[i]) {
				hits++
			}
		}
	}
	return rateOf(hits, runs)
}

// mostCourse bounds how many looks of a course are told.
const mostCourse = 50

// course tells how stops add up with looks. Looks at every request have no course:
// replicates differ in how many there are.
func course(c Config, all []found) (list []Course) {
	if c.Looks == Continuous {
		return nil
	}
	stopped := func(by int, p func(*found) peek) Rate {
		return share(all, always, func(f *found) bool { s := p(f).stop; return s > 0 && s <= by })
	}
	last := 0
	for i := range min(c.Looks, mostCourse) {
		look := (i + 1) * c.Looks / min(c.Looks, mostCourse)
		if look == last {
			continue
		}
		last = look
		list = append(list, Course{look, stopped(look, func(f *found) peek { return f.fixed }), stopped(look, func(f *found) peek { return f.sequence })})
	}
	return list
}
