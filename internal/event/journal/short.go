package journal

import (
	"errors"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// runShort goes on without room for segments: with the reserve, if it is there.
func (j *Journal) runShort(cause error) {
	j.room.cause, j.room.since = cause, time.Now()
	err := j.takeReserve()
	j.mu.Lock()
	j.room.short, j.room.reserve = true, err == nil
	j.stats.LastError = cause.Error()
	j.weigh()
	j.mu.Unlock()
	kept := "the reserve"
	if err != nil {
		kept = "memory"
	}
	j.cfg.Log.Error("journal: no room, only money and decisions are kept", "dir", j.cfg.Dir, "kept_in", kept, "cause", cause, "reserve_error", err)
}

var errNoReserve = errors.New("there is no reserve, or it is used up")

func (j *Journal) takeReserve() error {
	j.mu.Lock()
	had := j.stats.Reserve
	j.stats.Reserve = false
	j.mu.Unlock()
	if !had {
		return errNoReserve
	}
	f, _, err := j.adopt(reserveName, segmentName(j.room.next))
	if err != nil {
		return err
	}
	return j.begin(f, j.cfg.Reserve, true)
}

func (j *Journal) setReserve(has bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.room.reserve = has
	j.weigh()
}

// retry looks, once a second, whether there is room again.
func (j *Journal) retry() {
	if !j.room.short || j.roll() != nil {
		return
	}
	j.mu.Lock()
	j.room.short, j.room.reserve = false, false
	j.weigh()
	j.mu.Unlock()
	j.room.failed = 0
	j.cfg.Log.Info("journal: there is room again", "dir", j.cfg.Dir, "after", time.Since(j.room.since).Round(time.Millisecond), "cause", j.room.cause)
}

// moneyOf leaves of frames what the reserve is for: an event's entry in its place.
func (j *Journal) moneyOf(frames []byte) []byte {
	var kept []byte
	for ; len(frames) > 0; frames = frames[sizeOf(frames):] {
		switch k := kindOf(frames); k {
		case event.KindEvent:
			j.shed(k)
			if e := eventIn(frames); e != nil {
				kept = appendFrame(kept, e.Entry())
			}
		case event.KindBegin, event.KindBody:
			j.shed(k)
		default:
			kept = append(kept, frames[:sizeOf(frames)]...)
		}
	}
	return kept
}
