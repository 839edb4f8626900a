package journal

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/weirhq/weir/internal/event"
)

// segment is a file of the journal. All but the constant fields are guarded by
// the journal's lock.
type segment struct {
	number uint64
	prev   event.Position // where the one before ended
	seed   uint32
	size   int64 // what it was made for
	money  bool  // it was the reserve: it takes money and decisions only
	lost   bool  // its header cannot be read, so nothing of it can

	end    int64 // of its records
	closed bool  // nothing more will be written
	file   file  // nil after the keeper closed it
	synced int64 // end of what is durable
	broken error // of an fsync: nothing more may be written
	told   int64 // end of what was declared doubtful
}

func (s *segment) endAt() event.Position { return event.Position{Segment: s.number, Offset: s.end} }

const (
	segmentSuffix = ".segment"
	spareName     = "spare"
	reserveName   = "reserve"
)

// segmentName pads the number, so that names sort as numbers do.
func segmentName(number uint64) string { return fmt.Sprintf("%020d%s", number, segmentSuffix) }

func segmentNumber(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(digits) != 20 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}

// lastWritten is the end of the last segment that holds something: what the next
// one names as the one before. If there never was any, it is the beginning of the
// first: somebody may have been given that place. The lock is held.
func (j *Journal) lastWritten() event.Position {
	for i := len(j.segments) - 1; i >= 0; i-- {
		if s := j.segments[i]; s.end > firstFrame {
			return s.endAt()
		}
	}
	if j.before == (event.Position{}) && len(j.segments) > 0 {
		return j.segments[0].endAt()
	}
	return j.before
}
