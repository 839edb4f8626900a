package main

import (
	"context"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/admin"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/upstream"
)

var _ admin.State = (*server)(nil)

// Set is what is in force: of experiments that are plans, those that share units
// out now.
func (s *server) Set() *experiment.Set { return s.inForce.Load().set.Load() }

// Keys are those that are declared, nil without any.
func (s *server) Keys() *access.Keyring { return s.inForce.Load().keys }

// Pools are the models in force, by name.
func (s *server) Pools() map[string]*upstream.Pool { return s.inForce.Load().pools }

// Status is what runs.
func (s *server) Status() admin.Status {
	st := admin.Status{
		Version: versionText(), Started: s.began, Mode: s.mode, Source: s.source.path,
		Draining: s.gateway.Draining(), InFlight: s.gateway.InFlight(), LastReload: s.lastTry.Load(),
	}
	for _, l := range s.listeners() {
		st.Listeners = append(st.Listeners, admin.Listener{Name: l.name, Address: l.net.Addr().String(), TLS: l.tls})
	}
	return st
}

// adminReload lets the admin API ask for a reload; nil when there is no file.
func (s *server) adminReload() func(context.Context) admin.Reload {
	if s.source.path == "" {
		return nil
	}
	return func(context.Context) admin.Reload { return s.reload() }
}

// reload reads the definitions again. What is wrong leaves the last good ones in
// force and says so.
func (s *server) reload() admin.Reload {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	problems, err := s.reloadOnce()
	r := admin.Reload{At: time.Now(), Applied: err == nil && !problems.Failed(), Revision: s.revision(), Problems: problems, Err: err}
	s.lastTry.Store(&r)
	if !r.Applied {
		if err == nil {
			err = problems.Err()
		}
		s.weir.LoadFailed()
		s.log.Error("definitions refused, the last good ones stay in force", "source", s.source.name(), "error", err.Error())
		return r
	}
	s.log.Info("definitions in force", "source", s.source.name(), "revision", r.Revision, "warnings", len(problems.Warnings()))
	return r
}
