package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weirhq/weir/internal/store"
)

// S1: a store that may not be written. For root nothing is, so the thread that
// opens it gives its rights on files away.
func TestS1ReadOnlyStore(t *testing.T) {
	m := model(t, "usage=1000/500")
	l := prepare(t, pricedAt(m.URL()))
	mustDo(t, l.serve(serverOptions{}))
	var asked oracle
	asked.ask(l, 20)
	asked.agrees(t, l.kept())
	l.ends()
	readOnly := func(writable bool) {
		folder, file := os.FileMode(0o555), os.FileMode(0o444)
		if writable {
			folder, file = 0o777, 0o666
		}
		mustDo(t, os.Chmod(filepath.Dir(filepath.Dir(l.file)), 0o755))
		for _, name := range []string{"weir.db", "weir.db-lock", "weir-bodies.db"} {
			mustDo(t, os.Chmod(filepath.Join(l.folder(), name), file))
		}
		mustDo(t, os.Chmod(l.folder(), folder))
	}
	readOnly(false)
	t.Cleanup(func() { _ = os.Chmod(l.folder(), 0o700) })
	next := l.again(serverOptions{openStore: func(path string) (db store.Store, err error) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			runtime.LockOSThread() // and never given back: the thread ends with its fewer rights
			_ = syscall.Setfsuid(65534)
			db, err = openStore(path)
		}()
		<-done
		return db, err
	}})
	asked.ask(next, 20)
	next.away("is read-only")
	asked.ask(next, 20)
	readOnly(true)
	next.back()
	b := next.kept()
	asked.agrees(t, b)
	if len(b.events) != 60 {
		t.Errorf("%d events", len(b.events))
	}
}

// smallDisk is a folder on a file system of 16 MiB. fill uses up what is left of
// it, empty gives that back. Where none can be mounted, the store alone has no room.
func smallDisk(t *testing.T) (folder string, o serverOptions, fill, empty func()) {
	t.Helper()
	folder = t.TempDir()
	if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "size=16m"); err != nil {
		t.Logf("no small file system (%v): a store without room instead", err)
		open, room := without(t)
		return folder, serverOptions{openStore: open}, func() { room(false) }, func() { room(true) }
	}
	t.Cleanup(func() { mustDo(t, unix.Unmount(folder, unix.MNT_DETACH)) })
	other := filepath.Join(folder, "other")
	fill = func() {
		f, err := os.Create(other)
		mustDo(t, err)
		defer func() { _ = f.Close() }()
		for err == nil {
			_, err = f.Write(make([]byte, 16<<10))
		}
		if !errors.Is(err, unix.ENOSPC) {
			t.Fatal(err)
		}
	}
	return folder, o, fill, func() { mustDo(t, os.Remove(other)) }
}

// S3: others fill the disk up while requests run. Requests live, their money is
// kept, and when there is room again everything goes on without a restart.
func TestS3DiskFull(t *testing.T) {
	m := model(t, "usage=1000/500")
	folder, o, fill, empty := smallDisk(t)
	l := prepare(t, pricedAt(m.URL())+"store: {dir: "+filepath.Join(folder, "kept")+", journal_limit: 16MiB}\n")
	mustDo(t, l.serve(o))
	var asked oracle
	asked.ask(l, 100)
	asked.agrees(t, l.kept())
	fill()
	short := func() bool {
		return o.openStore != nil || l.s.kept.own.journal.Stats().Short
	}
	for n := 0; !short() || l.store().State != "away"; n++ {
		asked.ask(l, 100, "x-weir-tags", fat)
		if n == 200 {
			t.Fatalf("the disk is not full: %+v", l.store())
		}
	}
	asked.ask(l, 200)
	s := l.store()
	if !strings.Contains(s.Reason, "room") {
		t.Errorf("the store is away because of %q", s.Reason)
	}
	l.ready(true)
	empty()
	eventually(t, "there is room again", func() bool { s := l.s.kept.own.journal.Stats(); return !s.Short && s.InMemory == 0 })
	l.back()
	b := l.kept()
	asked.agrees(t, b)
	if n := int64(len(b.events)) + int64(l.metric(`weir_journal_shed_total{kind="event"}`)); n != asked.requests {
		t.Errorf("%d events are there or were shed, want %d", n, asked.requests)
	}
	asked.ask(l, 10)
	asked.agrees(t, l.kept())
}

// S3: started again while the disk is full, Weir serves: it has its reserve, and
// what is beyond that in memory.
func TestS3StartsOnAFullDisk(t *testing.T) {
	m := model(t, "usage=1000/500")
	folder, o, fill, empty := smallDisk(t)
	l := prepare(t, pricedAt(m.URL())+"store: {dir: "+filepath.Join(folder, "kept")+", journal_limit: 16MiB}\n")
	mustDo(t, l.serve(o))
	var asked oracle
	asked.ask(l, 20)
	asked.agrees(t, l.kept())
	l.ends()
	fill()
	next := l.again(o)
	asked.ask(next, 100)
	next.ready(true)
	empty()
	eventually(t, "there is room again", func() bool { s := next.s.kept.own.journal.Stats(); return !s.Short && s.InMemory == 0 })
	next.back()
	asked.agrees(t, next.kept())
}

// Two processes share a folder during a takeover. What the one had under way when
// it was killed, the other tells of: nobody has to start a third.
func TestR1TheOtherProcessCarriesOn(t *testing.T) {
	m := model(t, "usage=1000/500")
	definitions := strings.Replace(pricedAt(m.URL()), "routes:", "  endless: {vendor: vllm, model: id-e, endpoints: [\""+m.URL()+"/v1\"], price: {input: 0, output: 0}}\nroutes:\n  b: {baseline: endless}", 1)
	m.ForModel("id-e", endlessScript)
	flags := []string{"--reuse-port", "--data", freeAddress(t), "--admin", freeAddress(t), "--telemetry", freeAddress(t)}
	first := launch(t, definitions, flags...)
	c := many()
	for range 20 {
		if g := askCounted(c, first.data, false); g.status != 200 {
			t.Fatal(g)
		}
	}
	cut := first.streams(c, "b", 5)
	time.Sleep(100 * time.Millisecond) // three times what a begin may take to its file, and more
	c.CloseIdleConnections()
	second := relaunch(t, first.file, flags...)
	_ = first.cmd.Process.Kill()
	<-first.done
	for range 5 {
		<-cut
	}
	a := process{t: t, admin: second.admin}
	eventually(t, "the second knows what the first one did", func() bool { n, _ := a.outcomes("m"); return n["ok"] == 20 })
	eventually(t, "the second tells what the first one had under way", func() bool { n, _ := a.outcomes("b"); return n["interrupted"] == 5 })
	if n, _ := a.outcomes("b"); len(n) != 1 {
		t.Errorf("the streams of the first one ended as %v", n)
	}
	if code := status(second.data + "/readyz"); code != 200 {
		t.Errorf("/readyz: %d", code)
	}
}
