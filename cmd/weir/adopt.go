package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// lastGood is the file with the definitions that the store owns, as they were last
// in force here: what is served when the database is away at the start.
const lastGood = "definitions.json"

// storeWait is how long a start waits for the database before it serves what was
// last in force here.
const storeWait = 5 * time.Second

// rememberGood writes what is in force beside the database.
func (s *server) rememberGood(l *loaded) {
	r := store.Revision{
		Number: l.number, Hash: l.compiled.Revision, Time: time.Now().UTC(), Author: l.by, Note: l.note, Owner: ownerStore, Files: storeFiles(l.files),
	}
	text, err := json.Marshal(r)
	if err == nil {
		err = replaceFile(filepath.Join(s.kept.dir, lastGood), text, 0o600)
	}
	if err != nil {
		s.log.Error("what is in force cannot be written beside the database", "error", err.Error())
	}
}

// adopted reads the definitions that the store in a folder owns: the last
// revision, or what was last in force here while the database is away. ok is false
// when there are none.
func adopted(ctx context.Context, dir string) (r store.Revision, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeWait)
	defer cancel()
	for {
		r, ok, err = lastRevisionWithin(ctx, dir)
		if err == nil || ctx.Err() != nil {
			break
		}
		pause(ctx, 100*time.Millisecond)
	}
	if err == nil {
		return r, ok, nil
	}
	text, readErr := os.ReadFile(filepath.Join(dir, lastGood))
	switch {
	case errors.Is(readErr, fs.ErrNotExist):
		return r, false, fmt.Errorf("read the definitions that the store owns: %w", err)
	case readErr != nil:
		return r, false, readErr
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, false, fmt.Errorf("read %s: %w", filepath.Join(dir, lastGood), err)
	}
	return r, true, nil
}

// lastRevisionWithin is lastRevision for as long as ctx lasts: a disk that hangs
// holds up neither a start nor what was last in force.
func lastRevisionWithin(ctx context.Context, dir string) (r store.Revision, ok bool, err error) {
	type last struct {
		r  store.Revision
		ok bool
	}
	found := make(chan last, 1)
	err = leaving(ctx, func() error {
		r, ok, err := lastRevision(ctx, dir)
		found <- last{r, ok}
		return err
	})
	select {
	case l := <-found:
		return l.r, l.ok, err
	default:
		return r, false, err
	}
}

func lastRevision(ctx context.Context, dir string) (r store.Revision, ok bool, err error) {
	name := filepath.Join(dir, databaseName)
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return r, false, nil
	}
	db, err := openStore(name)
	if err != nil {
		return r, false, err
	}
	defer func() { _ = db.Close() }()
	r, err = db.Revision(ctx, 0)
	if errors.Is(err, store.ErrNotFound) {
		return r, false, nil
	}
	return r, err == nil && r.Owner == ownerStore, err
}

// adopt makes the store the owner of the definitions: its last revision, or, the
// first time, those of a file.
func (a *app) adopt(ctx context.Context, dir, first string) (source, error) {
	if dir == "" {
		dir = defaultFolder
	}
	r, ok, err := adopted(ctx, dir)
	if ok && err == nil {
		return a.stored(dir, r), nil
	}
	src := source{env: a.env, stored: true, store: dir}
	if err != nil {
		return src, err
	}
	file := source{path: first, env: a.env}
	if first == "" {
		return src, usage(fmt.Errorf("the store in %s owns no definitions yet; name the first ones: --adopt FILE", dir))
	}
	if src.inline, err = file.files(); err != nil {
		return src, err
	}
	for i := range src.inline { // where they came from says nothing any more
		src.inline[i].Name = filepath.Base(src.inline[i].Name)
	}
	src.by = "adopted"
	return src, nil
}

// stored is the source of definitions that a store owns.
func (a *app) stored(dir string, r store.Revision) source {
	return source{env: a.env, stored: true, store: dir, inline: asFiles(r.Files), number: r.Number, since: &r.Time, by: r.Author, note: r.Note}
}

// defaultFolder is where things are kept when nobody says where.
const defaultFolder = "weir-data"

// databaseName is the database within the folder.
const databaseName = "weir.db"
