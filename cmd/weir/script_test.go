package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts use the program as people do, in a folder and an environment of
// their own. Beside the commands of testscript they have
//
//	exits CODE COMMAND ARG...   runs it and expects that exit code
//	start NAME COMMAND ARG...   runs a Weir, waits until it listens, and sets
//	                            $NAME_DATA, $NAME_ADMIN and $NAME_TELEMETRY to their
//	                            URLs, and $NAME_DATA_AT and the like to HOST:PORT
//	begin NAME COMMAND ARG...   runs a program beside the script
//	await NAME REGEXP           waits until it wrote that
//	until REGEXP COMMAND ARG... runs it again and again until it writes that
//	end NAME CODE               interrupts it and expects that exit code
//	canned NAME FOLDER          serves FOLDER/PATH.STATUS.EXT, and sets $NAME
//	secret NAME FILE            sets a variable to what a file holds
//	aligned FILE                expects the columns of a table below one another
//	clean FILE...               expects no control character but line ends and tabs
func TestScripts(t *testing.T) {
	t.Parallel()
	runScripts(t, "testdata/script")
}

func runScripts(t *testing.T, folder string) {
	testscript.Run(t, testscript.Params{
		Dir:                 folder,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", "atexit_sleep_ms=0") // else the race detector holds each process up for a second
			e.Values[programs{}] = &running{byName: map[string]*program{}}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits, "start": start, "begin": begin, "await": await, "until": until, "end": end, "canned": canned,
			"secret": secret, "aligned": aligned, "clean": clean,
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARG...")
	}
	err := ts.Exec(args[1], args[2:]...)
	if got := exitCode(err); strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, want %s (%v)", got, args[0], err)
	}
}

func exitCode(err error) int {
	var e *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		return e.ExitCode()
	}
	return -1
}

// within bounds every wait of a script; a machine that is very busy needs a part of it.
const within = 30 * time.Second

// programs is the key of a script's running programs.
type programs struct{}

type running struct {
	mu     sync.Mutex
	byName map[string]*program
}

// program runs beside a script.
type program struct {
	cmd  *exec.Cmd
	out  *written
	done chan struct{}
}

// written is what a program wrote so far, to both of its outputs.
type written struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(p)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

func begin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: begin NAME COMMAND ARG...")
	}
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	p := &program{cmd: exec.Command(path, args[2:]...), out: &written{}, done: make(chan struct{})}
	p.cmd.Dir = ts.MkAbs(".")
	p.cmd.Env = environOf(ts)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	ts.Check(p.cmd.Start())
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	ts.Defer(func() {
		_ = p.cmd.Process.Kill()
		<-p.done
		ts.Logf("output of %s:\n%s", args[0], p.out)
	})
	r := ts.Value(programs{}).(*running)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byName[args[0]] = p
}

// scriptVariables are those that scripts set and a program may read.
var scriptVariables = []string{"PATH", "HOME", "TMPDIR", "SYSTEMROOT", "TEMP", "TMP", "WORK", "WEIR_KEY", "WEIR_ADMIN", "WEIR_GATEWAY", "OTHER_KEY",
	"MODEL_A_ENDPOINT", "MODEL_B_ENDPOINT", "TERM", "NO_COLOR", "A_SECRET", "GORACE"}

func environOf(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range scriptVariables {
		if v := ts.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

func find(ts *testscript.TestScript, name string) *program {
	r := ts.Value(programs{}).(*running)
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.byName[name]
	if p == nil {
		ts.Fatalf("nothing with the name %s was begun", name)
	}
	return p
}

func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await NAME REGEXP")
	}
	waitFor(ts, args[0], regexp.MustCompile("(?m)"+args[1]))
}

func waitFor(ts *testscript.TestScript, name string, re *regexp.Regexp) {
	p := find(ts, name)
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if re.MatchString(p.out.String()) {
			return
		}
		select {
		case <-p.done:
			if re.MatchString(p.out.String()) {
				return
			}
			ts.Fatalf("%s ended and had not written %s:\n%s", name, re, p.out)
		default:
		}
	}
	ts.Fatalf("%s did not write %s within %s:\n%s", name, re, within, p.out)
}

func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until REGEXP COMMAND ARG...")
	}
	re := regexp.MustCompile("(?m)" + args[0])
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		_ = ts.Exec(args[1], args[2:]...)
		if re.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
	ts.Fatalf("%q did not write %s within %s", args[1:], re, within)
}

func end(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: end NAME CODE")
	}
	p := find(ts, args[0])
	ts.Check(p.cmd.Process.Signal(os.Interrupt))
	select {
	case <-p.done:
	case <-time.After(within):
		ts.Fatalf("%s did not end within %s of an interrupt", args[0], within)
	}
	if got := strconv.Itoa(p.cmd.ProcessState.ExitCode()); got != args[1] {
		ts.Fatalf("%s ended with exit code %s, want %s:\n%s", args[0], got, args[1], p.out)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".out"), []byte(p.out.String()), 0o600))
}

var listens = regexp.MustCompile(`(?m)^ +(data|admin|telemetry) +(https?://[^/\s]+)`)

func start(ts *testscript.TestScript, neg bool, args []string) {
	args = append(slices.Clone(args), "--data", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--telemetry", "127.0.0.1:0")
	begin(ts, neg, args)
	waitFor(ts, args[0], regexp.MustCompile(`(?m)^ +telemetry +http.*\n`))
	for _, m := range listens.FindAllStringSubmatch(find(ts, args[0]).out.String(), -1) {
		_, at, _ := strings.Cut(m[2], "://")
		ts.Setenv(args[0]+"_"+strings.ToUpper(m[1]), m[2])
		ts.Setenv(args[0]+"_"+strings.ToUpper(m[1])+"_AT", at)
	}
}

// canned answers GET and POST of /v1/models with the file v1/models.200.json.
func canned(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: canned NAME FOLDER")
	}
	folder := ts.MkAbs(args[1])
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		found, _ := filepath.Glob(filepath.Join(folder, filepath.FromSlash(strings.ReplaceAll(r.URL.Path, ":", "_"))+".*"))
		if len(found) == 0 {
			http.NotFound(w, r)
			return
		}
		parts := strings.Split(filepath.Base(found[0]), ".")
		status, _ := strconv.Atoi(parts[1])
		w.Header().Set("Content-Type", map[string]string{"json": "application/json", "sse": "text/event-stream",
			"html": "text/html", "problem": "application/problem+json"}[parts[2]])
		w.Header().Set("X-Weir-Request-Id", "0198c0de-0000-7000-8000-000000000009")
		w.WriteHeader(status)
		text, _ := os.ReadFile(found[0])
		_, _ = w.Write(unescape(text))
	}))
	ts.Defer(s.Close)
	ts.Setenv(args[0], s.URL)
}

// unescape lets files of JSON hold control characters: those that must be
// escaped there, and those that may stand as they are.
func unescape(text []byte) []byte {
	for mark, c := range map[string]string{"<ESC>": `\u001b`, "<BEL>": `\u0007`, "<CSI>": "\u009b", "<RLO>": "\u202e"} {
		text = bytes.ReplaceAll(text, []byte(mark), []byte(c))
	}
	return text
}

func secret(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: secret NAME FILE")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}

// aligned looks for the gaps, two blanks wide or more, that go through all lines:
// there must be one between every two heads.
func aligned(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: aligned FILE")
	}
	text := strings.TrimSuffix(ts.ReadFile(args[0]), "\n")
	blank := map[int]bool{}
	var widest int
	lines := strings.Split(text, "\n")
	for _, l := range lines {
		widest = max(widest, len([]rune(l)))
	}
	for i := range widest {
		blank[i] = !slices.ContainsFunc(lines, func(l string) bool { r := []rune(l); return i < len(r) && r[i] != ' ' })
	}
	gaps := 0
	for i := range widest {
		if !blank[i-1] && blank[i] && blank[i+1] {
			gaps++
		}
	}
	if heads := len(strings.Fields(lines[0])); gaps != heads-1 {
		ts.Fatalf("%d gaps between %d columns:\n%s", gaps, heads, text)
	}
}

func clean(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: clean FILE...")
	}
	for _, name := range args {
		for i, r := range ts.ReadFile(name) {
			if r != '\n' && r != '\t' && hostile(r) && r != '\uFFFD' {
				ts.Fatalf("%s: %s at byte %d", name, fmt.Sprintf("%U", r), i)
			}
		}
	}
}
