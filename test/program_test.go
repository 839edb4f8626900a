package test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Bounds of waiting. Both are far beyond what a busy machine needs; a test that
// meets one has found something that does not come.
const (
	readyWithin = 30 * time.Second
	endsWithin  = 30 * time.Second
)

// weirBinary is the program under test, built once for all tests.
var weirBinary string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "weir-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "make a folder for the binary:", err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	weirBinary = filepath.Join(dir, "weir")
	if runtime.GOOS == "windows" {
		weirBinary += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", weirBinary, "../cmd/weir").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build weir: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// process is a server that a test started.
type process struct {
	name string
	cmd  *exec.Cmd
	out  *output // stdout and stderr together
	done chan struct{}
}

// start runs a program until the test ends. The test fails when the program
// cannot be run; its output is shown when the test has failed.
func start(t *testing.T, name string, env []string, command string, args ...string) *process {
	t.Helper()
	p := &process{name: name, cmd: exec.Command(command, args...), out: &output{}, done: make(chan struct{})}
	p.cmd.Env = append(environ(), env...)
	p.cmd.Dir = t.TempDir() // no weir.yaml of a developer's is picked up
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.stop(t)
		if t.Failed() {
			t.Logf("output of %s:\n%s", name, p.out)
		}
	})
	return p
}

// stop asks the program to end, and ends it when it does not.
func (p *process) stop(t *testing.T) {
	t.Helper()
	asked := p.cmd.Process.Signal(os.Interrupt)
	if asked != nil {
		_ = p.cmd.Process.Kill() // Windows knows no interrupt; or it has ended
	}
	select {
	case <-p.done:
		if code := p.cmd.ProcessState.ExitCode(); asked == nil && code != 0 {
			t.Errorf("%s ended with exit code %d after an interrupt, want 0", p.name, code)
		}
	case <-time.After(endsWithin):
		t.Errorf("%s did not stop within %s of an interrupt", p.name, endsWithin)
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// await polls until ready says yes, within a bound.
func (p *process) await(t *testing.T, what string, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(readyWithin); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if ready() {
			return
		}
		select {
		case <-p.done:
			t.Fatalf("%s ended before it was %s", p.name, what)
		default:
		}
	}
	t.Fatalf("%s was not %s within %s", p.name, what, readyWithin)
}

// environ is the environment without the variables that Weir or a client reads,
// so that a developer's own settings change no test.
func environ() []string {
	return slices.DeleteFunc(os.Environ(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return strings.HasPrefix(name, "MODEL_") || strings.HasPrefix(name, "WEIR_") || strings.HasPrefix(name, "OPENAI_") ||
			strings.HasSuffix(strings.ToLower(name), "_proxy")
	})
}

// output is what a program wrote so far.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// run runs a program to its end and gives what it wrote and its exit code.
func run(t *testing.T, env []string, stdin, command string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), endsWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, command, args...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Dir = append(environ(), env...), t.TempDir()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatalf("run %s: %v", command, err)
	}
	if ctx.Err() != nil {
		t.Fatalf("%s %q did not end within %s:\n%s%s", command, args, endsWithin, &out, &errs)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}
