package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/admin"
	"github.com/weirhq/weir/internal/store"
)

const ownedAtFirst = `
listen: {data: 127.0.0.1:0, admin: 127.0.0.1:0, telemetry: 127.0.0.1:0}
models: {m: {vendor: simulated}, n: {vendor: simulated}}
routes: {r: {baseline: m}}
`

// SIGHUP reads the secrets again, and not what the store owned when Weir started.
func TestReloadKeepsWhatWasApplied(t *testing.T) {
	src := source{
		env: func(string) (string, bool) { return "", false }, stored: true, store: filepath.Join(t.TempDir(), "kept"),
		inline: asFiles([]store.File{{Name: "weir.yaml", Text: ownedAtFirst}}), by: "adopted",
	}
	s, err := newServer(src, serverOptions{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.start()
	defer s.finish()
	edit := admin.Edit{Files: []store.File{{Name: "weir.yaml", Text: strings.Replace(ownedAtFirst, "baseline: m", "baseline: n", 1)}}, Expect: -1, By: "ada", Note: "n"}
	var done admin.Applied
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if done, err = (definitions{s}).Apply(t.Context(), edit); err == nil && done.Changed {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("apply: %+v, %v", done, err)
		}
	}
	r := s.reload()
	now, err := (definitions{s}).Current(t.Context())
	if err != nil || !r.Applied || now.Revision.Hash != done.Revision.Hash || now.Revision.Number != done.Revision.Number || now.Revision.Author != "ada" {
		t.Errorf("after a reload %+v is in force (%+v, %v), not %+v", now.Revision, r, err, done.Revision)
	}
	if m := s.Set().Routes["r"].Baseline.Model; m != "n" {
		t.Errorf("after a reload the route is answered by %s", m)
	}
	if !now.Revision.Time.Equal(done.Revision.Time) {
		t.Errorf("after a reload revision %d is of %s, and was of %s", now.Revision.Number, now.Revision.Time, done.Revision.Time)
	}
}

// A revision is as old as when it came, whatever was loaded or restarted since: what
// is in force and the list of revisions say the same.
func TestRevisionKeepsItsTimeOverReloads(t *testing.T) {
	l := newLive(t, ownedAtFirst)
	first := l.keptRevision()
	l.s.reload()
	eventually(t, "the revision in force is of the time it has in the list", func() bool { return l.keptRevision().Time.Equal(first.Time) })
	var greeting strings.Builder
	l.s.greet(&greeting)
	if strings.Contains(greeting.String(), "warning") || strings.Contains(greeting.String(), "--route") {
		t.Errorf("one route, no secrets: %s", greeting.String())
	}
}

// keptRevision is what is in force, once it is kept.
func (l *live) keptRevision() (r store.Revision) {
	l.t.Helper()
	eventually(l.t, "what is in force is kept", func() bool {
		now, err := (definitions{l.s}).Current(l.t.Context())
		r = now.Revision
		return err == nil && r.Number > 0
	})
	return r
}

// At the start it is said which models cannot answer, and the command that is named
// works.
func TestGreeting(t *testing.T) {
	l := newLive(t, strings.Replace(ownedAtFirst, "routes: {", "routes: {q: {baseline: m}, ", 1))
	var greeting strings.Builder
	l.s.greet(&greeting)
	if !strings.Contains(greeting.String(), "--route q \"Hello\"") {
		t.Errorf("with two routes: %s", greeting.String())
	}
	l = newLive(t, strings.Replace(ownedAtFirst, "n: {vendor: simulated}", "n: {vendor: openai, model: x, key: env:A_SECRET, price: {input: 1, output: 1}}", 1))
	greeting.Reset()
	l.s.greet(&greeting)
	if !strings.Contains(greeting.String(), "warning: ") || !strings.Contains(greeting.String(), "env:A_SECRET is not set; until") {
		t.Errorf("without a secret: %s", greeting.String())
	}
}

// Who starts beside a file that was adopted once must hear that it took over, and
// how to go back.
func TestTakeoverBySomethingElseIsTold(t *testing.T) {
	l := prepare(t, ownedAtFirst)
	src := source{env: l.variable, stored: true, store: l.folder(), inline: asFiles([]store.File{{Name: "weir.yaml", Text: ownedAtFirst}}), by: "adopted"}
	s, err := newServer(src, serverOptions{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.start()
	eventually(t, "the store owns a revision", func() bool {
		r, err := (definitions{s}).Revision(t.Context(), 0)
		return err == nil && r.Number == 1
	})
	s.finish()
	l.loud = true
	if err := l.serve(serverOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the log tells of it", func() bool {
		text := l.log.String()
		return strings.Contains(text, "revision=1") && strings.Contains(text, "weir serve --adopt FILE, then weir apply --revision")
	})
}

// What was adopted is kept late, when the database was away: by then others may
// have been applied, and a restart must find those.
func TestAdoptedIsNotKeptOverWhatWasApplied(t *testing.T) {
	src := source{
		env: func(string) (string, bool) { return "", false }, stored: true, store: filepath.Join(t.TempDir(), "kept"),
		inline: asFiles([]store.File{{Name: "weir.yaml", Text: ownedAtFirst}}), by: "adopted",
	}
	s, err := newServer(src, serverOptions{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.finish()
	if _, err := s.kept.db.get(t.Context()); err != nil { // nothing is kept before start
		t.Fatal(err)
	}
	edit := admin.Edit{Files: []store.File{{Name: "weir.yaml", Text: strings.Replace(ownedAtFirst, "baseline: m", "baseline: n", 1)}}, Expect: -1, By: "ada"}
	done, err := (definitions{s}).Apply(t.Context(), edit)
	if err != nil || !done.Changed {
		t.Fatalf("apply: %+v, %v", done, err)
	}
	s.start()
	kept := make(chan struct{})
	s.kept.later(func(context.Context, store.Store) error { close(kept); return nil })
	<-kept // what waited before has had its turn
	last, err := (definitions{s}).Revision(t.Context(), 0)
	if err != nil || last.Hash != done.Revision.Hash {
		t.Errorf("the last revision is %+v, not %+v (%v)", last, done.Revision, err)
	}
}
