package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// against runs a command against a server that answers as f says.
func against(t *testing.T, f http.HandlerFunc, args ...string) (code int, out, errs string) {
	t.Helper()
	s := httptest.NewServer(f)
	defer s.Close()
	var o, e strings.Builder
	a := &app{in: strings.NewReader(""), out: &o, err: &e, env: func(name string) (string, bool) { return s.URL, name == "WEIR_ADMIN" }}
	code = a.run(args)
	return code, o.String(), e.String()
}

// Half a copy never has the name of a backup, whatever breaks off, and no file is
// left behind.
func TestBackupIsWholeOrNotThere(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		code   int
		words  string
	}{
		"it breaks off": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("x", 100_000))
			panic(http.ErrAbortHandler)
		}, exitError, "back the store up"},
		"nothing comes": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }, exitError, "0 bytes came"},
		"it is refused": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, exitAuth, "scope admin"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			code, out, errs := against(t, c.answer, "backup", filepath.Join(folder, "b"))
			if code != c.code || out != "" || !strings.Contains(errs, c.words) {
				t.Errorf("exit code %d, %s%s", code, out, errs)
			}
			if left, _ := os.ReadDir(folder); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// A change without an answer may have been made: that is said, and where to look.
func TestApplyWithoutAnAnswer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "weir.yaml")
	if err := os.WriteFile(file, []byte("models: {m: {vendor: simulated}}\nroutes: {r: {baseline: m}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for _, c := range []struct {
		args []string
		says bool
	}{{[]string{"apply", "-f", file}, true}, {[]string{"apply", "--revision", "1"}, true}, {[]string{"apply", "-f", file, "--dry-run"}, false}} {
		code, _, errs := against(t, hangUp, c.args...)
		if code != exitError || strings.Contains(errs, "next: no answer came, so it may have been applied or not: weir get revisions tells") != c.says {
			t.Errorf("%v: exit code %d, %s", c.args, code, errs)
		}
	}
}

func TestBackupTakesNoOthersPlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "b")
	good := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "copy") }
	if code, _, errs := against(t, good, "backup", file); code != exitOK {
		t.Fatal(code, errs)
	}
	st, err := os.Stat(file)
	if err != nil || st.Size() != 4 || !isWindows && st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st, err)
	}
	if code, _, errs := against(t, good, "backup", file); code != exitConflict || !strings.Contains(errs, "is there already") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	// Somebody is faster while the copy comes.
	late := filepath.Join(t.TempDir(), "late")
	code, _, errs := against(t, func(w http.ResponseWriter, r *http.Request) {
		_ = os.WriteFile(late, []byte("another"), 0o600)
		good(w, r)
	}, "backup", late)
	if text, _ := os.ReadFile(late); code != exitConflict || string(text) != "another" {
		t.Errorf("exit code %d, %q: %s", code, text, errs)
	}
	if code, out, _ := against(t, good, "backup", "-"); code != exitOK || out != "copy" {
		t.Errorf("exit code %d, %q", code, out)
	}
}

// --wait returns when the status shows the revision, and not for ever.
func TestApplyWaits(t *testing.T) {
	file := filepath.Join(t.TempDir(), "weir.yaml")
	if err := os.WriteFile(file, []byte(simplest), 0o600); err != nil {
		t.Fatal(err)
	}
	var looks atomic.Int64
	weir := func(after int64) http.HandlerFunc {
		looks.Store(0)
		return func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method == http.MethodPost:
				_, _ = io.WriteString(w, `{"applied":true,"changed":true,"revision":{"number":7,"hash":"new"}}`)
			case looks.Add(1) > after:
				_, _ = io.WriteString(w, `{"revision":"new"}`)
			default:
				_, _ = io.WriteString(w, `{"revision":"old"}`)
			}
		}
	}
	if code, out, errs := against(t, weir(2), "apply", "-f", file, "--wait", "-o", "name"); code != exitOK || out != "7\n" || looks.Load() != 3 {
		t.Errorf("exit code %d after %d looks: %s%s", code, looks.Load(), out, errs)
	}
	code, _, errs := against(t, weir(1<<30), "apply", "-f", file, "--wait", "--timeout", "50ms")
	if code != exitTimeout || !strings.Contains(errs, "it is applied, and after 50ms the status shows revision old") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if code, _, _ := against(t, weir(1<<30), "apply", "-f", file); code != exitOK || looks.Load() != 0 {
		t.Errorf("exit code %d after %d looks without --wait", code, looks.Load())
	}
}

// A trace is found by the caller's own id and the reply's too.
func TestTraceByAnotherID(t *testing.T) {
	code, out, errs := against(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/api/v1/events" && r.URL.Query().Get("id") == "mine":
			_, _ = io.WriteString(w, `{"events":[{"id":"weirs"}]}`)
		case r.URL.Path == "/api/v1/events":
			_, _ = io.WriteString(w, `{"events":[]}`)
		case r.URL.Path == "/api/v1/events/weirs":
			_, _ = io.WriteString(w, `{"id":"weirs","waterfall":[],"money":{}}`)
		default:
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(404)
			_, _ = io.WriteString(w, `{"code":"event_not_found","detail":"there is no event"}`)
		}
	}, "trace", "mine")
	if code != exitOK || !strings.HasPrefix(out, "request weirs\n") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

// restore holds the journals of the folder: a Weir that runs there keeps it away,
// whatever its database does.
func TestRestoreRefusesAWeirThatRuns(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "journal", "0"), 0o700); err != nil {
		t.Fatal(err)
	}
	release, err := holdJournals(dir)
	if err != nil {
		t.Fatal(err)
	}
	a := quiet()
	backup := filepath.Join(t.TempDir(), "b")
	if err := os.WriteFile(backup, []byte("no backup"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.restore(context.Background(), backup, dir, "text"); codeOf(err) != exitConflict {
		t.Errorf("while it runs: %v", err)
	}
	release()
	if err := a.restore(context.Background(), backup, dir, "text"); err == nil || codeOf(err) == exitConflict {
		t.Errorf("a file that is no backup: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, databaseName)); err == nil {
		t.Error("a file that is no backup was put in place")
	}
}

func TestMoment(t *testing.T) {
	now := time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC)
	vienna, err := zoneOf("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"2026-03-29T04:00:00+02:00": "2026-03-29T02:00:00Z", "2026-03-29T04:00:00Z": "2026-03-29T04:00:00Z",
		"2026-03-29": "2026-03-28T23:00:00Z", "2026-03-30": "2026-03-29T22:00:00Z", // between them the clock was put forward
		"2026-01-31T15:04": "2026-01-31T14:04:00Z", "2026-01-31 15:04:05": "2026-01-31T14:04:05Z",
		"36h": "2026-03-28T00:00:00Z", "7d": "2026-03-22T12:00:00Z", "0h": "2026-03-29T12:00:00Z",
		"yesterday": "", "-1h": "", "1000000d": "", "2026-13-01": "", "2026-02-30": "",
	} {
		at, err := moment("--from", text, vienna, now)
		switch {
		case want == "" && (err == nil || codeOf(err) != exitUsage):
			t.Errorf("%q: %v, %v", text, at, err)
		case want != "" && (err != nil || at.UTC().Format(time.RFC3339) != want):
			t.Errorf("%q: %v, %v, want %s", text, at, err, want)
		}
	}
	if at, err := moment("--from", "", vienna, now); err != nil || !at.IsZero() {
		t.Errorf("%v, %v", at, err)
	}
	for _, name := range []string{"Local", "Nowhere/At_All", "../../etc/passwd"} {
		if _, err := zoneOf(name); codeOf(err) != exitUsage {
			t.Errorf("zone %q: %v", name, err)
		}
	}
}
