package gateway

import (
	"time"

	"github.com/weirhq/weir/internal/chat"
)

// meter notes what passes: tokens, first token, finish. It belongs to the
// exchange and sums over rounds.
type meter struct {
	total, round chat.Usage
	known        bool // some usage was read; zero is a value
	finish       string
	refusal      bool
	frames       int
	malformed    int
	firstVisible time.Time
	firstThought time.Time
	end          time.Time
}

// usage is what all rounds consumed.
func (m *meter) usage() chat.Usage {
	u := m.total
	u.Add(m.round)
	return u
}

// nextRound begins another round: its usage is added, within a round the last holds.
func (m *meter) nextRound() {
	m.total.Add(m.round)
	m.round, m.finish = chat.Usage{}, ""
}

func (m *meter) note(f *chat.Frame) {
	m.frames++
	if f.HasUsage {
		m.round, m.known = f.Usage, true
	}
	if f.Finish != "" && m.finish == "" {
		m.finish = f.Finish
	}
	if f.Refusal {
		m.refusal = true
	}
	if f.Kind == chat.Malformed {
		m.malformed++
	}
	if f.Visible && m.firstVisible.IsZero() {
		m.firstVisible = time.Now()
	}
	if f.Reasoning && m.firstThought.IsZero() {
		m.firstThought = time.Now()
	}
}

// watched passes on the frames of an upstream, and keeps meter and clock.
type watched struct {
	chat.Frames
	x *Exchange
}

func (w *watched) Next() (chat.Frame, error) {
	f, err := w.Frames.Next()
	if err == nil {
		if !w.Frames.Buffered() {
			w.x.clock.touch()
		}
		w.x.meter.note(&f)
	}
	return f, err
}
