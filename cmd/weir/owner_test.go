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
