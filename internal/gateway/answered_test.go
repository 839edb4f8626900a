package gateway

import (
	"testing"

	"github.com/weirhq/weir/internal/chat"
)

// The event tells which model says that it answered; a vendor that changes it
// unannounced is seen so. One that was left for another does not count.
func TestTheAnswersOwnModelIsNoted(t *testing.T) {
	var m reading
	m.note(&chat.Frame{Kind: chat.Event, Model: []byte("gpt-4o-2024-08-06")})
	m.note(&chat.Frame{Kind: chat.Event, Model: []byte("another")})
	if m.answeredAs != "gpt-4o-2024-08-06" {
		t.Errorf("noted %q", m.answeredAs)
	}
	m = reading{}
	m.note(&chat.Frame{Kind: chat.Event, Model: make([]byte, maxBodyID+1)})
	if m.answeredAs != "" {
		t.Error("a name without bounds was kept")
	}
}
