package servers

import (
	"sync"
	"time"
)

// State is what is known of one server. It is never "fine" by default: without a
// reading it says why there is none.
type State struct {
	Model    string        `json:"model,omitempty"`
	Endpoint string        `json:"endpoint"`
	Source   string        `json:"source"`            // the page, without its query
	Kind     string        `json:"kind,omitempty"`    // "" until it is known
	Up       bool          `json:"up"`                // the last try succeeded
	ReadAt   time.Time     `json:"read_at,omitzero"`  // of the values below; zero: there are none
	Age      time.Duration `json:"age_ns,omitempty"`  // of the values
	Error    string        `json:"error,omitempty"`   // "cannot read: ..." of the last try
	Failures int           `json:"failures,omitzero"` // in a row
	Reading
}

// Reading is what one page said. What is nil it did not say.
type Reading struct {
	Running   *float64 `json:"running,omitempty"`            // requests being worked on
	Waiting   *float64 `json:"waiting,omitempty"`            // requests in its queue
	QueueWait *float64 `json:"queue_wait_seconds,omitempty"` // mean over those that left the queue between the last two readings
	KVUse     *float64 `json:"kv_use,omitempty"`             // 0 to 1; of several engines the fullest
	GPUs      []GPU    `json:"gpus,omitempty"`

	kind                    string
	queueSeconds, queueLeft *float64 // since the server's start
}

// GPU is one device. What is nil was not said.
type GPU struct {
	ID          string   `json:"id"`
	Name        string   `json:"name,omitempty"`
	Use         *float64 `json:"use,omitempty"` // 0 to 1
	MemoryUsed  *float64 `json:"memory_used_bytes,omitempty"`
	MemoryTotal *float64 `json:"memory_total_bytes,omitempty"`
}

// MemoryUse is the part of the memory that is used; false when it was not said.
func (g GPU) MemoryUse() (float64, bool) {
	if g.MemoryUsed == nil || g.MemoryTotal == nil || *g.MemoryTotal <= 0 {
		return 0, false
	}
	return *g.MemoryUsed / *g.MemoryTotal, true
}

// target is a page and what is known of it.
type target struct {
	def   Target
	shown string // its URL as it may be shown
	path  string // of its URL

	mu       sync.Mutex
	last     Reading
	readAt   time.Time
	err      error // of the last try
	failures int
}

// note keeps a reading, or why there was none; the values before stay then.
func (t *target) note(got Reading, err error, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err = err
	if err != nil {
		t.failures++
		return
	}
	got.QueueWait = meanWait(t.last, got)
	t.last, t.readAt, t.failures = got, now, 0
}

// meanWait is the mean wait of those who left the queue between two readings. It
// is not known after a restart of the server, nor when nobody left.
func meanWait(before, now Reading) *float64 {
	if before.queueSeconds == nil || before.queueLeft == nil || now.queueSeconds == nil || now.queueLeft == nil {
		return nil
	}
	seconds, left := *now.queueSeconds-*before.queueSeconds, *now.queueLeft-*before.queueLeft
	if left <= 0 || seconds < 0 {
		return nil
	}
	mean := seconds / left
	return &mean
}

func (t *target) state(now time.Time) State {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := State{
		Model: t.def.Model, Endpoint: t.def.Endpoint, Source: t.shown, Kind: t.def.Kind,
		Up: t.err == nil && !t.readAt.IsZero(), ReadAt: t.readAt, Failures: t.failures, Reading: t.last,
	}
	if s.Kind == "" {
		s.Kind = t.last.kind
	}
	switch {
	case t.err != nil:
		s.Error = "cannot read: " + t.err.Error()
	case t.readAt.IsZero():
		s.Error = "not read yet"
	}
	if !t.readAt.IsZero() {
		s.Age = max(now.Sub(t.readAt), 0)
	}
	return s
}
