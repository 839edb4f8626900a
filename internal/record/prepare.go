package record

import (
	"log/slog"
	"runtime"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/store"
)

// preparer makes batches for the store out of records. It is pure but for what it
// keeps in memory: bounds of how many unit rows there are and how many sets of
// tags an hour has, what experiments declare, and the last of each conversation.
type preparer struct {
	replica    string
	log        *slog.Logger
	all        []metric.Measure                                    // of every experiment
	measures   *measures                                           // the same
	measuresOf func(experiment string, epoch int) []metric.Measure // nil: none declares more
	declared   map[epochKey]*measures
	segmentsOf func(e *event.Event, experiment string) []string // nil: none
	units      *unitCap
	tags       *tagCap
	served     map[string]map[string]bool // by experiment: names of models that answered
	open       map[string]*event.Begin    // exchanges of applied batches that have not ended
	talks      map[talkKey]talk           // of applied batches
	lastEnd    time.Time                  // of them
}

func newPreparer(cfg Config) (*preparer, error) {
	m, err := newMeasures(cfg.Measures)
	if err != nil {
		return nil, err
	}
	return &preparer{
		replica: cfg.Replica, log: cfg.Log, all: cfg.Measures, measures: m, measuresOf: cfg.MeasuresOf, declared: map[epochKey]*measures{},
		segmentsOf: cfg.SegmentsOf, talks: map[talkKey]talk{},
		units: newUnitCap(cfg.Units, cfg.Now), tags: newTagCap(cfg.TagSets),
		open: map[string]*event.Begin{}, served: map[string]map[string]bool{},
	}, nil
}

// prepared is a batch and what has to be done once it is applied.
type prepared struct {
	batch  store.Batch
	tally  tally
	opened map[string]*event.Begin // under way at its end
	closed map[string]bool         // begun in an earlier batch
	talks  map[talkKey]talk        // the last of conversations, as far as this batch says
	rows   rows
}

// tally is what a batch adds to the counters. It is added when the batch has
// been applied: a batch may be prepared several times.
type tally struct {
	records, unknown, repeated, leftOut, tagsOther, unowned uint64
}

// rows are the sums of a batch, by key.
type rows struct {
	ledger   map[ledgerKey]*store.LedgerSums
	rollups  map[rollupKey]*rollup
	traffic  map[trafficKey]*traffic
	units    map[partKey]*unitSums
	days     map[dayKey]*daySums
	sketches map[sketchKey]*sketch
	asides   map[asideKey]int64
}

// prepare makes the batch of some records. It may be asked again for the same
// ones, as long as the batch was not applied, and gives the same batch.
func (p *preparer) prepare(from event.Position, items []event.Item) *prepared {
	d := p.begin(from, items[len(items)-1].Next)
	for _, item := range items {
		p.add(d, item.Record)
		runtime.Gosched() // live requests come first, where there are few cores
	}
	return p.finish(d)
}

// begin makes an empty batch.
func (p *preparer) begin(from, to event.Position) *prepared {
	return &prepared{
		batch:  store.Batch{Replica: p.replica, From: from, To: to},
		opened: map[string]*event.Begin{}, closed: map[string]bool{}, talks: map[talkKey]talk{},
		rows: rows{
			ledger: map[ledgerKey]*store.LedgerSums{}, rollups: map[rollupKey]*rollup{}, traffic: map[trafficKey]*traffic{},
			units: map[partKey]*unitSums{}, days: map[dayKey]*daySums{}, sketches: map[sketchKey]*sketch{}, asides: map[asideKey]int64{},
		},
	}
}

// add takes a record into the batch.
func (p *preparer) add(d *prepared, r event.Record) {
	d.tally.records++
	switch r := r.(type) {
	case *event.Event:
		p.addEvent(d, r)
	case *event.Begin:
		d.opened[r.ID] = r
	case *event.Entry:
		p.addEntry(d, r)
	case *event.Score:
		d.batch.Scores = append(d.batch.Scores, r)
	case *event.Decision:
		d.batch.Decisions = append(d.batch.Decisions, r)
	case *event.Body:
		d.batch.Bodies = append(d.batch.Bodies, r)
	default: // of a newer Weir, before a downgrade
		d.tally.unknown++
	}
}

// addEvent counts an event wherever it counts. One that stands for an exchange
// which an earlier process left behind counts only while that exchange is open:
// so it counts once, however often recovery itself was interrupted.
func (p *preparer) addEvent(d *prepared, e *event.Event) {
	wasOpen := p.close(d, e.ID)
	if leftBehind(e) && !wasOpen {
		d.tally.repeated++
		return
	}
	d.batch.Events = append(d.batch.Events, e)
	n := e.Entry()
	p.addMoney(d, n)
	if e.ShadowOf != "" {
		return // its money is real; of what users got it says nothing
	}
	d.rows.addRollup(e, moneyOf(n))
	d.rows.addTraffic(e)
	p.addTalk(d, e)
	for i := range e.Assignments {
		p.addAssignment(d, e, &e.Assignments[i])
		p.addAside(d, e, &e.Assignments[i])
	}
}

// addEntry books money that has no event: a correction, or an event that was shed.
func (p *preparer) addEntry(d *prepared, n *event.Entry) {
	p.close(d, n.ID)
	if n.Why == event.WhyEnded {
		return
	}
	d.batch.Entries = append(d.batch.Entries, n)
	p.addMoney(d, n)
	if n.Why == whyRequest {
		d.rows.addShed(n)
	}
}

// close ends an exchange and reports whether it was open.
func (p *preparer) close(d *prepared, id string) bool {
	if d.opened[id] != nil {
		delete(d.opened, id)
		return true
	}
	if p.open[id] == nil || d.closed[id] {
		return false
	}
	d.closed[id] = true
	d.batch.Closed = append(d.batch.Closed, id)
	return true
}

// applied takes note of a batch that is in the store.
func (p *preparer) applied(d *prepared) {
	for id := range d.closed {
		delete(p.open, id)
	}
	for id, b := range d.opened {
		p.open[id] = b
	}
	p.remember(d.talks)
}

// finish turns sums into rows. Rows are in order of their keys, so that two
// replicas that write at once lock rows in the same order.
func (p *preparer) finish(d *prepared) *prepared {
	b := &d.batch
	for _, begin := range d.opened {
		b.Opened = append(b.Opened, begin)
	}
	slices.SortFunc(b.Opened, func(a, c *event.Begin) int { return compare(a.ID, c.ID) })
	b.Ledger = d.rows.ledgerRows()
	b.Rollups = d.rows.rollupRows()
	b.Traffic = d.rows.trafficRows()
	b.Units = d.rows.unitRows()
	b.Days = append(d.rows.dayRows(), d.rows.asideRows()...)
	sortDays(b.Days)
	b.Sketches = d.rows.sketchRows()
	d.rows = rows{} // a batch that waits for the store need not keep them twice
	return d
}

// leftBehind reports whether the event was made of a Begin by recovery.
func leftBehind(e *event.Event) bool {
	return e.Outcome == event.Interrupted && e.Code == diedCode
}

// diedCode is the code of event.Begin.Interrupted, and of nothing else.
const diedCode = "weir_died"

// Reasons for which money moves, in the ledger.
const whyRequest = "request"

// hour, minute and day give the beginning of what a time lies in, UTC.
func hour(t time.Time) int64   { return floor(t, 3600) }
func minute(t time.Time) int64 { return floor(t, 60) }
func day(t time.Time) int64    { return floor(t, 86400) }

// floor rounds down, for times before 1970 too: clocks may say anything.
func floor(t time.Time, seconds int64) int64 {
	s := t.Unix()
	r := s % seconds
	if r < 0 {
		r += seconds
	}
	return s - r
}

func utc(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
