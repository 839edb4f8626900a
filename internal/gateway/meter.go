package gateway

import (
	"time"

	"github.com/weirhq/weir/internal/chat"
)

// reading notes what passes: tokens, first token, finish. It belongs to the
// exchange. What it says of a round is put into the bill when the round ends.
type reading struct {
	round        chat.Usage // of this round: the last that was reported
	known        bool       // this round's usage was reported; zero is a value
	asked        bool       // a model was asked in this round, and may have used tokens
	said         said       // what it said in this round
	heard        *heard     // of the last attempt, for experiments; nil: nobody listens
	reportedAt   int64      // how much it had said when it last reported usage
	finish       string
	bodyID       string // the answer's own
	answeredAs   string // the model that the answer names; "" when it names none
	fingerprint  string // of the model that answered
	refusal      bool
	frames       int
	malformed    int
	firstVisible time.Time
	firstThought time.Time
	end          time.Time
}

// maxBodyID bounds the id of an answer that is kept, and maxFingerprint the
// fingerprint of its model.
const (
	maxBodyID      = 200
	maxFingerprint = 100
)

// nextRound begins another round, the one before being billed. What the reader
// sees first comes in the last round.
func (m *reading) nextRound() {
	m.attempt()
	m.finish, m.bodyID, m.answeredAs = "", "", ""
	m.firstVisible, m.firstThought = time.Time{}, time.Time{}
}

// attempt begins another attempt of the same round: what an attempt that failed
// had reported is not the next one's.
func (m *reading) attempt() {
	m.round, m.known, m.asked, m.reportedAt = chat.Usage{}, false, false, 0
	m.said.release()
}

func (m *reading) note(f *chat.Frame) {
	m.frames++
	if f.Said != nil || f.Many {
		m.listen(f)
	}
	if m.heard != nil {
		m.heard.hear(f)
	}
	if f.HasUsage {
		m.round, m.known, m.reportedAt = f.Usage, true, m.said.length
	}
	if f.Finish != "" && m.finish == "" {
		m.finish = f.Finish
	}
	if m.bodyID == "" && len(f.ID) > 0 && len(f.ID) <= maxBodyID {
		m.bodyID = string(f.ID)
	}
	if m.answeredAs == "" && len(f.Model) > 0 && len(f.Model) <= maxBodyID {
		m.answeredAs = string(f.Model)
	}
	if m.fingerprint == "" && len(f.Fingerprint) > 0 && len(f.Fingerprint) <= maxFingerprint {
		m.fingerprint = string(f.Fingerprint)
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
