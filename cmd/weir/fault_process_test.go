package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// process is a Weir of its own, run by the name under which TestMain offers it.
type process struct {
	t                      *testing.T
	cmd                    *exec.Cmd
	out                    *written
	done                   chan struct{}
	file                   string
	data, admin, telemetry string // URLs
}

// launch runs `weir serve` with definitions, and waits until it listens.
func launch(t *testing.T, definitions string, flags ...string) *process {
	t.Helper()
	file := filepath.Join(t.TempDir(), "weir.yaml")
	if err := os.WriteFile(file, []byte(definitions), 0o600); err != nil {
		t.Fatal(err)
	}
	return relaunch(t, file, flags...)
}

// relaunch is launch with a file that is there.
func relaunch(t *testing.T, file string, flags ...string) *process {
	t.Helper()
	path, err := exec.LookPath("weir")
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(path, append([]string{"serve", "-c", file}, flags...)...), out: &written{}, done: make(chan struct{}), file: file}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "MODEL_") || strings.HasPrefix(kv, "WEIR_") })
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.done
		if t.Failed() {
			t.Logf("output of process %d:\n%s", p.cmd.Process.Pid, p.out)
		}
	})
	eventually(t, "the process listens", func() bool {
		for _, m := range listens.FindAllStringSubmatch(p.out.String(), -1) {
			switch m[1] {
			case "data":
				p.data = m[2]
			case "admin":
				p.admin = m[2]
			case "telemetry":
				p.telemetry = m[2]
			}
		}
		return p.telemetry != ""
	})
	return p
}

// ends waits for the end of the process and gives its exit code.
func (p *process) ends(within time.Duration) int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(within):
		p.t.Fatalf("the process has not ended within %s", within)
	}
	return p.cmd.ProcessState.ExitCode()
}

// status is the status of a GET over a connection of its own, 0 without an answer.
func status(url string) int {
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: soon}
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	return do(c, req).status
}
