//go:build unix

package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The demo leaves nothing behind, however it ends: asked to, with its terminal, or
// because it could not begin.
func TestDemoLeavesNothingBehind(t *testing.T) {
	t.Parallel() // it mostly waits
	path, err := exec.LookPath("weir")
	mustDo(t, err)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	mustDo(t, err)
	t.Cleanup(func() { _ = taken.Close() }) // the cases run when this function is over
	free := []string{"demo", "--data", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--telemetry", "127.0.0.1:0"}
	for name, c := range map[string]struct {
		args   []string
		signal os.Signal
	}{
		"Ctrl-C":            {free, os.Interrupt},
		"SIGTERM":           {free, syscall.SIGTERM},
		"a closed terminal": {free, syscall.SIGHUP},
		"an address taken":  {[]string{"demo", "--data", taken.Addr().String(), "--admin", "127.0.0.1:0", "--telemetry", "127.0.0.1:0"}, nil},
		"its own end":       {[]string{"demo", "--once"}, nil},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			folder, out := t.TempDir(), &written{}
			cmd := exec.Command(path, c.args...)
			cmd.Env = append(os.Environ(), "TMPDIR="+folder)
			cmd.Stdout, cmd.Stderr = out, out
			mustDo(t, cmd.Start())
			done := make(chan struct{})
			go func() { defer close(done); _ = cmd.Wait() }()
			if c.signal != nil {
				eventually(t, "it keeps something", func() bool { names, _ := filepath.Glob(folder + "/weir-demo-*/weir.db"); return len(names) == 1 })
				mustDo(t, cmd.Process.Signal(c.signal))
			}
			select {
			case <-done:
			case <-time.After(2 * soon):
				_ = cmd.Process.Kill()
				t.Fatalf("it has not ended:\n%s", out)
			}
			if left, _ := os.ReadDir(folder); len(left) > 0 {
				t.Errorf("%v is left behind:\n%s", left, out)
			}
		})
	}
}
