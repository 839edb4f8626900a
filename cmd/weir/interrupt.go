package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// interruptible is a context that Ctrl-C and SIGTERM end.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}
