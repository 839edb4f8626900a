package chaos

import "time"

// Toxic says how a Proxy spoils its connections. The zero Toxic spoils nothing.
// Fields combine.
type Toxic struct {
	Latency time.Duration // each piece, and the end, arrives so much later, each way

	ResetOnAccept bool // new connections are reset at once
	Reset         bool // reset both sides once ResetAt bytes of an answer went through
	ResetAt       int  // counted anew after each piece the client sends; empty: before the first byte

	Slice      int           // bytes a write, each way; empty: as they come
	SliceDelay time.Duration // pause between slices

	// Blackhole lets nothing through, either way: connections are accepted and then hang, as
	// live ones do. What was under way goes on when it is lifted. Only a client that gives up
	// is noticed; its connection is closed on both sides.
	Blackhole bool

	Bandwidth int // bytes a second, each way; empty: no limit. About 1 MiB is held back before the sender feels it
}

// writeSize is how much to write at once.
func (t Toxic) writeSize(n int) int {
	if t.Slice > 0 {
		n = min(n, t.Slice)
	}
	if t.Bandwidth > 0 {
		n = min(n, max(t.Bandwidth/50, 1)) // so that the flow is even to 20 ms
	}
	return n
}

// pauseAfter is how long to wait after a write of n bytes.
func (t Toxic) pauseAfter(n int) time.Duration {
	pause := time.Duration(0)
	if t.Slice > 0 {
		pause = t.SliceDelay
	}
	if t.Bandwidth > 0 {
		pause = max(pause, time.Duration(n)*time.Second/time.Duration(t.Bandwidth))
	}
	return pause
}
