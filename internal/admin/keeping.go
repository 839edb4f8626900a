package admin

import (
	"errors"
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/store"
)

// StoreView is what keeps records, and how that goes.
type StoreView struct {
	RecordStatus
	Engine  string           `json:"engine,omitempty" enum:"sqlite,postgres,memory" doc:"absent when it cannot be asked"`
	Version string           `json:"version,omitempty" doc:"of the engine"`
	Schema  int              `json:"schema,omitempty" doc:"of the tables"`
	Bytes   int64            `json:"bytes,omitempty" doc:"on disk"`
	Rows    map[string]int64 `json:"rows,omitempty" doc:"by table; may be estimates"`
	Error   string           `json:"error,omitempty" doc:"why it cannot be asked"`
}

// getStore always answers: that the store is away is what is asked for.
func (c *call) getStore() (StoreView, error) {
	v := StoreView{RecordStatus: c.server.record()}
	st, err := c.server.store()
	if err == nil {
		var info store.Info
		ctx, done := c.ask()
		defer done()
		if info, err = st.Info(ctx); err == nil {
			v.Engine, v.Version, v.Schema, v.Bytes, v.Rows = info.Engine, info.Version, info.Schema, info.Bytes, info.Rows
			return v, nil
		}
		err = unavailable(err)
	}
	v.Error = fault.From(err).Message
	return v, nil
}

// keepingBody is what rebuild and check take.
type keepingBody struct {
	DryRun bool `json:"dry_run,omitempty" doc:"say whether it could be done and do nothing"`
}

// Rebuilt is what came of computing the sums again.
type Rebuilt struct {
	DryRun      bool         `json:"dry_run"`
	Seconds     float64      `json:"seconds" doc:"that it took"`
	Differences []Difference `json:"differences" doc:"sums that were not what the rows of the units say, and are mended; at most 1000 of them"`
	Total       int          `json:"total" doc:"how many there were"`
}

// Difference is a sum that was wrong.
type Difference struct {
	Experiment string `json:"experiment"`
	Epoch      int    `json:"epoch"`
	Step       int    `json:"step"`
	Variant    string `json:"variant"`
	Metric     string `json:"metric"`
	Before     string `json:"before" doc:"units, sums and sums of squares as they were"`
	After      string `json:"after"`
}

// maxDifferences bounds the list.
const maxDifferences = 1000

func (c *call) rebuild(b *keepingBody) (Rebuilt, error) {
	st, err := c.server.store()
	if err != nil || b.DryRun {
		return Rebuilt{DryRun: true, Differences: []Difference{}}, err
	}
	ctx, done := c.lengthen(c.server.clocks.long)
	defer done()
	began := time.Now()
	found, err := st.Rebuild(ctx)
	if err != nil {
		return Rebuilt{}, unavailable(fmt.Errorf("rebuild the sums: %w", err))
	}
	r := Rebuilt{Seconds: time.Since(began).Seconds(), Total: len(found), Differences: []Difference{}}
	for _, d := range found[:min(len(found), maxDifferences)] {
		row := d.After
		if row.Experiment == "" {
			row = d.Before
		}
		r.Differences = append(r.Differences, Difference{row.Experiment, row.Epoch, row.Step, row.Variant, row.Metric, sums(&d.Before), sums(&d.After)})
	}
	c.decide("store", "rebuild", "", struct {
		Differences int `json:"differences"`
	}{len(found)})
	return r, nil
}

func sums(r *store.VariantRow) string {
	return fmt.Sprintf("K=%d ΣX=%s ΣY=%s ΣX²=%s ΣY²=%s ΣXY=%s", r.Units, r.X, r.Y, r.XX, r.YY, r.XY)
}

// CheckReply is what came of reading everything.
type CheckReply struct {
	DryRun  bool    `json:"dry_run"`
	Sound   bool    `json:"sound" doc:"all is as it was written; false of a dry run"`
	Seconds float64 `json:"seconds" doc:"that it took"`
	Damage  string  `json:"damage,omitempty" doc:"what is not"`
	Next    string  `json:"next,omitempty" doc:"what to do about it"`
}

func (c *call) checkStore(b *keepingBody) (CheckReply, error) {
	st, err := c.server.store()
	if err != nil || b.DryRun {
		return CheckReply{DryRun: true}, err
	}
	ctx, done := c.lengthen(c.server.clocks.long)
	defer done()
	began := time.Now()
	err = st.Check(ctx)
	r := CheckReply{Sound: err == nil, Seconds: time.Since(began).Seconds()}
	switch {
	case err == nil:
	case errors.Is(err, store.ErrDamaged):
		r.Damage, r.Next = sentence("%v", err), "stop Weir and restore a backup: weir restore"
		c.server.cfg.Log.Error("the store is damaged", "request_id", c.requestID, "error", err.Error())
	default:
		return r, unavailable(fmt.Errorf("check the store: %w", err))
	}
	return r, nil
}
