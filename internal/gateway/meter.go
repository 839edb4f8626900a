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
	bodyID       string // the answer's own
	refusal      bool
	frames       int
	malformed    int
	firstVisible time.Time
	firstThought time.Time
	end          time.Time
}

// maxBodyID bounds the id of an answer that is kept.
const maxBodyID = 200

// usage is what all rounds consumed.
func (m *meter) usage() chat.Usage {
	u := m.total
	u.Add(m.round)
	return u
}

// nextRound begins another round: its usage is added, within a round the last holds.
// What the reader sees first comes in the last round.
func (m *meter) nextRound() {
	m.total.Add(m.round)
	m.round, m.finish, m.bodyID = chat.Usage{}, "", ""
	m.firstVisible, m.firstThought = time.Time{}, time.Time{}
}

func (m *meter) note(f *chat.Frame) {
	m.frames++
	if f.HasUsage {
		m.round, m.known = f.Usage, true
	}
	if f.Finish != "" && m.finish == "" {
		m.finish = f.Finish
	}
	if m.bodyID == "" && len(f.ID) > 0 && len(f.ID) <= maxBodyID {
		m.bodyID = string(f.ID)
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
