package main

import (
	"context"
	"strings"
	"testing"
)

// experimentsOf adds an experiment with a goal to route a.
func experimentsOf(definitions, weights, more string) string {
	a, b, _ := strings.Cut(weights, "/")
	return definitions + "experiments:\n  e: {route: a, variants: {a: {weight: " + a + ", baseline: true}, b: {weight: " + b + ", model: b}}, primary: latency" + more + "}\n"
}

// shares reports whether units are shared out on route a.
func (l *live) shares() bool { return l.s.Set().Routes["a"].Experiment != nil }

func (l *live) begins() {
	l.t.Helper()
	if _, _, err := l.s.controller.Start(context.Background(), "e", "me", "a test", true); err != nil {
		l.t.Fatal(err)
	}
	if !l.shares() {
		l.t.Fatal("it was started, and nobody is shared out")
	}
}

// One process takes over from another, over the same folder. What people stop at
// the old one is stopped at the new one.
func TestStoppedDuringATakeover(t *testing.T) {
	l := newLive(t, experimentsOf(twoModelsOf(model(t, "").URL(), model(t, "").URL()), "50/50", ""))
	if l.shares() {
		t.Fatal("a draft is served")
	}
	l.begins()
	next := l.again(serverOptions{})
	if !next.shares() {
		t.Fatal("after the start of another process nobody is shared out")
	}
	if _, err := l.s.controller.Stop(context.Background(), "e", "me", "enough"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other process serves the baseline", func() bool { return !next.shares() })
	next.ends()
	if last := l.again(serverOptions{}); last.shares() {
		t.Error("a third one shares units out")
	}
}

// Weights of an experiment that decides are not moved while it runs, nor what it
// is judged by while it is paused; over a restart nobody compares, and nothing is
// decided.
func TestPlansThatRunAreNotChanged(t *testing.T) {
	models := twoModelsOf(model(t, "").URL(), model(t, "").URL())
	first := experimentsOf(models, "50/50", "")
	l := newLive(t, first)
	l.begins()
	l.write(experimentsOf(models, "20/80", ""))
	eventually(t, "new weights are refused", func() bool { return strings.Contains(l.log.String(), "its variants or weights would change") })
	l.write(experimentsOf(models, "50/50", ", decision: {min_units: 500}"))
	eventually(t, "a new floor is refused", func() bool {
		return strings.Contains(l.log.String(), "its primary metric, bounds or decision would change")
	})
	l.ends()
	l.write(experimentsOf(models, "50/50", ", decision: {min_units: 500}"))
	next := l.again(serverOptions{})
	eventually(t, "the report says what has changed", func() bool {
		r, err := next.s.controller.Report(context.Background(), "e", 0, false)
		return err == nil && strings.Contains(r.Clock.Held, "has changed in its definition")
	})
}
