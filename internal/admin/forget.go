package admin

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/store"
)

// ForgetRequest names a person, or what else is a unit.
type ForgetRequest struct {
	Kind   string `json:"kind" enum:"user,session,key"`
	ID     string `json:"id" doc:"as callers send it; it is kept nowhere"`
	Note   string `json:"note,omitempty" doc:"why: the number of a request, never the id"`
	DryRun bool   `json:"dry_run,omitempty" doc:"say whether there is anything, and erase nothing"`
}

// Forgotten is what was erased.
type Forgotten struct {
	DryRun    bool   `json:"dry_run"`
	Found     bool   `json:"found" doc:"there was something"`
	Events    int64  `json:"events"`
	Bodies    int64  `json:"bodies"`
	Scores    int64  `json:"scores"`
	Exposures int64  `json:"exposures"`
	Units     int64  `json:"units" doc:"rows of sums; reports follow"`
	Note      string `json:"note" doc:"what stays, and for how long"`
}

// stays is what forgetting does not reach.
const stays = "the ledger names no unit and stays; backups made before hold what they held; other replicas show recent requests from their memory until others take their place, or a restart"

// forgotten hides what is still in memory of a unit that was forgotten: requests
// that came before.
type forgotten struct {
	mu sync.Mutex
	at map[string]time.Time // by the unit's hash
}

func (f *forgotten) add(unit string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.at == nil {
		f.at = map[string]time.Time{}
	}
	f.at[unit] = now
}

// hides reports whether an event in memory is not to be shown.
func (f *forgotten) hides(e *event.Event) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, known := f.at[e.Unit]
	return known && e.Unit != "" && !e.Time.After(at)
}

// forget erases a unit. The decision that is kept of it has neither its id nor
// its hash: who was forgotten is forgotten.
func (c *call) forget(b *ForgetRequest) (Forgotten, error) {
	switch {
	case !slices.Contains(unitKinds, b.Kind):
		return Forgotten{}, fault.New(fault.Invalid, "invalid_parameter", "there is no kind of unit %q", short(b.Kind, 50)).
			At("kind").Mend("kinds are %s", strings.Join(unitKinds, ", "))
	case b.ID == "":
		return Forgotten{}, fault.New(fault.Invalid, "invalid_parameter", "there is no id").At("id").Mend("give the id as callers send it")
	case b.Note != "" && strings.Contains(b.Note, b.ID):
		return Forgotten{}, fault.New(fault.Invalid, "invalid_parameter", "the note holds the id, and notes are kept").At("note").Mend("leave the id out of it")
	case len(b.Note) > maxNote:
		return Forgotten{}, fault.New(fault.TooLarge, "note_too_large", "the note is over %d bytes", maxNote).At("note")
	}
	unit, err := c.server.hashUnit(b.Kind, b.ID)
	if err != nil {
		return Forgotten{}, err
	}
	st, err := c.server.store()
	if err != nil {
		return Forgotten{}, err
	}
	if b.DryRun {
		return c.wouldForget(st, unit)
	}
	ctx, done := c.lengthen(c.server.clocks.long)
	defer done()
	gone, err := st.Forget(ctx, b.Kind, unit)
	if err != nil {
		return Forgotten{}, unavailable(fmt.Errorf("forget a unit: %w", err))
	}
	c.server.forgotten.add(unit, c.server.cfg.Now())
	f := Forgotten{Found: gone != store.Forgotten{}, Events: gone.Events, Bodies: gone.Bodies, Scores: gone.Scores, Exposures: gone.Exposures, Units: gone.Units, Note: stays}
	c.decide("units", "forget", b.Note, struct {
		Kind   string `json:"kind"`
		Events int64  `json:"events"`
		Units  int64  `json:"units"`
	}{b.Kind, gone.Events, gone.Units})
	return f, nil
}

// wouldForget looks for one event of the unit.
func (c *call) wouldForget(st Store, unit string) (Forgotten, error) {
	ctx, done := c.ask()
	defer done()
	events, _, err := st.FindEvents(ctx, store.EventQuery{Unit: unit, Limit: 1})
	if err != nil {
		return Forgotten{}, unavailable(fmt.Errorf("look for a unit: %w", err))
	}
	return Forgotten{DryRun: true, Found: len(events) > 0, Note: stays}, nil
}
