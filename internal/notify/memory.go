package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

// Memory is the twin: it keeps what was sent, as it would have arrived. The zero
// Memory is ready.
type Memory struct {
	mu   sync.Mutex
	sent []Message
	err  error
}

var _ Sender = (*Memory)(nil)

// Send keeps a message.
func (s *Memory) Send(ctx context.Context, m *Message) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("send message %q: %w", m.ID, err)
	}
	data, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode message %q: %w", m.ID, err)
	}
	var arrived Message
	if err := json.Unmarshal(data, &arrived); err != nil {
		return fmt.Errorf("decode message %q: %w", m.ID, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return fmt.Errorf("send message %q: %w", m.ID, s.err)
	}
	s.sent = append(s.sent, arrived)
	return nil
}

// Fail lets everything fail from now on; nil ends that.
func (s *Memory) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// Sent is what arrived so far.
func (s *Memory) Sent() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}
