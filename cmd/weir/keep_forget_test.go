package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Who is forgotten right after a request is forgotten: neither does what waits in
// the journal come to the database afterwards, nor does the journal keep it.
func TestForgetReachesTheJournal(t *testing.T) {
	m := model(t, "")
	l := newLive(t, twoModelsOf(m.URL(), m.URL())+"store: {bodies: 100%}\n")
	if _, err := l.s.kept.db.get(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if g := l.ask("a", false, "x-user-id", "ada"); g.status != http.StatusOK {
			t.Fatal(g)
		}
		url := l.s.adminListener.url() + "/api/v1/units:forget"
		req, _ := http.NewRequest(http.MethodPost, url, strings.NewReader(`{"kind":"user","id":"ada"}`))
		req.Header.Set("Content-Type", "application/json")
		if g := do(l.client, req); g.status != http.StatusOK || !strings.Contains(g.body, `"events":1,`) {
			t.Errorf("%d %s", g.status, g.body)
		}
	}
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		found := 0
		files, _ := filepath.Glob(filepath.Join(l.s.kept.dir, "journal", "*", "*.segment"))
		for _, f := range files {
			text, _ := os.ReadFile(f)
			found += strings.Count(string(text), "messages")
		}
		if found == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d requests are in the journal yet", found)
		}
	}
}

// A folder that holds hashes made with a key is not given another one in silence.
func TestMissingUnitKey(t *testing.T) {
	dir := t.TempDir()
	if _, err := keptKey(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, databaseName), []byte("something"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, unitKey)); err != nil {
		t.Fatal(err)
	}
	if _, err := keptKey(dir); err == nil || !strings.Contains(err.Error(), "is missing") {
		t.Error(err)
	}
}
