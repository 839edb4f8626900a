package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	lite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/store"
)

// trouble is what keeps the store away: begin makes it in the folder of what is
// kept, before Weir starts, and gives what ends it.
type trouble struct {
	name, why string
	begin     func(t *testing.T, folder string, o *serverOptions) (end func())
}

var troubles = []trouble{
	{"absent", "no such file or directory", func(t *testing.T, folder string, _ *serverOptions) func() {
		volume := filepath.Join(filepath.Dir(folder), "volume") // one that is not mounted yet
		mounted := func() {
			mustDo(t, os.Mkdir(volume, 0o700))
			mustDo(t, os.WriteFile(filepath.Join(volume, databaseName), nil, 0o600))
		}
		mustDo(t, os.Symlink(filepath.Join(volume, databaseName), filepath.Join(folder, databaseName)))
		return mounted
	}},
	{"a folder in its place", "is a folder", func(t *testing.T, folder string, _ *serverOptions) func() {
		mustDo(t, os.Mkdir(filepath.Join(folder, databaseName), 0o700))
		return func() { mustDo(t, os.Remove(filepath.Join(folder, databaseName))) }
	}},
	{"locked", "is held by another process", func(t *testing.T, folder string, _ *serverOptions) func() {
		conn, err := lite.OpenConn(filepath.Join(folder, databaseName))
		mustDo(t, err)
		mustDo(t, sqlitex.ExecuteScript(conn, "PRAGMA application_id = 1466263922", nil)) // ours, and new
		mustDo(t, sqlitex.ExecuteTransient(conn, "BEGIN EXCLUSIVE", nil))
		return func() { mustDo(t, conn.Close()) }
	}},
	{"hung", "its disk may hang", func(t *testing.T, _ string, o *serverOptions) func() {
		until := make(chan struct{})
		o.openStore = func(path string) (store.Store, error) {
			<-until
			return openStore(path)
		}
		return func() { close(until) }
	}},
	{"broken", "a defect of a driver", func(_ *testing.T, _ string, o *serverOptions) func() {
		until := make(chan struct{})
		o.openStore = func(path string) (store.Store, error) {
			select {
			case <-until:
				return openStore(path)
			default:
				panic("a defect of a driver")
			}
		}
		return func() { close(until) }
	}},
}

// S1: whatever keeps the store away at the start, requests are served and
// recorded, it is said that it is away and why, and when the trouble ends all that
// happened is there, without a restart.
func TestS1StoreAwayAtTheStart(t *testing.T) {
	t.Parallel() // it mostly waits
	for _, c := range troubles {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			c.survives(t)
		})
	}
}

func (c trouble) survives(t *testing.T) {
	m := model(t, "usage=1000/500")
	l := prepare(t, pricedAt(m.URL()))
	mustDo(t, os.Mkdir(l.folder(), 0o700))
	_, err := keptKey(l.folder()) // the folder is not new
	mustDo(t, err)
	var o serverOptions
	end := c.begin(t, l.folder(), &o)
	mustDo(t, l.serve(o))
	l.ready(true)
	var asked oracle
	asked.ask(l, 20)
	l.away(c.why)
	asked.ask(l, 20)
	if page, err := l.admin().Events(context.Background(), client.Query{Limit: 100}); err != nil || len(page.Events) != 40 {
		t.Errorf("while the store is away, the API shows %d events, %v", len(page.Events), err)
	}
	end()
	l.back()
	b := l.kept()
	asked.agrees(t, b)
	if len(b.events) != 40 || b.cost != 40*(3*1000+15*500) {
		t.Errorf("%d events for %d micro-dollars came to the store", len(b.events), b.cost)
	}
	if n := l.metric("weir_journal_shed_total{kind=\"event\"}"); n != 0 {
		t.Errorf("%v events were shed", n)
	}
}

// S1: the same when the trouble comes in the middle: another process takes the
// store's lock while requests run.
func TestS1StoreLockedInTheMiddle(t *testing.T) {
	t.Parallel() // it mostly waits
	m := model(t, "usage=1000/500")
	l := newLive(t, pricedAt(m.URL()))
	var asked oracle
	asked.ask(l, 20)
	asked.agrees(t, l.kept())
	conn, err := lite.OpenConn(filepath.Join(l.folder(), databaseName), lite.OpenReadWrite)
	mustDo(t, err)
	mustDo(t, sqlitex.ExecuteTransient(conn, "BEGIN IMMEDIATE", nil))
	asked.ask(l, 20)
	l.away("is held by another process")
	asked.ask(l, 20)
	mustDo(t, conn.Close())
	l.back()
	b := l.kept()
	asked.agrees(t, b)
	if len(b.events) != 60 {
		t.Errorf("%d events", len(b.events))
	}
}

// S2: a store that fails in every way it can, before a commit and after one, loses
// nothing and counts nothing twice.
func TestS2StoreThatFailsNowAndThen(t *testing.T) {
	t.Parallel() // it mostly waits
	m := model(t, "usage=1000/500")
	l := prepare(t, pricedAt(m.URL()))
	failed := &flaky{}
	mustDo(t, l.serve(serverOptions{openStore: func(path string) (db store.Store, err error) {
		failed.Store, err = openStore(path)
		return failed, err
	}}))
	var asked oracle
	for range 12 {
		asked.ask(l, 16)
		time.Sleep(20 * time.Millisecond) // so that there are many batches
	}
	b := l.kept()
	asked.agrees(t, b)
	if len(b.events) != 192 {
		t.Errorf("%d events", len(b.events))
	}
	if before, after := failed.before.Load(), failed.after.Load(); before < 2 || after < 2 || l.metric("weir_store_errors_total") == 0 {
		t.Errorf("only %d calls failed before their commit, and %d after: that is no test", before, after)
	}
}

// flaky is an engine of whose writes one in four fails, and one in four was done
// although it says that it failed.
type flaky struct {
	store.Store
	calls, before, after atomic.Int32
}

func (f *flaky) Apply(ctx context.Context, b *store.Batch) error {
	switch f.calls.Add(1) % 4 {
	case 1:
		f.before.Add(1)
		return errors.New("apply a batch: it failed")
	case 3:
		f.after.Add(1)
		return errors.Join(f.Store.Apply(ctx, b), errors.New("apply a batch: nobody knows whether it was"))
	}
	return f.Store.Apply(ctx, b)
}

// S1: a store that owns the definitions and cannot be read at the start does not
// keep Weir from serving what was last in force here.
func TestS1DefinitionsOfAStoreThatIsLocked(t *testing.T) {
	t.Parallel() // it mostly waits
	m := model(t, "usage=1000/500")
	l := prepare(t, pricedAt(m.URL()))
	a := &app{env: l.variable}
	start := func() {
		src, err := a.adopt(t.Context(), l.folder(), l.file)
		mustDo(t, err)
		l.s, err = newServer(src, serverOptions{}, silently(l.log))
		mustDo(t, err)
		l.s.start()
	}
	start()
	l.back()
	mustDo(t, os.Rename(l.file, l.file+".first")) // the store owns them from now on
	l.ends()
	conn, err := lite.OpenConn(filepath.Join(l.folder(), databaseName), lite.OpenReadWrite)
	mustDo(t, err)
	mustDo(t, sqlitex.ExecuteTransient(conn, "PRAGMA locking_mode = EXCLUSIVE", nil))
	mustDo(t, sqlitex.ExecuteTransient(conn, "BEGIN EXCLUSIVE", nil))
	start()
	t.Cleanup(func() { l.s.finish() })
	var asked oracle
	asked.ask(l, 20)
	l.ready(true)
	mustDo(t, conn.Close())
	l.back()
	eventually(t, "revision 1 is known to be in force", func() bool { return l.s.inForce.Load().number.Load() == 1 })
	asked.agrees(t, l.kept())
}

// S1: a store that hangs does not hold the end of the process either, and what it
// did not take is there at the next start.
func TestS1HungStoreDoesNotHoldTheEnd(t *testing.T) {
	t.Parallel() // it mostly waits
	for name, never := range map[string]func(*testing.T) storeOpener{
		"in-a-call": func(t *testing.T) storeOpener { open, _ := hangs(t); return open },
		"as-it-opens": func(t *testing.T) storeOpener {
			until := make(chan struct{})
			t.Cleanup(func() { close(until) })
			return func(string) (store.Store, error) { <-until; return nil, os.ErrClosed }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := model(t, "usage=1000/500")
			l := prepare(t, pricedAt(m.URL()))
			mustDo(t, l.serve(serverOptions{openStore: never(t)}))
			var asked oracle
			asked.ask(l, 20)
			began := time.Now()
			l.ends()
			if took := time.Since(began); took > 3*(lastCall+2*closeWait) {
				t.Errorf("the end took %s", took)
			}
			next := l.again(serverOptions{})
			b := next.kept()
			asked.agrees(t, b)
			if len(b.events) != 20 {
				t.Errorf("%d events", len(b.events))
			}
			for id, e := range b.events {
				if e.Outcome.String() != "ok" {
					t.Errorf("%s ended as %s: its end was not recorded", id, e.Outcome)
				}
			}
		})
	}
}
