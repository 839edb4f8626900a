package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/store"
)

// S5: a store that is not what was written is not served from. Weir starts, takes
// requests and says what to do; doing it brings everything back.
func TestS5DamagedStoreAtTheStart(t *testing.T) {
	m := model(t, "usage=1000/500")
	l := newLive(t, pricedAt(m.URL()))
	var asked oracle
	asked.ask(l, 20)
	asked.agrees(t, l.kept())
	backup := filepath.Join(filepath.Dir(l.file), "backup.db")
	var copied bytes.Buffer
	if _, err := l.admin().Backup(context.Background(), &copied); err != nil {
		t.Fatal(err)
	}
	mustDo(t, os.WriteFile(backup, copied.Bytes(), 0o600))
	asked.ask(l, 20) // are not in the backup
	asked.agrees(t, l.kept())
	l.ends()
	spoiled(t, filepath.Join(l.folder(), databaseName), 100, bytes.Repeat([]byte{0xa5}, 3000))

	next := l.again(serverOptions{})
	asked.ask(next, 20)
	next.away("damaged")
	if s := next.store(); !strings.Contains(s.Reason, "weir restore") {
		t.Errorf("it does not say what to do: %s", s.Reason)
	}
	if code, _, said := runs(nil, "restore", backup, "--store", next.folder()); code == exitOK {
		t.Errorf("a backup was brought back under a Weir that runs: %s", said)
	}
	next.ends()
	code, out, said := runs(nil, "restore", backup, "--store", next.folder())
	if code != exitOK {
		t.Fatalf("weir restore ends with %d: %s %s", code, out, said)
	}
	next = l.again(serverOptions{})
	next.back()
	b := next.kept()
	asked.agrees(t, b)
	if len(b.events) != 60 {
		t.Errorf("%d events are there, want those of the backup, those since, and those while it was damaged: 60", len(b.events))
	}
}

// S5: what is damaged in the journal is passed over, counted and told; the rest of
// it comes to the store.
func TestS5DamagedJournal(t *testing.T) {
	m := model(t, "usage=1000/500")
	l := prepare(t, pricedAt(m.URL()))
	mustDo(t, l.serve(serverOptions{openStore: func(string) (store.Store, error) { return nil, os.ErrNotExist }}))
	var asked oracle
	asked.ask(l, 200)
	l.ends()
	segments, err := filepath.Glob(filepath.Join(l.folder(), "journal", "0", "*.segment"))
	if err != nil || len(segments) != 1 {
		t.Fatal(segments, err)
	}
	st, err := os.Stat(segments[0])
	mustDo(t, err)
	spoiled(t, segments[0], st.Size()/2, bytes.Repeat([]byte{0xa5}, 600))

	next := l.again(serverOptions{})
	next.back()
	b := next.kept()
	whole := 0
	for _, e := range b.events {
		if e.Outcome.String() == "ok" {
			whole++
		} else if e.Code != "weir_died" { // its end was lost, and its beginning tells of it
			t.Errorf("%s ended as %s", e.ID, e.Outcome)
		}
	}
	if whole < 190 || whole >= 200 || b.cost != meter.Micro(whole*(3*1000+15*500)) || b.requests != int64(len(b.events)) {
		t.Errorf("%d events for %d micro-dollars came through, of 200 where a few are damaged, and the ledger has %d requests", whole, b.cost, b.requests)
	}
	if n := next.metric("weir_journal_damaged_total"); n != 1 {
		t.Errorf("weir_journal_damaged_total is %v", n)
	}
	if !strings.Contains(next.log.String(), "journal: damaged, records are missing") {
		t.Error("the log does not tell")
	}
	if n := next.store().Journal.Damaged; n != 1 {
		t.Errorf("the API shows %d damaged stretches", n)
	}
	_, out, _ := runs(map[string]string{"WEIR_ADMIN": next.s.adminListener.url()}, "doctor", "-c", next.file)
	if !strings.Contains(out, "of the journal cannot be read") {
		t.Errorf("the doctor says\n%s", out)
	}
}

// R1: killed at the worst moment of its very first start, Weir starts again: there
// is no half of a key.
func TestR1FirstStartThatWasCutShort(t *testing.T) {
	m := model(t, "usage=1000/500")
	l := prepare(t, pricedAt(m.URL()))
	mustDo(t, os.MkdirAll(filepath.Join(l.folder(), "journal", "0"), 0o700))
	mustDo(t, os.WriteFile(filepath.Join(l.folder(), unitKey+"-1"), []byte("half"), 0o600))
	mustDo(t, os.WriteFile(filepath.Join(l.folder(), "journal", "0", "lock"), []byte("1\n"), 0o600))
	mustDo(t, l.serve(serverOptions{}))
	var asked oracle
	asked.ask(l, 4)
	asked.agrees(t, l.kept())
	key, err := os.ReadFile(filepath.Join(l.folder(), unitKey))
	if err != nil || len(key) != 32 {
		t.Errorf("%d bytes, %v", len(key), err)
	}
}

// Many that start at once in a new folder agree on one key.
func TestKeyIsMadeOnce(t *testing.T) {
	for range 20 {
		dir, keys := t.TempDir(), make(chan []byte, 8)
		for range cap(keys) {
			go func() {
				key, err := keptKey(dir)
				if err != nil {
					t.Error(err)
				}
				keys <- key
			}()
		}
		first := <-keys
		for range cap(keys) - 1 {
			if key := <-keys; len(key) != 32 || !bytes.Equal(key, first) {
				t.Fatalf("keys %x and %x", first, key)
			}
		}
	}
}
