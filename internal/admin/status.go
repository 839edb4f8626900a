package admin

import (
	"runtime"
	"time"
)

// Status is what runs. The owner of the process fills the first part; the
// second is filled by this package.
type Status struct {
	Version    string     `json:"version"`
	Started    time.Time  `json:"started"`
	Mode       string     `json:"mode" doc:"where the definitions come from: file, environment or demo"`
	Source     string     `json:"source,omitempty" doc:"the file or folder of the definitions"`
	Draining   bool       `json:"draining" doc:"shutting down: requests under way are finished, new ones are not accepted"`
	InFlight   int64      `json:"in_flight" doc:"requests under way on the data listener"`
	Listeners  []Listener `json:"listeners"`
	LastReload *Reload    `json:"-"`

	Revision   string      `json:"revision" doc:"of the definitions in force"`
	Uptime     float64     `json:"uptime_seconds"`
	Goroutines int         `json:"goroutines"`
	Go         string      `json:"go"`
	Keys       bool        `json:"keys" doc:"whether keys are declared; without them only callers on the same machine are served here"`
	Events     EventCounts `json:"events"`
	Reload     *ReloadView `json:"last_reload,omitempty" doc:"absent until the definitions were read again"`
}

// Listener is an address that is listened on.
type Listener struct {
	Name    string `json:"name" doc:"data, admin or telemetry"`
	Address string `json:"address"`
	TLS     bool   `json:"tls"`
}

// EventCounts is what the ring of recent events counts about itself.
type EventCounts struct {
	Recorded  uint64 `json:"recorded" doc:"since the start"`
	Held      int    `json:"held" doc:"in memory now"`
	Size      int    `json:"size" doc:"most that can be held"`
	Followers int    `json:"followers" doc:"open streams"`
	Dropped   uint64 `json:"dropped" doc:"lost to streams that were read too slowly"`
}

// Health says that the process answers, and no more.
type Health struct {
	Status string `json:"status" enum:"ok"`
}

func (c *call) health() (Health, error) { return Health{"ok"}, nil }

func (c *call) status() (Status, error) { return c.server.status(), nil }

func (s *Server) status() Status {
	st := s.cfg.State.Status()
	if set := s.cfg.State.Set(); set != nil {
		st.Revision = set.Revision
	}
	st.Uptime = s.cfg.Now().Sub(st.Started).Seconds()
	st.Goroutines = runtime.NumGoroutine()
	st.Go = runtime.Version()
	st.Keys = s.cfg.State.Keys() != nil
	st.Events = EventCounts(s.cfg.Events.Stats())
	if st.Listeners == nil {
		st.Listeners = []Listener{}
	}
	if st.LastReload != nil {
		v := st.LastReload.view()
		st.Reload = &v
	}
	return st
}
