// Package notify is the contract of whatever carries news out of Weir: a report
// that was made, a budget that is nearly spent. A message is small, is sent after
// the fact, and decides nothing: when it cannot be delivered the news is in the
// log and in the API all the same.
//
// It is not for records of requests: those go through event.Recorder.
package notify

import (
	"context"
	"time"
)

// Message is one piece of news.
type Message struct {
	// ID is the same for the same news, however often and by whichever process it is
	// sent, so that a receiver can drop a second copy.
	ID   string    `json:"id"`
	Kind string    `json:"kind"` // "report", "budget"
	Time time.Time `json:"time"` // when it was known
	Text string    `json:"text"` // for people; names in it come from callers and definitions
	Data any       `json:"data"` // for programs; anything that can be encoded as JSON
}

// Sender delivers messages. It may be used by many goroutines.
type Sender interface {
	// Send delivers a message and returns when that is certain, or certain not to
	// be: a driver tries again by itself where that may help, within bounds. The
	// error holds no secret, such as the address of a webhook is.
	Send(ctx context.Context, m *Message) error
}
