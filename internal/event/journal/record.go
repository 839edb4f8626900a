package journal

import (
	"sync"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// lazily is how long a record that nobody waits for may lie.
const lazily = time.Millisecond

// Record keeps r. For an event, an entry, a decision or a score it returns when write(2)
// has returned, or after Config.Wait, and then the record is counted as at risk.
// Other records are written within about a millisecond of their own accord.
func (j *Journal) Record(r event.Record) { j.record(r) }

// record says whether r was written when it returned, or need not have been.
func (j *Journal) record(r event.Record) bool {
	r, inMemory := j.admit(r)
	if r == nil {
		return !inMemory
	}
	b := buffers.Get().(*[]byte)
	*b = appendFrame((*b)[:0], r)
	ok := j.add(*b, r)
	if cap(*b) <= largestKept {
		buffers.Put(b)
	}
	return ok
}

// buffers hold the frames of callers: to encode outside the lock and copy within
// it costs less than to encode within.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// largestKept is the largest buffer that is used again.
const largestKept = 1 << 20

func (j *Journal) add(frame []byte, r event.Record) bool {
	if len(frame) > j.longest() {
		return j.addLong(r)
	}
	g, ok := j.append(frame, waitedFor(r.Kind()))
	if g == nil {
		return ok
	}
	<-g.done
	return !g.late
}

// longest is the longest frame that fits into a segment.
func (j *Journal) longest() int { return int(min(longest+frameSize, j.cfg.Segment-firstFrame)) }

// addLong keeps of a record that fits nowhere what must be kept: its money.
func (j *Journal) addLong(r event.Record) bool {
	switch r := r.(type) {
	case *event.Event:
		j.shed(event.KindEvent)
		j.gather(r.Entry())
		return false
	case *event.Entry:
		j.gather(r)
		return false
	}
	j.shed(r.Kind())
	return true
}

func waitedFor(k event.Kind) bool {
	return k == event.KindEvent || k == event.KindEntry || k == event.KindDecision || k == event.KindScore
}

// append adds a frame to what is pending, and gives the group to wait with, if
// any. It does not take it when the journal was closed.
func (j *Journal) append(frame []byte, wait bool) (g *group, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closing {
		j.stats.AfterClose++
		return nil, false
	}
	first := len(j.pending) == 0
	j.pending = append(j.pending, frame...)
	j.queued.Store(int64(len(j.pending)))
	j.appended++
	j.fresh++
	j.stats.Recorded[kindOf(frame)]++
	if !wait {
		if first {
			j.lazy.Reset(lazily)
		}
		return nil, true
	}
	j.wakeWriter()
	return j.join(), true
}

// wakeWriter is called with the lock held.
func (j *Journal) wakeWriter() {
	if j.waked {
		return
	}
	j.waked = true
	poke(j.wake)
}

// flushLazy is called by the timer of records that nobody waits for.
func (j *Journal) flushLazy() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.pending) > 0 {
		j.wakeWriter()
	}
}

// poke leaves word on a channel that holds one.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
