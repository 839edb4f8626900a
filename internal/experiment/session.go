package experiment

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// Session is what the cookie `llm-session` says: an id, which is the unit and
// the conversation of a browser that sends no better one, and the pin of that
// conversation.
type Session struct {
	ID     string
	Issued int64 // unix seconds; it does not move when the session is used or its pin changes
	Pin    *Pin  // nil: none
}

// SessionTTL is how long a session lasts unless a definition says otherwise.
const SessionTTL = time.Hour

// clockSkew is how far the clock of the replica that issued a session may be
// ahead of the one that reads it.
const clockSkew = time.Minute

// Reasons for not accepting a session besides damage and forgery.
var (
	ErrSessionExpired = errors.New("the session has expired")
	ErrSessionEarly   = errors.New("the session was issued in the future")
)

// NewSession begins a session at now with an id of 128 bits from random.
func NewSession(random io.Reader, now time.Time) (Session, error) {
	var id [16]byte
	if _, err := io.ReadFull(random, id[:]); err != nil {
		return Session{}, fmt.Errorf("draw session id: %w", err)
	}
	return Session{ID: base64.RawURLEncoding.EncodeToString(id[:]), Issued: now.Unix()}, nil
}

// Session is the value of the cookie. A pin whose names do not fit is left out;
// it is "" when the id is over 255 bytes, which NewSession's never is.
func (s *Signer) Session(v Session) string {
	claim, ok := appendText(nil, v.ID)
	if !ok {
		return ""
	}
	claim = binary.AppendVarint(claim, v.Issued)
	if v.Pin != nil {
		if pinned, ok := v.Pin.append(claim); ok {
			claim = pinned
		}
	}
	return s.seal("session", "", claim)
}

// OpenSession reads the cookie. A session lasts ttl from when it was issued and
// not from when it was last used, so that a unit's life does not depend on how
// often it asks.
func (s *Signer) OpenSession(value string, now time.Time, ttl time.Duration) (*Session, error) {
	claim, err := s.open("session", "", value)
	if err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	r := reader{rest: claim}
	v := &Session{ID: r.text(), Issued: r.int()}
	if len(r.rest) > 0 {
		v.Pin = r.pin()
	}
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	switch issued := time.Unix(v.Issued, 0); {
	case issued.After(now.Add(clockSkew)):
		return nil, fmt.Errorf("open session: %w", ErrSessionEarly)
	case !now.Before(issued.Add(ttl)):
		return nil, fmt.Errorf("open session: %w", ErrSessionExpired)
	}
	return v, nil
}
