package gateway

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// limitedLog writes a line for what went wrong, at most logPerSecond a second:
// an outage must not become a second load. Bodies and keys are never in it.
type limitedLog struct {
	log        *slog.Logger
	second     atomic.Int64
	lines      atomic.Int64
	suppressed atomic.Int64
}

const logPerSecond = 10

func newLimitedLog(l *slog.Logger) *limitedLog {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	return &limitedLog{log: l}
}

// ended tells of an exchange that an operator may have to look at.
func (l *limitedLog) ended(e *event.Event) {
	level := slog.LevelWarn
	if !e.Outcome.Against() {
		level = slog.LevelDebug
	}
	if !l.log.Enabled(context.Background(), level) || (level == slog.LevelWarn && !l.allow()) {
		return
	}
	attrs := []slog.Attr{slog.String("id", e.ID), slog.String("route", e.Route), slog.String("model", e.Model),
		slog.String("outcome", e.Outcome.String()), slog.Int("status", e.Status), slog.Int("attempts", len(e.Attempts)),
		slog.Duration("took", e.Total)}
	if len(e.Assignments) > 0 {
		attrs = append(attrs, slog.String("variant", e.Assignments[0].Variant))
	}
	if e.Error != "" {
		attrs = append(attrs, slog.String("error", e.Error))
	}
	if n := l.suppressed.Swap(0); n > 0 {
		attrs = append(attrs, slog.Int64("suppressed", n))
	}
	l.log.LogAttrs(context.Background(), level, "request ended", attrs...)
}

func (l *limitedLog) panicked(id string, p any, stack []byte) {
	l.log.Error("panic in the journey of a request", "id", id, "panic", p, "stack", string(stack))
}

func (l *limitedLog) allow() bool {
	now := time.Now().Unix()
	if l.second.Swap(now) != now {
		l.lines.Store(0)
	}
	if l.lines.Add(1) <= logPerSecond {
		return true
	}
	l.suppressed.Add(1)
	return false
}
