package reconcile

import (
	"context"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/rollout"
)

// deaf is a store whose decisions are never found, and which heeds its deadline.
type deaf struct {
	Store
	asked chan struct{}
}

func (d deaf) FindDecisions(ctx context.Context, _ string, _ int, _ string) ([]*event.Decision, string, error) {
	select {
	case d.asked <- struct{}{}:
	default:
	}
	<-ctx.Done()
	return nil, "", ctx.Err()
}

// While the controller reads a store that hangs, an experiment can be stopped: no
// move waits for a read. What another process decides is followed all the same.
func TestAStopDoesNotWaitForAStoreThatHangs(t *testing.T) {
	r := newRig(t, planOf(t, "cost_per_request"))
	r.start()
	d := deaf{Store: r.db, asked: make(chan struct{}, 1)}
	r.c.cfg.Store = func() (Store, error) { return d, nil }
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); r.c.Run(ctx) }()
	<-d.asked
	stopped := make(chan error, 1)
	go func() {
		_, err := r.c.Stop(context.Background(), "e", "me", "enough")
		stopped <- err
	}()
	select {
	case err := <-stopped:
		if err != nil {
			t.Error(err)
		}
		r.phase(rollout.Archived, "stopped")
	case <-time.After(15 * time.Second):
		t.Error("the stop waits for the store")
	}
	end()
	<-ended
}
