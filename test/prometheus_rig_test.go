//go:build tools

package test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// prometheus is a real Prometheus with the rules of deploy/, scraping every second.
type prometheus struct {
	*process
	url string
}

func startPrometheus(t *testing.T, targets ...string) *prometheus {
	t.Helper()
	rules, err := filepath.Abs(filepath.Join(root, "deploy", "prometheus"))
	if err != nil {
		t.Fatal(err)
	}
	for i, target := range targets {
		targets[i] = strings.TrimPrefix(target, "http://")
	}
	config := fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [%q, %q]
scrape_configs:
  - job_name: weir
    static_configs: [{targets: [%s]}]
`, filepath.Join(rules, "rules.yml"), filepath.Join(rules, "alerts.yml"), strings.Join(targets, ", "))
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	p := &prometheus{url: "http://" + address, process: start(t, "prometheus", nil, tool(t, "prometheus"),
		"--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)}
	p.await(t, "ready", func() bool { return status(p.url+"/-/ready") == http.StatusOK })
	return p
}

// freeAddress is one that nobody listens on. Prometheus cannot be asked which port
// it was given.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}

// sample is one value of an answer.
type sample struct {
	Metric map[string]string
	Value  [2]any   // of an instant
	Values [][2]any // of a range
}

func (s sample) number(t *testing.T) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(fmt.Sprint(s.Value[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// ask sends a query, at a time; zero is now.
func (p *prometheus) ask(t *testing.T, expr string, at time.Time) ([]sample, error) {
	t.Helper()
	params := url.Values{"query": {expr}}
	if !at.IsZero() {
		params.Set("time", strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64))
	}
	resp, err := http.PostForm(p.url+"/api/v1/query", params)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Status, Error string
		Data          struct{ Result []sample }
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if answer.Status != "success" {
		return nil, fmt.Errorf("%s", answer.Error)
	}
	return answer.Data.Result, nil
}

// scrapes are the times of the first and the last scrape of a target that worked.
func (p *prometheus) scrapes(t *testing.T, target string) (first, last time.Time) {
	t.Helper()
	got, err := p.ask(t, fmt.Sprintf(`up{instance=%q}[10m]`, strings.TrimPrefix(target, "http://")), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range got {
		for _, v := range s.Values {
			if v[1] != "1" {
				continue
			}
			at := time.UnixMilli(int64(v[0].(float64) * 1000))
			if first.IsZero() {
				first = at
			}
			last = at
		}
	}
	return first, last
}

// modelServer shows the metrics of a vLLM with a queue that moves, and of its GPU.
func modelServer(t *testing.T) *httptest.Server {
	var readings atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		n := readings.Add(1)
		fmt.Fprintf(w, `# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 3
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="m"} 2
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.5
# TYPE vllm:request_queue_time_seconds histogram
vllm:request_queue_time_seconds_bucket{engine="0",le="+Inf",model_name="m"} %[1]d
vllm:request_queue_time_seconds_sum{engine="0",model_name="m"} %[2]g
vllm:request_queue_time_seconds_count{engine="0",model_name="m"} %[1]d
`, 4*n, float64(n))
	})
	mux.HandleFunc("/gpu/metrics", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-1"} 90
DCGM_FI_DEV_FB_USED{gpu="0",UUID="GPU-1"} 60000
DCGM_FI_DEV_FB_FREE{gpu="0",UUID="GPU-1"} 20000
`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// demo runs `weir demo` on free ports.
func demo(t *testing.T, flags ...string) *weir {
	t.Helper()
	args := append([]string{"demo", "--data", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--telemetry", "127.0.0.1:0"}, flags...)
	w := &weir{process: start(t, "demo", nil, weirBinary, args...)}
	w.await(t, "listening", w.heard)
	w.await(t, "ready", func() bool { return status(w.data+"/readyz") == http.StatusOK })
	return w
}

// heard takes the addresses from what the program wrote, and says whether they are
// all there.
func (w *weir) heard() bool {
	for _, f := range listening.FindAllStringSubmatch(w.out.String(), -1) {
		switch f[1] {
		case "data":
			w.data = f[2]
		case "admin":
			w.admin = f[2]
		case "telemetry":
			w.telemetry = f[2]
		}
	}
	return w.data != "" && w.admin != "" && w.telemetry != ""
}
