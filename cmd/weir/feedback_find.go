package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/feedback"
	"github.com/weirhq/weir/internal/gateway"
	"github.com/weirhq/weir/internal/store"
)

// finder looks for the requests that feedback is about: among the recent ones, and
// then in the database, whose reads come back although it may be away or hang.
type finder struct {
	ring  *event.Ring
	store func() (store.Store, error)
	// behind is how old what is not in the database yet may be; 0: all is there.
	behind func() time.Duration
}

var errBehind = errors.New("the database is behind: the request may be on its way there")

// finding gives the finder of a server, nil where nothing is kept.
func (s *server) finding() gateway.Finder {
	if s.kept == nil {
		return nil
	}
	f := &finder{ring: s.ring, store: s.kept.reader}
	f.behind = func() time.Duration {
		w := s.kept.own.writer.Status()
		if w.Error != "" {
			return time.Since(w.Since) + w.Lag
		}
		return w.Lag
	}
	return f.find
}

func (f *finder) find(ctx context.Context, q gateway.Sought) (gateway.Origin, error) {
	if e := f.recent(q); e != nil {
		return originOf(e), nil
	}
	st, err := f.store()
	if err != nil {
		return gateway.Origin{}, err
	}
	o, err := lookUp(ctx, st, q)
	if errors.Is(err, gateway.ErrNoRequest) && f.mayCome(q) {
		return gateway.Origin{}, errBehind
	}
	if err != nil {
		return gateway.Origin{}, err
	}
	return o, nil
}

// recent looks in memory. Of several with one id in their replies the last is meant.
func (f *finder) recent(q gateway.Sought) *event.Event {
	if q.BodyID == "" {
		e, _ := f.ring.Get(q.ID)
		return e
	}
	events, _, err := f.ring.Recent(event.Query{ID: q.BodyID, Key: q.Key})
	if err != nil {
		return nil
	}
	return ofReply(events, q)
}

func ofReply(events []*event.Event, q gateway.Sought) *event.Event {
	for _, e := range events {
		if e.BodyID == q.BodyID && e.Key == q.Key && e.Project == q.Project {
			return e
		}
	}
	return nil
}

func originOf(e *event.Event) gateway.Origin {
	return gateway.Origin{ID: e.ID, Time: e.Time, Project: e.Project, Key: e.Key}
}

// lookUp asks the database: for the event, else for what it counted for.
func lookUp(ctx context.Context, st store.Store, q gateway.Sought) (gateway.Origin, error) {
	if q.BodyID != "" {
		events, _, err := st.FindEvents(ctx, store.EventQuery{AnyID: q.BodyID, Project: q.Project, Key: q.Key})
		if err != nil {
			return gateway.Origin{}, fmt.Errorf("look for a reply's id: %w", err)
		}
		if e := ofReply(events, q); e != nil {
			return originOf(e), nil
		}
		return gateway.Origin{}, gateway.ErrNoRequest
	}
	e, err := st.Event(ctx, q.ID)
	if err == nil {
		return originOf(e), nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return gateway.Origin{}, fmt.Errorf("look for a request: %w", err)
	}
	exposures, err := st.Exposure(ctx, q.ID)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && len(exposures) == 0:
		return gateway.Origin{}, gateway.ErrNoRequest
	case err != nil:
		return gateway.Origin{}, fmt.Errorf("look for what a request counted for: %w", err)
	}
	return gateway.Origin{ID: q.ID, Time: exposures[0].Time, Bare: true}, nil
}

// longestAnswer is how long before its end a request may have begun, about.
const longestAnswer = 15 * time.Minute

// mayCome reports whether a request that is not in the database may be on its way
// there. One that is certainly older than what waits is not.
func (f *finder) mayCome(q gateway.Sought) bool {
	lag := f.behind()
	if lag < 2*time.Second {
		return false
	}
	at, known := feedback.IDTime(q.ID)
	return !known || time.Since(at) < lag+longestAnswer
}
