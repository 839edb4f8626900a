package upstream

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestEnded(t *testing.T) {
	late, stop := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer stop()
	if err := Ended(late); err != context.DeadlineExceeded {
		t.Error(err)
	}
	clock := errors.New("first-token clock")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(clock)
	if err := Ended(ctx); !errors.Is(err, context.Canceled) || !errors.Is(err, clock) {
		t.Error(err)
	}
}
