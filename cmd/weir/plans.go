package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/weirhq/weir/internal/admin"
	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/reconcile"
	"github.com/weirhq/weir/internal/rollout"
)

// plansName is the file with the states of experiments, in the folder that keeps
// everything else.
const plansName = "plans.json"

// openPlans reads where experiments are in their lives, and makes what carries
// them on. Without a folder all of it lasts as long as the process.
func (s *server) openPlans() error {
	name := ""
	if s.kept != nil {
		name = filepath.Join(s.kept.dir, plansName)
	}
	var err error
	if s.book, err = reconcile.OpenBook(name); err != nil {
		return err
	}
	s.controller = reconcile.New(reconcile.Config{
		Book: s.book, Plans: s.definedPlans, Store: s.planStore, Behind: s.behind, Record: s.recordDecision, Apply: s.applyStates, Log: s.log,
	})
	return nil
}

// definedPlans are the plans of the definitions in force.
func (s *server) definedPlans() []analysis.Plan {
	if f := s.inForce.Load(); f != nil {
		return f.compiled.Plans
	}
	return nil
}

func (s *server) planStore() (reconcile.Store, error) {
	if s.kept == nil {
		return nil, errNothingKept
	}
	return s.kept.reader()
}

// behind says what a report may be without.
func (s *server) behind() string {
	if s.kept == nil {
		return ""
	}
	st := s.kept.status()
	switch {
	case st.State == "away":
		return "the database is away, and what came since is not in this report: " + st.Reason
	case st.State == "behind", st.Journal.LagSeconds > behindAfter.Seconds(): // of a process that has ended, too
		return fmt.Sprintf("%d records of the last %.0f s are not in this report yet: %s", st.Journal.LagRecords, st.Journal.LagSeconds, st.Reason)
	}
	return ""
}

// recordDecision keeps a decision, and returns when it is on disk.
func (s *server) recordDecision(ctx context.Context, d *event.Decision) error {
	if s.kept == nil {
		return nil
	}
	s.kept.Record(d)
	return s.kept.own.journal.Sync(ctx)
}

// applyStates puts in force what plans serve now, of the definitions in force.
func (s *server) applyStates() error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	f := s.inForce.Load()
	if f == nil {
		return nil
	}
	return s.hand(f)
}

// served is the set as units meet it: without the experiments that share nobody
// out now.
func (s *server) served(c *definition.Compiled) *experiment.Set {
	return rollout.InForce(c.Set, c.Plans, s.book.State)
}

// unchangedPlans refuses another goal for an experiment that runs or is paused:
// whoever chooses what to prove after looking finds something. Weights stay too:
// units that came at other times in other shares are not compared with one another.
func (s *server) unchangedPlans(now, next *definition.Compiled) error {
	var errs []error
	for _, p := range now.Plans {
		if phase := s.book.State(p.Experiment, p.Epoch).Phase; phase != rollout.Running && phase != rollout.Paused {
			continue
		}
		for _, q := range next.Plans {
			what := ""
			switch {
			case q.Experiment != p.Experiment || q.Epoch != p.Epoch || p.Primary == nil:
			case q.Hash != p.Hash:
				what = "primary metric, bounds or decision"
			case q.Draw != p.Draw:
				what = "variants or weights"
			}
			if what != "" {
				errs = append(errs, fmt.Errorf("change experiment %q while it runs: its %s would change; "+
					"raise its epoch to %d to begin anew, or stop it first: weir experiment stop %s", p.Experiment, what, p.Epoch+1, p.Experiment))
			}
		}
	}
	return errors.Join(errs...)
}

// planned gives the plan of an experiment, at an epoch; 0 is any. nil when it is not
// defined now.
func (k *keeper) planned(experiment string, epoch int) *analysis.Plan {
	plans := k.plans()
	for i := range plans {
		if p := &plans[i]; p.Experiment == experiment && (epoch == 0 || p.Epoch == epoch) {
			return p
		}
	}
	return nil
}

// measuresOf are the measures that an experiment needs beside the standard ones;
// nil when it is not defined now.
func (k *keeper) measuresOf(experiment string, epoch int) []metric.Measure {
	p := k.planned(experiment, epoch)
	if p == nil {
		return nil
	}
	return append([]metric.Measure{}, metric.Measures(p.All())...)
}

// segmentsOf are the values that an experiment's segments have in a request: those
// of its tags, "" for one that it does not carry.
func (k *keeper) segmentsOf(e *event.Event, experiment string) []string {
	p := k.planned(experiment, 0)
	if p == nil || len(p.Segments) == 0 {
		return nil
	}
	values := make([]string, len(p.Segments))
	for i, name := range p.Segments {
		for _, tag := range e.Tags {
			if value, ok := strings.CutPrefix(tag, name+"="); ok {
				values[i] = value
			}
		}
	}
	return values
}

// life is the experiments' lives as the admin API reads and moves them.
type life struct {
	*reconcile.Controller
	server *server
}

var _ admin.Plans = life{}

// Defined is the set of the definitions, with the experiments that share nobody
// out now.
func (l life) Defined() *experiment.Set { return l.server.inForce.Load().compiled.Set }
