package record

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// Who opens a store says so, and it is said once.
func TestAStoreThatDoesNotOpenSaysItOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newDisk().reopen()
		w := start(t, j, nil, func(c *Config) {
			c.Open = func(context.Context) (store.Store, error) { return nil, errors.New("open the store: it is locked") }
		})
		time.Sleep(time.Second)
		if got := w.Status().Error; got != "open the store: it is locked" {
			t.Errorf("the status says %q", got)
		}
		if _, err := w.Store(); err == nil || err.Error() != "the store is not open: open the store: it is locked" {
			t.Errorf("asked for it: %v", err)
		}
		w.stopWell()
	})
}
