package journal

import (
	"fmt"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
)

// sums is what is kept in memory while there is no room on disk: money, added up,
// and the few records that must not be lost, as they are. It is bounded. The
// journal's lock guards it.
type sums struct {
	rows     map[sumKey]*event.Entry
	requests int64 // in rows
	cost     meter.Micro
	held     []byte // frames
	records  int    // in held
	ended    []byte // frames of entries without money: which exchanges rows has the money of
}

const (
	// mostRows is how many rows there may be. Beyond it money is added up by the hour
	// and basis only.
	mostRows = 10_000
	// mostHeld is how many bytes of records may be held. It is far more decisions than
	// are made in a day.
	mostHeld = 1 << 20
	// mostEnded is how many bytes there may be of exchanges that ended: ten thousand of
	// them. Only those matter that began before there was no room.
	mostEnded = 1 << 20
)

// sumKey is what an entry is added up by.
type sumKey struct {
	project, route, variant, model, key, tags string
	why, source, basis                        string
	hour                                      int64
}

func keyOf(n *event.Entry) sumKey {
	return sumKey{
		project: n.Project, route: n.Route, variant: n.Variant, model: n.Model, key: n.Key, tags: strings.Join(n.Tags, ","),
		why: n.Why, source: string(n.Source), basis: string(n.Basis), hour: n.Time.Truncate(time.Hour).Unix(),
	}
}

// coarse is k without what callers can make many of.
func (k sumKey) coarse() sumKey {
	return sumKey{project: k.project, why: k.why, source: k.source, basis: k.basis, hour: k.hour}
}

// gather adds n up in memory.
func (j *Journal) gather(n *event.Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stats.AtRisk += uint64(max(n.Requests, 0))
	j.gatherLocked(n)
}

func (j *Journal) gatherLocked(n *event.Entry) {
	if j.closing && j.room.done {
		j.stats.AfterClose++
		return
	}
	if folded := j.sums.add(n); folded {
		j.stats.Folded++
	}
}

// add says whether n lost its names.
func (s *sums) add(n *event.Entry) (folded bool) {
	k := keyOf(n)
	row := s.rows[k]
	if row == nil && len(s.rows) >= mostRows {
		folded, k = true, k.coarse()
		row = s.rows[k]
	}
	if row == nil {
		row = &event.Entry{Project: k.project, Time: time.Unix(k.hour, 0).UTC(), Why: k.why, Route: k.route, Variant: k.variant,
			Model: k.model, Key: k.key, Source: n.Source, Basis: n.Basis}
		if !folded {
			row.Tags = n.Tags
		}
		if s.rows == nil {
			s.rows = map[sumKey]*event.Entry{}
		}
		s.rows[k] = row
	}
	row.Requests += n.Requests
	row.Errors += n.Errors
	row.Usage.Add(n.Usage)
	row.Cost = meter.Plus(row.Cost, n.Cost)
	s.requests += n.Requests
	s.cost = meter.Plus(s.cost, n.Cost)
	if n.ID != "" && len(s.ended) < mostEnded {
		s.ended = appendFrame(s.ended, &event.Entry{ID: n.ID, Project: n.Project, Time: n.Time, Why: event.WhyEnded})
	}
	return folded
}

// hold keeps the first of frames, if there is room.
func (s *sums) hold(frame []byte) bool {
	if len(s.held)+len(frame) > mostHeld {
		return false
	}
	s.held = append(s.held, frame...)
	s.records++
	return true
}

func (s *sums) empty() bool { return len(s.rows) == 0 && s.records == 0 }

// left tells what is in memory, "" when nothing is.
func (s *sums) left() string {
	if s.empty() {
		return ""
	}
	return fmt.Sprintf("%d micro-dollars of %d requests, and %d other records,", s.cost, s.requests, s.records)
}

// frames gives everything as frames and forgets it.
func (s *sums) frames() []byte {
	b := s.held
	for _, row := range s.rows {
		row.ID = event.NewID(time.Now())
		b = appendFrame(b, row)
	}
	b = append(b, s.ended...)
	*s = sums{}
	return b
}

// toMemory keeps of frames in memory what must be kept.
func (j *Journal) toMemory(frames []byte) {
	for ; len(frames) > 0; frames = frames[sizeOf(frames):] {
		switch k := kindOf(frames); k {
		case event.KindEvent:
			j.shed(k)
			if e := eventIn(frames); e != nil {
				j.gatherMoved(e.Entry())
			}
		case event.KindEntry:
			if n, ok := recordIn(frames).(*event.Entry); ok {
				j.gatherMoved(n)
			}
		case event.KindDecision, event.KindScore:
			j.hold(frames[:sizeOf(frames)])
		default:
			j.shed(k)
		}
	}
}

// gatherMoved adds up what was pending: whoever waits for it is counted as at risk
// with the group.
func (j *Journal) gatherMoved(n *event.Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.gatherLocked(n)
}

func (j *Journal) hold(frame []byte) {
	j.mu.Lock()
	held := j.sums.hold(frame)
	j.mu.Unlock()
	if !held {
		j.shed(kindOf(frame))
	}
}

// writeMemory writes what is in memory, when there is room for it again. A backlog
// at its limit leaves room for sums as large as the reserve.
func (j *Journal) writeMemory() {
	j.mu.Lock()
	if j.sums.empty() || j.room.short || j.backlog >= j.cfg.Limit+j.cfg.Reserve {
		j.mu.Unlock()
		return
	}
	frames := j.sums.frames()
	j.moving = true
	j.mu.Unlock()
	j.put(frames)
	j.mu.Lock()
	j.moving = false
	j.mu.Unlock()
}

// recordIn reads the first of frames, which this process made.
func recordIn(frames []byte) event.Record {
	r, err := event.ParseRecord(kindOf(frames), frames[frameSize:sizeOf(frames)])
	if err != nil {
		return nil
	}
	return r
}

func eventIn(frames []byte) *event.Event {
	e, _ := recordIn(frames).(*event.Event)
	return e
}
