package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/record"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/telemetry"
)

// keeper is what outlives the process: a folder with the journal, the database,
// and the writer that carries records from one to the other.
//
// The journal is needed to start; the database is not: it is opened when it can
// be, and until then requests are served and records wait in the journal.
type keeper struct {
	dir    string
	log    *slog.Logger
	plans  func() []analysis.Plan // of the definitions in force: which sums are kept
	key    []byte                 // hashes units, so that a restart knows them again
	store  definition.Store
	db     *database
	counts *record.Counts
	own    *slot

	mu      sync.Mutex
	rest    []*slot // left behind by processes that have ended, while they are carried on
	damaged uint64  // stretches of those that were carried on and given back

	waiting chan func(context.Context, store.Store) error // what needs a store, in turn
	cancel  context.CancelFunc                            // nil: not started
	running sync.WaitGroup
}

// openKeeper opens the folder. The error says what to do about it.
func openKeeper(c definition.Store, families *telemetry.Record, open storeOpener, plans func() []analysis.Plan, log *slog.Logger) (*keeper, error) {
	k := &keeper{
		dir: c.Dir, log: log, plans: plans, store: c, counts: countsOf(families.Writing()),
		db:      &database{path: filepath.Join(c.Dir, databaseName), open: open},
		waiting: make(chan func(context.Context, store.Store) error, 64),
	}
	const elsewhere = "give another one: store.dir in the definitions, or --store DIR"
	if err := os.MkdirAll(filepath.Join(k.dir, "journal"), 0o700); err != nil {
		return nil, advise(fmt.Errorf("make the folder for what is kept: %w", err), "%s", elsewhere)
	}
	var err error
	if k.key, err = keptKey(k.dir); err != nil {
		return nil, err
	}
	if k.own, err = k.openOwn(); err != nil {
		return nil, advise(err, "give the user that runs Weir the right to write in %s, make room there, or %s", k.dir, elsewhere)
	}
	return k, nil
}

// unitKey names the file with the key that hashes units.
const unitKey = "unit.key"

// keptKey reads the key of a folder, or makes it the first time. It is written
// beside its place and linked there whole: a process that is killed on the way, or
// that comes at the same time, leaves no half of a key.
func keptKey(dir string) ([]byte, error) {
	name := filepath.Join(dir, unitKey)
	key, err := os.ReadFile(name)
	if err == nil && len(key) != 32 {
		return nil, advise(fmt.Errorf("%s has %d bytes, not 32: it is not the key that hashes units here", name, len(key)),
			"bring it back from a backup; a new key would make every user a new one")
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if used := usedFolder(dir); used != "" {
		return nil, advise(fmt.Errorf("%s is missing, and %s holds units hashed with it", name, used),
			"bring it back from a backup; or, to go on with every user a new one, make another: head -c 32 /dev/urandom > %s", name)
	}
	if err := makeKey(dir, name); err != nil {
		return nil, advise(fmt.Errorf("make the key that hashes units: %w", err), "make room in %s, or give another folder: --store DIR", dir)
	}
	return os.ReadFile(name)
}

// usedFolder names what an earlier process kept in a folder, "" when it is new.
func usedFolder(dir string) string {
	segments, _ := filepath.Glob(filepath.Join(dir, "journal", "*", "*.segment")) // the pattern is good
	for _, name := range append([]string{filepath.Join(dir, databaseName)}, segments...) {
		if at, err := os.Stat(name); err == nil && at.Size() > 0 {
			return name
		}
	}
	return ""
}

// makeKey makes a new key, unless another process was faster.
func makeKey(dir, name string) error {
	f, err := os.CreateTemp(dir, unitKey+"-") // readable for its owner alone
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	_, err = f.Write(key)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	switch err := os.Link(f.Name(), name); {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil: // a file system without links
		if err := os.Rename(f.Name(), name); err != nil {
			return err
		}
	}
	if folder, err := os.Open(dir); err == nil { // where folders can be flushed
		_ = folder.Sync()
		_ = folder.Close()
	}
	return nil
}

// countsOf shows what the writer counts.
func countsOf(w *telemetry.Writing) *record.Counts {
	return &record.Counts{
		Applied: w.Applied, Batches: w.Batches, Failures: w.StoreErrors, SetAside: w.SetAside, Unknown: w.Unknown,
		Interrupted: w.Interrupted, Repeated: w.Repeated, LeftOut: w.UnitsLeft, TagsOther: w.TagsLeft, Deleted: w.Deleted, Unowned: w.Unowned,
	}
}

// setAside keeps a record that the store refuses, for people.
func (k *keeper) setAside(r event.Record, why error) error {
	f, err := os.OpenFile(filepath.Join(k.dir, "refused.jsonl"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	err = json.NewEncoder(f).Encode(map[string]any{"kind": r.Kind(), "record": r, "why": why.Error(), "at": time.Now().UTC()})
	return errors.Join(err, f.Sync(), f.Close())
}

// reader is the database as it is read, or why it cannot be.
func (k *keeper) reader() (store.Store, error) {
	if k == nil {
		return nil, errNothingKept
	}
	return k.db.reader()
}

// errNothingKept says that this process has no folder to keep anything in.
var errNothingKept = errors.New("nothing is kept: there is no folder to write to")

// Record is for what is not a request: decisions.
func (k *keeper) Record(r event.Record) { k.own.journal.Record(r) }

// start runs the writers and what waits for the database.
func (k *keeper) start() {
	ctx, cancel := context.WithCancel(context.Background())
	k.cancel = cancel
	k.running.Go(func() { _ = k.own.writer.Run(ctx) }) // what it leaves is in the journal, and it has said so
	k.running.Go(func() { k.inherit(ctx) })
	k.running.Go(func() { k.work(ctx) })
}

// later does something when there is a database, again until it succeeds. What
// is beyond the queue is dropped: it is asked again at the next reload.
func (k *keeper) later(do func(context.Context, store.Store) error) {
	select {
	case k.waiting <- do:
	default:
		k.log.Warn("the database is away, and too much waits for it: a revision is not kept")
	}
}

// again is the wait before something is tried again.
const again = time.Second

func (k *keeper) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case do := <-k.waiting:
			k.insist(ctx, do)
		}
	}
}

// insist does something until it succeeds or ctx ends.
func (k *keeper) insist(ctx context.Context, do func(context.Context, store.Store) error) {
	for said := false; ctx.Err() == nil; pause(ctx, again) {
		db, err := k.db.get(ctx)
		if err == nil {
			err = leaving(ctx, func() error { return do(ctx, db) })
		}
		if err == nil {
			return
		}
		if !said && ctx.Err() == nil {
			said = true
			k.log.Warn("a revision is not kept yet: it is tried again", "error", err.Error())
		}
	}
}

// closeWait is how long what hangs in an engine is waited for at the end. What it
// does not have is in the journal.
const closeWait = 5 * time.Second

// stop writes what is left to the journal and, as far as it can in a few
// seconds, to the database.
func (k *keeper) stop() {
	if k == nil {
		return
	}
	if k.cancel != nil {
		k.cancel()
	}
	k.running.Wait()
	if err := k.own.journal.Close(); err != nil {
		k.log.Error("close the journal", "error", err.Error())
	}
	if err := k.db.close(closeWait); err != nil {
		k.log.Error("close the database", "error", err.Error())
	}
}
