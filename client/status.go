package client

import (
	"context"
	"time"
)

// Status is what runs.
type Status struct {
	Version    string      `json:"version"`
	Started    time.Time   `json:"started"`
	Mode       string      `json:"mode"`   // where the definitions come from: "file", "environment", "demo"
	Source     string      `json:"source"` // the file or folder
	Draining   bool        `json:"draining"`
	InFlight   int64       `json:"in_flight"`
	Listeners  []Listener  `json:"listeners"`
	Revision   string      `json:"revision"` // of the definitions in force
	Uptime     float64     `json:"uptime_seconds"`
	Goroutines int         `json:"goroutines"`
	Go         string      `json:"go"`
	Keys       bool        `json:"keys"` // whether keys are declared
	Events     EventCounts `json:"events"`
	LastReload *Reload     `json:"last_reload"` // nil until the definitions were read again
}

// Listener is an address that is listened on.
type Listener struct {
	Name    string `json:"name"` // "data", "admin", "telemetry"
	Address string `json:"address"`
	TLS     bool   `json:"tls"`
}

// EventCounts is what Weir counts about its memory of recent events.
type EventCounts struct {
	Recorded  uint64 `json:"recorded"` // since the start
	Held      int    `json:"held"`
	Size      int    `json:"size"`      // most that can be held
	Followers int    `json:"followers"` // open streams
	Dropped   uint64 `json:"dropped"`   // lost to streams that were read too slowly
}

// Status says what runs, since when, and how the last reload went.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var s Status
	err := c.get(ctx, "/api/v1/status", nil, &s)
	return s, err
}

// Reload is what came of reading the definitions again.
type Reload struct {
	At       time.Time `json:"at"`
	Applied  bool      `json:"applied"`  // if not, the last good definitions are in force
	Revision string    `json:"revision"` // in force now
	Error    string    `json:"error"`    // why it was not applied
	Problems []Problem `json:"problems"` // what is wrong, or doubtful
}

// Reload asks for the definitions to be read again. When they cannot be applied
// the error is an *Error with the problems, and the last good ones stay in force.
func (c *Client) Reload(ctx context.Context) (Reload, error) {
	var r Reload
	err := c.post(ctx, "/api/v1/reload", struct{}{}, &r, reloadWithin)
	return r, err
}
