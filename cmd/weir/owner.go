package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/weirhq/weir/internal/admin"
	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/store"
)

// Owners of definitions.
const (
	ownerFile        = "file"
	ownerStore       = "store"
	ownerEnvironment = "environment"
)

// definitions lets people see what is in force as it was written, and change it
// where no file owns it.
type definitions struct{ *server }

var _ admin.Definitions = definitions{}

// Current is what is in force.
func (d definitions) Current(context.Context) (admin.InForce, error) {
	f := d.inForce.Load()
	at := f.at
	if since := f.since.Load(); since != nil {
		at = *since
	}
	return admin.InForce{
		Owner: d.source.owner(), Source: d.source.path, Document: f.document,
		Revision: store.Revision{
			Number: int(f.number.Load()), Hash: f.compiled.Revision, Time: at, Author: f.by, Note: f.note,
			Owner: d.source.owner(), Files: storeFiles(f.files),
		},
	}, nil
}

// Check reads files as Apply would.
func (d definitions) Check(_ context.Context, files []store.File) (admin.Checked, error) {
	_, checked, err := d.read(files)
	return checked, err
}

// read compiles files and compares them with what is in force.
func (d definitions) read(files []store.File) (*loaded, admin.Checked, error) {
	src := d.source
	src.path, src.inline, src.number, src.since = "", asFiles(files), 0, nil
	l, problems, err := src.compile()
	if err != nil {
		return nil, admin.Checked{}, err
	}
	checked := admin.Checked{Problems: problems}
	if problems.Failed() {
		return nil, checked, nil
	}
	checked.Hash = l.compiled.Revision
	checked.Err = d.allowed(l.compiled)
	return l, checked, nil
}

// Apply puts files in force and keeps them as a revision. What is kept first is
// what a restart finds; only then is it put in force here.
func (d definitions) Apply(ctx context.Context, e admin.Edit) (admin.Applied, error) {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	l, checked, err := d.read(e.Files)
	if err != nil || checked.Refused() {
		return admin.Applied{Checked: checked}, err
	}
	out := admin.Applied{Checked: checked}
	kept, err := d.kept.reader()
	if err != nil {
		return out, err
	}
	last, err := kept.Revision(ctx, 0)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return out, err
	}
	if e.Expect >= 0 && e.Expect != last.Number {
		return out, conflict(e.Expect, last)
	}
	if last.Hash == checked.Hash && e.Restore == 0 {
		last.Files = nil
		out.Revision = last
		return out, nil
	}
	r := store.Revision{Hash: checked.Hash, Time: time.Now().UTC(), Author: e.By, Note: e.Note, Owner: ownerStore, Restore: e.Restore, Files: e.Files}
	added, err := kept.AddRevision(ctx, r, last.Number)
	if errors.Is(err, store.ErrConflict) { // another replica
		if last, lastErr := kept.Revision(ctx, 0); lastErr == nil {
			err = conflict(e.Expect, last)
		}
	}
	if err != nil {
		return out, err
	}
	l.by, l.note, l.number, l.since = e.By, e.Note, added.Number, &added.Time
	if err := d.putInForce(l); err != nil {
		return out, fmt.Errorf("revision %d is kept and could not be put in force here: %w", added.Number, err)
	}
	d.rememberGood(l)
	added.Files = nil
	out.Revision, out.Changed = added, true
	return out, nil
}

func conflict(expected int, last store.Revision) error {
	last.Files = nil
	return &admin.Conflict{Expected: expected, Last: last}
}

// Revision finds one.
func (d definitions) Revision(ctx context.Context, number int) (store.Revision, error) {
	kept, err := d.kept.reader()
	if err != nil {
		return store.Revision{}, err
	}
	return kept.Revision(ctx, number)
}

// Revisions lists them.
func (d definitions) Revisions(ctx context.Context, before, limit int) ([]store.Revision, error) {
	kept, err := d.kept.reader()
	if err != nil {
		return nil, err
	}
	return kept.ListRevisions(ctx, before, limit)
}

// At gives what was in force at a time. What was valid then is compiled as it
// was: a vendor that is no longer known is no reason to refuse.
func (d definitions) At(ctx context.Context, at time.Time) (*experiment.Set, store.Revision, error) {
	kept, err := d.kept.reader()
	if err != nil {
		return nil, store.Revision{}, err
	}
	r, err := kept.RevisionAt(ctx, at)
	if err != nil {
		return nil, r, err
	}
	files := r.Files
	r.Files = nil
	doc, problems := definition.Parse(asFiles(files))
	if problems.Failed() {
		return nil, r, fmt.Errorf("read revision %d: %w", r.Number, problems.Err())
	}
	doc.Environment = r.Owner == ownerEnvironment
	compiled, problems := doc.Compile(definition.Options{Insecure: true})
	if problems.Failed() {
		return nil, r, fmt.Errorf("compile revision %d: %w", r.Number, problems.Err())
	}
	return compiled.Set, r, nil
}

// storeFiles and asFiles turn the files of definitions into those of a revision,
// and back.
func storeFiles(files []definition.File) []store.File {
	out := make([]store.File, len(files))
	for i, f := range files {
		out[i] = store.File{Name: f.Name, Text: string(f.Text)}
	}
	return out
}

func asFiles(files []store.File) []definition.File {
	out := make([]definition.File, len(files))
	for i, f := range files {
		out[i] = definition.File{Name: f.Name, Text: []byte(f.Text)}
	}
	return out
}

// keepRevision has what is in force kept as a revision, as soon as there is a
// store: so that `explain --at` can tell what was in force, whoever owns it.
func (s *server) keepRevision(f *inForce) {
	if f.number.Load() > 0 || s.kept == nil {
		return
	}
	if s.source.stored {
		s.rememberGood(&loaded{compiled: f.compiled, files: f.files, by: f.by, note: f.note})
	}
	s.kept.later(func(ctx context.Context, kept store.Store) error {
		if s.source.stored && s.inForce.Load() != f {
			return nil // others were applied meanwhile: these are not to come after them
		}
		last, err := kept.Revision(ctx, 0)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err == nil && last.Owner == ownerStore && !s.source.stored {
			s.log.Warn("the store owned the definitions before, and now another source does; to go back, start with weir serve --adopt FILE, then weir apply --revision with the number",
				"source", s.source.name(), "revision", last.Number)
			// What was last in force of the store's is not to come back by itself when the
			// database is away.
			_ = os.Remove(filepath.Join(s.kept.dir, lastGood))
		}
		if err == nil && last.Hash == f.compiled.Revision && last.Owner == s.source.owner() {
			f.since.Store(&last.Time)
			f.number.Store(int64(last.Number))
			return nil
		}
		r := store.Revision{Hash: f.compiled.Revision, Time: f.at.UTC(), Author: f.by, Owner: s.source.owner(), Files: storeFiles(f.files)}
		added, err := kept.AddRevision(ctx, r, last.Number)
		if err != nil {
			return err // somebody else was faster: it is looked at again
		}
		f.number.Store(int64(added.Number))
		s.kept.Record(&event.Decision{
			ID: event.NewID(r.Time), Project: "default", Time: r.Time, Subject: "definitions", Action: "apply",
			Reason: fmt.Sprintf("revision %d, read from %s", added.Number, s.source.name()), By: f.by,
		})
		return nil
	})
}
