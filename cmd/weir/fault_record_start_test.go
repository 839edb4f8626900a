package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/telemetry"
)

// Where nothing can be kept, Weir does not start, and says what to do. Whatever
// stops a start, nothing stays open: the next one has the folder to itself.
func TestStartThatFailsLeavesNothingOpen(t *testing.T) {
	m := model(t, "")
	for name, c := range map[string]struct {
		more  string
		spoil func(t *testing.T, folder string) // before
		mend  func(t *testing.T, l *live)
		says  []string
	}{
		"the folder is a file": {
			spoil: func(t *testing.T, folder string) { mustDo(t, os.WriteFile(folder, nil, 0o600)) },
			mend:  func(t *testing.T, l *live) { mustDo(t, os.Remove(l.folder())) },
			says:  []string{defaultFolder, "not a directory"},
		},
		"a journal that is none": {
			spoil: func(t *testing.T, folder string) {
				mustDo(t, os.MkdirAll(filepath.Join(folder, "journal"), 0o700))
				mustDo(t, os.WriteFile(filepath.Join(folder, "journal", "0"), nil, 0o600))
			},
			mend: func(t *testing.T, l *live) { mustDo(t, os.Remove(filepath.Join(l.folder(), "journal", "0"))) },
			says: []string{"journal", "not a directory"},
		},
		"another key": {
			spoil: func(t *testing.T, folder string) {
				mustDo(t, os.Mkdir(folder, 0o700))
				mustDo(t, os.WriteFile(filepath.Join(folder, unitKey), []byte("short"), 0o600))
			},
			mend: func(t *testing.T, l *live) { mustDo(t, os.Remove(filepath.Join(l.folder(), unitKey))) },
			says: []string{unitKey, "5 bytes, not 32"},
		},
		"a secret is missing": {
			more: "telemetry: {otlp: {endpoint: \"http://127.0.0.1:1\", headers: {authorization: env:C4N4RY}}}\n",
			mend: func(_ *testing.T, l *live) { l.env["C4N4RY"] = "Bearer x" },
			says: []string{"telemetry.otlp.headers.authorization", "env:C4N4RY is not set"},
		},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			l := prepare(t, pricedAt(m.URL())+c.more)
			if c.spoil != nil {
				c.spoil(t, l.folder())
			}
			before := runtime.NumGoroutine()
			_, err := newServer(source{path: l.file, env: l.variable}, serverOptions{}, silently(l.log))
			for _, part := range c.says {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("%v: want %q in it", err, part)
				}
			}
			eventually(t, "what was started has ended", func() bool { return runtime.NumGoroutine() <= before })
			c.mend(t, l)
			mustDo(t, l.serve(serverOptions{}))
			if l.s.kept.own.name != "0" {
				t.Errorf("the start that failed still holds a journal: this one has %s", l.s.kept.own.name)
			}
		})
	}
}

// Goroutines and descriptors are as they were when Weir has ended, however that was.
func TestNothingIsLeftAfterTheEnd(t *testing.T) {
	m := model(t, "usage=1000/500")
	round := func(o serverOptions) {
		l := prepare(t, pricedAt(m.URL()))
		l.client.Transport = nil
		s, err := newServer(source{path: l.file, env: l.variable}, o, silently(l.log))
		mustDo(t, err)
		l.s = s
		s.start()
		c := many()
		for i := range 10 {
			if g := askCounted(c, s.data.url(), i%2 == 0); g.status != 200 {
				t.Fatal(g)
			}
		}
		c.CloseIdleConnections()
		s.finish()
	}
	round(serverOptions{}) // what is made once
	goroutines, files := runtime.NumGoroutine(), openFiles()
	for range 5 {
		round(serverOptions{})
	}
	eventually(t, "goroutines and descriptors are as they were", func() bool {
		return runtime.NumGoroutine() <= goroutines+1 && openFiles() <= files+1 // the model's side of a connection may be closing yet
	})
}

// openFiles counts this process's descriptors, where the system shows them.
func openFiles() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}

// A database that opens when the process is at its end is closed again.
func TestStoreThatOpensTooLateIsClosed(t *testing.T) {
	t.Parallel() // it mostly waits
	l := &late{asked: make(chan struct{}), gate: make(chan struct{})}
	k, err := openKeeper(definition.Store{Dir: t.TempDir(), JournalLimit: 16 << 20}, telemetry.NewRecord(telemetry.New()), l.open, func() []analysis.Plan { return nil }, silently(&written{}))
	mustDo(t, err)
	k.start()
	<-l.asked
	k.stop()
	close(l.gate)
	eventually(t, "the store is closed", func() bool { return l.closed.Load() == 1 })
	if _, err := k.reader(); err == nil {
		t.Error("a store that is closed is given to readers")
	}
}
