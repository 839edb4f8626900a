package reconcile

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/evidence"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/rollout"
	"github.com/weirhq/weir/internal/store"
)

// Store is what is read and written of a store.
type Store interface {
	evidence.Sums
	store.Events
	store.Decisions
}

// Config is what the controller works with.
type Config struct {
	Book  *Book
	Plans func() []analysis.Plan // as they are defined now
	Store func() (Store, error)
	// Behind says what of the record has not reached the store, in words; "" when
	// nothing has to be said.
	Behind func() string
	// Record keeps a decision, and returns when it is on disk.
	Record func(ctx context.Context, d *event.Decision) error
	// Apply puts the plans' states in force.
	Apply func() error
	Log   *slog.Logger
	Now   func() time.Time // nil: time.Now
	Every time.Duration    // between two looks at running experiments; 0: a minute
	Look  time.Duration    // between two that are kept, for the picture of its course; 0: an hour
}

// Controller carries plans on.
type Controller struct {
	cfg    Config
	moving sync.Mutex // one move at a time
	looked map[planKey]time.Time
}

// New makes a controller.
func New(cfg Config) *Controller {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Every == 0 {
		cfg.Every = time.Minute
	}
	if cfg.Look == 0 {
		cfg.Look = time.Hour
	}
	if cfg.Behind == nil {
		cfg.Behind = func() string { return "" }
	}
	return &Controller{cfg: cfg, looked: map[planKey]time.Time{}}
}

// Run looks at running experiments until ctx ends. What other processes decide is
// followed beside it: that needs no store, which may hang.
func (c *Controller) Run(ctx context.Context) {
	var beside sync.WaitGroup
	beside.Go(func() { every(ctx, time.Second, c.follow) })
	c.catchUp(ctx)
	every(ctx, c.cfg.Every, func() { c.Turn(ctx) })
	beside.Wait()
}

// every does something again and again until ctx ends.
func every(ctx context.Context, pause time.Duration, do func()) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do()
		}
	}
}

// follow puts in force what another process decided, as the one that this one
// takes over from.
func (c *Controller) follow() {
	c.moving.Lock()
	defer c.moving.Unlock()
	if c.refresh() == 0 {
		return
	}
	if err := c.cfg.Apply(); err != nil {
		c.cfg.Log.Warn("what another process decided is not in force", "error", err.Error())
	}
}

// refresh reads the book again, and gives how many decisions were news.
func (c *Controller) refresh() int {
	n, err := c.cfg.Book.Refresh()
	if err != nil {
		c.cfg.Log.Warn("states of experiments are not read again", "error", err.Error())
	}
	return n
}

// catchUp takes in what the database knows and the book does not, as after the
// book was lost, and tells the journal again what it may have missed.
func (c *Controller) catchUp(ctx context.Context) {
	for ctx.Err() == nil {
		s, err := c.cfg.Store()
		if err == nil {
			err = c.mergeStore(ctx, s)
		}
		if err == nil {
			return
		}
		c.cfg.Log.Debug("decisions about experiments are not read yet", "error", err.Error())
		select {
		case <-ctx.Done():
		case <-time.After(c.cfg.Every / 10):
		}
	}
}

func (c *Controller) mergeStore(ctx context.Context, s Store) error {
	list, err := c.decisions(ctx, s, event.MaxPage)
	if err != nil {
		return err
	}
	kept := map[string]bool{}
	for _, d := range list {
		kept[d.ID] = true
	}
	c.moving.Lock()
	defer c.moving.Unlock()
	news := c.cfg.Book.Merge(list)
	for _, d := range c.cfg.Book.Decisions() {
		if !kept[d.ID] { // written down, and not in the record when the process died; twice does no harm
			if err := c.cfg.Record(ctx, d); err != nil {
				return err
			}
		}
	}
	if news == 0 {
		return nil
	}
	c.cfg.Log.Info("states of experiments taken from the database", "decisions", news)
	return c.cfg.Apply()
}

// learn takes in what has come to the database since: after the book was lost, what
// was decided last may still be on its way there from a journal.
func (c *Controller) learn(ctx context.Context) error {
	s, err := c.cfg.Store()
	if err != nil {
		return err
	}
	const latest = 10
	list, err := c.decisions(ctx, s, latest)
	if err != nil {
		return err
	}
	c.moving.Lock()
	defer c.moving.Unlock()
	if c.cfg.Book.Merge(list) == 0 {
		return nil
	}
	return c.cfg.Apply()
}

// decisions reads the newest about each plan. No move waits for it: a store that
// hangs must not hold up a stop.
func (c *Controller) decisions(ctx context.Context, s Store, most int) (all []*event.Decision, err error) {
	ctx, done := context.WithTimeout(ctx, readWithin)
	defer done()
	for _, p := range c.cfg.Plans() {
		list, _, err := s.FindDecisions(ctx, rollout.Subject(p.Experiment), most, "")
		if err != nil {
			return nil, fmt.Errorf("read what was decided about experiment %q: %w", p.Experiment, err)
		}
		all = append(all, list...)
	}
	return all, nil
}

// readWithin bounds what the controller reads of a store at once.
const readWithin = 30 * time.Second

// Turn looks at every running experiment once.
func (c *Controller) Turn(ctx context.Context) {
	if err := c.learn(ctx); err != nil && ctx.Err() == nil {
		c.cfg.Log.Debug("decisions about experiments are not read", "error", err.Error())
	}
	for _, p := range c.cfg.Plans() {
		// What is decided and goes on serving may do harm yet.
		if p.Primary == nil || !c.cfg.Book.State(p.Experiment, p.Epoch).Serves() {
			continue
		}
		if err := c.look(ctx, p); err != nil && ctx.Err() == nil {
			c.cfg.Log.Warn("experiment not looked at", "experiment", p.Experiment, "error", err.Error())
		}
	}
}

// look reports on one, keeps the look now and then, and acts on a verdict.
func (c *Controller) look(ctx context.Context, p analysis.Plan) error {
	ctx, done := context.WithTimeout(ctx, readWithin)
	defer done()
	report, err := c.report(ctx, p, false)
	if err != nil {
		return err
	}
	if report.Inputs.Decided != nil {
		return c.heard(ctx, p, &report)
	}
	if err := c.keepLook(ctx, p, &report); err != nil {
		return err
	}
	return c.act(ctx, p, &report)
}

// keepLook notes where the primary metric stands.
func (c *Controller) keepLook(ctx context.Context, p analysis.Plan, r *analysis.Report) error {
	k, now := planKey{p.Experiment, p.Epoch}, c.cfg.Now()
	if now.Sub(c.looked[k]) < c.cfg.Look {
		return nil
	}
	s, err := c.cfg.Store()
	if err != nil {
		return err
	}
	for _, l := range r.Sequence() {
		err := s.AddLook(ctx, store.Look{Experiment: p.Experiment, Epoch: p.Epoch, Time: now, Variant: l.Variant, Metric: l.Metric, Units: l.Units,
			Estimate: l.Estimate, Low: l.Sequence.Low, High: l.Sequence.High})
		if err != nil {
			return err
		}
	}
	c.looked[k] = now
	return nil
}

// heard rolls back what does harm after its decision. The question is closed, so
// that a bound which only pauses can no more than be told.
func (c *Controller) heard(ctx context.Context, p analysis.Plan, r *analysis.Report) error {
	action := harmAction(r)
	switch {
	case action == "":
		return nil
	case r.Verdict != analysis.RollBack:
		c.cfg.Log.Warn("harm is shown after the decision; weir experiment stop ends it", "experiment", p.Experiment, "action", action)
		return nil
	}
	_, err := c.move(ctx, p, rollout.RollBack, "controller", r.Sentence, r, concluded(r))
	return err
}

// concluded notes a verdict.
func concluded(r *analysis.Report) func(*rollout.State) {
	return func(s *rollout.State) { s.Verdict = r.Conclusion("controller") }
}

// act does what a verdict asks for.
func (c *Controller) act(ctx context.Context, p analysis.Plan, r *analysis.Report) error {
	switch action := harmAction(r); {
	case r.Verdict == analysis.RollBack:
	case action == "pause":
		_, err := c.move(ctx, p, rollout.Pause, "controller", r.Sentence, r, nil)
		return err
	case action == "warn":
		c.cfg.Log.Warn("harm is shown, and its bound only warns", "experiment", p.Experiment, "why", r.Sentence)
	}
	switch r.Verdict {
	case analysis.NotYet:
		first, _ := r.Took("controller")
		if first == nil {
			return nil
		}
		_, err := c.move(ctx, p, rollout.Look, "controller", r.Sentence, r, func(s *rollout.State) { s.First = first })
		return err
	case analysis.Describes, analysis.Invalid:
		return nil
	}
	_, err := c.move(ctx, p, rollout.Decide, "controller", r.Sentence, r, concluded(r))
	return err
}

// harmAction is what the bounds that harm was shown on ask for: the most that one
// of them does; "" when none was.
func harmAction(r *analysis.Report) string {
	action := ""
	for _, b := range r.Bounds {
		if b.State != analysis.BoundHarm {
			continue
		}
		switch b.Bound.Action {
		case "pause":
			action = "pause"
		case "warn":
			action = cmp.Or(action, "warn")
		default:
			return "rollback"
		}
	}
	return action
}

// move makes one move: checked, written down, recorded and put in force.
func (c *Controller) move(ctx context.Context, p analysis.Plan, m rollout.Move, by, why string, report any, more func(*rollout.State)) (rollout.State, error) {
	c.moving.Lock()
	defer c.moving.Unlock()
	c.refresh()
	before := c.cfg.Book.State(p.Experiment, p.Epoch)
	now := c.cfg.Now().UTC()
	if !now.After(before.Changed) {
		// The clock was set back. Of two decisions the one with the later id holds, so
		// a stop must not be older than the start that it ends.
		now = before.Changed.Add(time.Millisecond)
	}
	s, err := before.Next(m, now, why)
	if err != nil {
		e := fault.New(fault.Invalid, "illegal_move", "%s", err)
		e.Status = http.StatusConflict
		return before, e
	}
	if more != nil {
		more(&s)
	}
	var kept json.RawMessage
	if report != nil {
		if kept, err = json.Marshal(report); err != nil {
			return before, fmt.Errorf("write down the report of experiment %s: %w", p.Experiment, err)
		}
	}
	d, err := rollout.Decision(event.NewID(now), access.DefaultProject, by, m, s, kept)
	if err != nil {
		return before, err
	}
	if err := c.cfg.Book.Write(d); err != nil {
		return before, err
	}
	c.cfg.Log.Info("experiment "+string(s.Phase), "experiment", p.Experiment, "epoch", p.Epoch, "move", string(m), "by", by, "why", why)
	return s, errors.Join(c.cfg.Apply(), c.cfg.Record(ctx, d))
}

// Plan finds a plan by the name of its experiment.
func (c *Controller) Plan(name string) (analysis.Plan, error) {
	var known []string
	for _, p := range c.cfg.Plans() {
		if p.Experiment == name {
			return p, nil
		}
		known = append(known, p.Experiment)
	}
	e := fault.New(fault.NotFound, "unknown_experiment", "there is no experiment %q", name)
	if near := fault.Nearest(name, known); near != "" {
		return analysis.Plan{}, e.Mend("did you mean %q?", near)
	}
	return analysis.Plan{}, e.Mend("GET /api/v1/experiments lists them")
}

// Report computes the report of an experiment; epoch 0 is the defined one. full
// reads every unit.
func (c *Controller) Report(ctx context.Context, name string, epoch int, full bool) (analysis.Report, error) {
	p, err := c.Plan(name)
	if err != nil {
		return analysis.Report{}, err
	}
	if epoch > p.Epoch {
		return analysis.Report{}, fault.New(fault.NotFound, "unknown_epoch", "experiment %q has no epoch %d", name, epoch).
			At("epoch").Mend("its newest is %d", p.Epoch)
	}
	if epoch > 0 {
		p.Epoch = epoch
	}
	if r, ok := c.frozen(p); ok && !full {
		return r, nil
	}
	return c.report(ctx, p, full)
}

// frozen is the report that an experiment was decided on. Its intervals are for
// that one look: computed again with what comes later, they would promise what they
// do not hold.
func (c *Controller) frozen(p analysis.Plan) (analysis.Report, bool) {
	d := c.cfg.Book.Last(p.Experiment, p.Epoch)
	var r analysis.Report
	if d == nil || c.State(p).Verdict == nil || json.Unmarshal(rollout.Report(d), &r) != nil {
		return analysis.Report{}, false
	}
	if !slices.ContainsFunc(r.Warnings, func(w analysis.Warning) bool { return w.Code == frozenCode }) { // of a stop it has it already
		r.Warnings = append(r.Warnings, analysis.Warning{Code: frozenCode,
			Text: "This is the report that it was decided on, at " + r.Now.UTC().Format("2006-01-02 15:04") + " UTC. A full report reads what came since, and decides nothing."})
	}
	return r, true
}

const frozenCode = "frozen"

func (c *Controller) report(ctx context.Context, p analysis.Plan, full bool) (analysis.Report, error) {
	s, err := c.cfg.Store()
	if err != nil {
		return analysis.Report{}, err
	}
	state := c.cfg.Book.State(p.Experiment, p.Epoch)
	if p.Units == 0 {
		p.Units = state.Units
	}
	q := evidence.Question{Plan: p, Started: state.Started, Now: c.cfg.Now().UTC(), First: state.First, Decided: state.Verdict}
	if state.Phase == rollout.Archived {
		q.Now = state.Changed // days that pass after it was stopped add nothing
	}
	if full {
		q.Units = -1
	}
	in, err := evidence.Read(ctx, s, q)
	if err != nil {
		return analysis.Report{}, err
	}
	if behind := c.cfg.Behind(); behind != "" {
		in.Coverage = append(in.Coverage, behind)
	}
	in.Held = state.Differs(&p)
	if state.Forced != "" {
		in.Notes = append(in.Notes, "it was started with --force, and this note: "+state.Forced)
	}
	r := analysis.Analyse(in)
	tell(&r, state)
	return r, nil
}

// Foresee says what an experiment could see on its route.
func (c *Controller) Foresee(ctx context.Context, p analysis.Plan) (analysis.Prospect, error) {
	s, err := c.cfg.Store()
	if err != nil {
		return analysis.Prospect{}, err
	}
	sample, err := evidence.Route(ctx, s, evidence.RouteQuestion{Route: p.Route, Baseline: p.Variants[0].Name, Now: c.cfg.Now().UTC(),
		Measures: append(metric.Standard(), metric.Measures(p.All())...)})
	if err != nil {
		return analysis.Prospect{}, err
	}
	return analysis.Foresee(p, sample), nil
}

// State is where a plan is.
func (c *Controller) State(p analysis.Plan) rollout.State {
	return c.cfg.Book.State(p.Experiment, p.Epoch)
}

// Start begins an experiment. Without the power that its plan asks for it is
// refused, unless it is forced, with a note of why that is kept.
func (c *Controller) Start(ctx context.Context, name, by, note string, force bool) (rollout.State, analysis.Prospect, error) {
	p, err := c.Plan(name)
	if err != nil {
		return rollout.State{}, analysis.Prospect{}, err
	}
	if p.Primary == nil {
		return rollout.State{}, analysis.Prospect{}, fault.New(fault.Invalid, "no_primary_metric", "experiment %s declares no primary metric: it is in force as long as it is defined, and decides nothing", name).
			Mend("add primary: {metric: latency} to its definition to have it decided")
	}
	if force && note == "" {
		return rollout.State{}, analysis.Prospect{}, fault.New(fault.Invalid, "note_missing", "starting against advice needs a note of why").Mend("add --note \"...\"")
	}
	if err := c.untouched(ctx, p); err != nil {
		return c.State(p), analysis.Prospect{}, err
	}
	prospect, err := c.Foresee(ctx, p)
	if err != nil && !force {
		return rollout.State{}, prospect, err
	}
	if !force && !p.AA && (!prospect.Known || prospect.Power < p.Power) {
		return c.State(p), prospect, underpowered(p, prospect)
	}
	s, err := c.move(ctx, p, rollout.Start, by, note, prospect, func(s *rollout.State) {
		s.Started, s.StartedBy, s.Hash, s.Draw = s.Changed, by, p.Hash, p.Draw
		if force {
			s.Forced = note
		}
		if p.Units == 0 && prospect.Known {
			s.Units = max(p.MinUnits, prospect.Units)
		}
	})
	return s, prospect, err
}

// untouched refuses to begin an epoch that has units already: it was in force
// without a goal, or what was decided about it is lost. Whoever saw them chose the
// goal after looking.
func (c *Controller) untouched(ctx context.Context, p analysis.Plan) error {
	if c.State(p).Phase != rollout.Draft {
		return nil // refused as a move
	}
	s, err := c.cfg.Store()
	if err != nil {
		return nil // starting by force needs no store
	}
	rows, err := s.VariantRows(ctx, p.Experiment)
	if err != nil {
		return fmt.Errorf("look for earlier units of experiment %s: %w", p.Experiment, err)
	}
	for i := range rows {
		if rows[i].Epoch == p.Epoch && rows[i].Units > 0 {
			e := fault.New(fault.Invalid, "epoch_used", "epoch %d of experiment %s has units already, from before it was started: what they show could have been seen when its goal was chosen", p.Epoch, p.Experiment).
				Mend("raise epoch to %d in its definition to begin anew, with units drawn anew", p.Epoch+1)
			e.Status = http.StatusConflict
			return e
		}
	}
	return nil
}

// underpowered refuses a start.
func underpowered(p analysis.Plan, o analysis.Prospect) error {
	said := o.Why
	if o.Known {
		said = fmt.Sprintf("its power is %.0f %%, and %.0f %% is asked for; %s", 100*o.Power, 100*p.Power, o.Why)
	}
	e := fault.New(fault.Invalid, "underpowered", "experiment %s would probably find nothing: %s", p.Experiment, said).
		Mend("plan more units, choose a metric that varies less or a larger smallest effect (weir power --experiment %s shows them), or start it all the same with --force --note \"why\"", p.Experiment)
	e.Status = http.StatusConflict
	return e
}

// Stop ends an experiment: its route is served the baseline.
func (c *Controller) Stop(ctx context.Context, name, by, why string) (rollout.State, error) {
	p, err := c.Plan(name)
	if err != nil {
		return rollout.State{}, err
	}
	var report any
	if r, err := c.Report(ctx, name, 0, false); err == nil { // stopping never waits for a report that cannot be had
		report = r
	}
	return c.move(ctx, p, rollout.Stop, by, why, report, nil)
}

// Resume lets a paused experiment go on.
func (c *Controller) Resume(ctx context.Context, name, by, why string) (rollout.State, error) {
	p, err := c.Plan(name)
	if err != nil {
		return rollout.State{}, err
	}
	return c.move(ctx, p, rollout.Resume, by, why, nil, nil)
}
