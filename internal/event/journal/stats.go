package journal

import (
	"strconv"

	"github.com/weirhq/weir/internal/event"
)

// Kinds is the length of counters by kind: the index is an event.Kind.
const Kinds = int(event.KindBody) + 1

// Stats is what a journal counts about itself, since it was opened.
type Stats struct {
	Recorded [Kinds]uint64 // records that were taken
	Shed     [Kinds]uint64 // records that were not kept; of an event its money was
	Written  uint64        // records that reached the file or memory
	Synced   uint64        // of these, known to be durable
	AtRisk   uint64        // waited-for records that were let go before they were written

	InMemory   int64  // requests whose money is in memory only, now
	Held       int    // decisions and scores in memory only, now
	Folded     uint64 // entries that lost their names because there were too many
	AfterClose uint64 // records that came after Close

	Backlog  int64 // bytes that are not released
	Limit    int64 // most of them
	Level    int64 // how full it is, in per mille, see level.go
	Segments int
	Short    bool // there is no room on the disk
	Reserve  bool // the reserve is there, unused

	WriteErrors  uint64
	SyncErrors   uint64
	Doubtful     int64  // bytes written whose fsync failed
	Damaged      uint64 // stretches that hold no readable record
	DamagedBytes int64
	Torn         int64  // bytes of an unfinished write at the end, cut off at the start
	Unknown      uint64 // records of kinds or forms that this version cannot read
	Missing      uint64 // segments that should be there
	LastError    string
}

// Stats gives the counts of this moment.
func (j *Journal) Stats() Stats {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.stats
	s.Written = j.written
	s.InMemory, s.Held = j.sums.requests, j.sums.records
	s.Backlog, s.Limit, s.Level = j.backlog, j.cfg.Limit, j.level.Load()
	s.Segments, s.Short = len(j.segments), j.room.short
	return s
}

var kindNames = [Kinds]string{
	event.KindBegin: "begin", event.KindEvent: "event", event.KindScore: "score",
	event.KindDecision: "decision", event.KindEntry: "entry", event.KindBody: "body",
}

// KindName is the word for a kind, as it is used in telemetry.
func KindName(k event.Kind) string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return "kind_" + strconv.Itoa(int(k))
}
