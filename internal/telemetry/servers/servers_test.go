package servers

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir/internal/telemetry"
)

// pages is a transport that serves pages without a network, so that time can be
// a test's own.
type pages struct {
	mu    sync.Mutex
	page  func(*http.Request) (int, string)
	asked []string
}

func (p *pages) RoundTrip(req *http.Request) (*http.Response, error) {
	p.mu.Lock()
	p.asked = append(p.asked, req.URL.String())
	page := p.page
	p.mu.Unlock()
	status, body := page(req)
	if status == 0 {
		<-req.Context().Done() // a server that hangs
		return nil, req.Context().Err()
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}, Request: req}, nil
}

func (p *pages) serve(status int, body string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.page = func(*http.Request) (int, string) { return status, body }
}

func (p *pages) times() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.asked)
}

// start runs a reader in a bubble of a test's own time.
func start(t *testing.T, cfg Config) *Reader {
	t.Helper()
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-done })
	synctest.Wait()
	return r
}

var llama = Target{Model: "llama", Endpoint: "gpu-0", URL: "http://gpu-0:8000/metrics"}

func TestReadsNowAndEveryInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pages{}
		p.serve(200, "vllm:num_requests_waiting 3\n")
		r := start(t, Config{Targets: []Target{llama}, Via: p})
		if p.times() != 1 {
			t.Fatalf("asked %d times at the start, want once", p.times())
		}
		time.Sleep(60 * time.Second)
		synctest.Wait()
		if p.times() != 5 {
			t.Errorf("asked %d times in a minute and at its start, want 5", p.times())
		}
		s := r.States()["llama"][0]
		if !s.Up || say(s.Waiting) != "3" || s.Age != 0 || s.Kind != VLLM || s.Error != "" {
			t.Errorf("%+v", s)
		}
	})
}

// The last values stay, with their age and why there are no newer ones; a scraper
// sees them only as long as they can still be true.
func TestServerThatGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pages{}
		p.serve(200, "vllm:num_requests_waiting 3\n")
		r := start(t, Config{Targets: []Target{llama}, Via: p})
		p.serve(503, "")
		time.Sleep(31 * time.Second)
		s := r.States()["llama"][0]
		if s.Up || s.Failures != 2 || s.Age != 31*time.Second || say(s.Waiting) != "3" || s.Error != "cannot read: it answered 503 Service Unavailable" {
			t.Errorf("after 31 s: %+v", s)
		}
		if one := r.Telemetry()[0]; one.Up || one.Age != 31 || say(one.Waiting) != "3" {
			t.Errorf("after 31 s a scraper sees %+v", one)
		}
		time.Sleep(30 * time.Second)
		if one := r.Telemetry()[0]; one.Up || one.Age != 61 || one.Waiting != nil {
			t.Errorf("after 61 s a scraper sees %+v", one)
		}
		if s := r.States()["llama"][0]; say(s.Waiting) != "3" {
			t.Errorf("after 61 s: %+v", s)
		}
		p.serve(200, "vllm:num_requests_waiting 0\n")
		time.Sleep(15 * time.Second)
		if s := r.States()["llama"][0]; !s.Up || s.Failures != 0 || s.Error != "" || say(s.Waiting) != "0" {
			t.Errorf("back again: %+v", s)
		}
	})
}

func TestServerThatWasNeverReadHasNoValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pages{}
		p.serve(404, "")
		r := start(t, Config{Targets: []Target{llama}, Via: p})
		s := r.States()["llama"][0]
		if s.Up || !s.ReadAt.IsZero() || s.Waiting != nil || !strings.Contains(s.Error, "404 Not Found; the page is /metrics") {
			t.Errorf("%+v", s)
		}
		if one := r.Telemetry()[0]; one.Age >= 0 {
			t.Errorf("its values are %v s old", one.Age)
		}
	})
}

func TestServerThatHangsHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pages{}
		p.page = func(req *http.Request) (int, string) {
			if strings.HasPrefix(req.URL.Host, "hangs") {
				return 0, ""
			}
			return 200, "tgi_queue_size 1\n"
		}
		r := start(t, Config{Via: p, Targets: []Target{
			{Model: "a", Endpoint: "x", URL: "http://hangs/metrics"}, {Model: "b", Endpoint: "y", URL: "http://fine/metrics"},
		}})
		if s := r.States()["b"][0]; !s.Up {
			t.Errorf("its neighbour: %+v", s)
		}
		if s := r.States()["a"][0]; s.Error != "not read yet" {
			t.Errorf("while it hangs: %+v", s)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if s := r.States()["a"][0]; s.Error != "cannot read: no answer within 5s" {
			t.Errorf("given up: %+v", s)
		}
		time.Sleep(55 * time.Second)
		synctest.Wait()
		if s := r.States()["b"][0]; !s.Up || s.Age > 15*time.Second {
			t.Errorf("its neighbour a minute later: %+v", s)
		}
	})
}

func TestQueueWaitIsTheMeanBetweenTwoReadings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pages{}
		queue := func(sum, count float64) {
			p.serve(200, fmt.Sprintf("vllm:num_requests_waiting 0\nvllm:request_queue_time_seconds_sum %v\nvllm:request_queue_time_seconds_count %v\n", sum, count))
		}
		queue(100, 1000)
		r := start(t, Config{Targets: []Target{llama}, Via: p})
		for _, c := range []struct {
			sum, count float64
			want       string
		}{{106, 1012, "0.5"}, {106, 1012, "-"}, {1, 2, "-"}, {4, 5, "1"}} {
			queue(c.sum, c.count)
			time.Sleep(15 * time.Second)
			synctest.Wait()
			if got := say(r.States()["llama"][0].QueueWait); got != c.want {
				t.Errorf("at %v s of %v: a wait of %s, want %s", c.sum, c.count, got, c.want)
			}
		}
	})
}

func TestReloadKeepsWhatStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pages{}
		p.serve(200, "tgi_queue_size 1\n")
		gone := Target{Model: "gone", Endpoint: "x", URL: "http://gone/metrics"}
		r := start(t, Config{Targets: []Target{llama, gone}, Via: p})
		p.serve(500, "")
		time.Sleep(time.Second)
		if err := r.SetTargets([]Target{llama, {Model: "new", Endpoint: "y", URL: "http://new/metrics"}}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		states := r.States()
		if len(states) != 2 || say(states["llama"][0].Waiting) != "1" || states["new"] == nil {
			t.Errorf("%+v", states)
		}
		if s := states["new"][0]; !strings.Contains(s.Error, "500") {
			t.Errorf("the new one was not read at once: %+v", s)
		}
		if err := r.SetTargets([]Target{{Model: "m", URL: "ftp://x"}}); err == nil || len(r.States()) != 2 {
			t.Errorf("%v: a list that is refused must change nothing", err)
		}
	})
}

func TestNothingIsAskedWithoutTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pages{}
		r := start(t, Config{Via: p})
		time.Sleep(time.Hour)
		if p.times() != 0 || len(r.States()) != 0 || len(r.Telemetry()) != 0 {
			t.Errorf("asked %d times", p.times())
		}
	})
}

func TestTwoPagesOfOneHost(t *testing.T) {
	r, err := New(Config{Targets: []Target{{Model: "m", URL: "http://h:1/a/metrics"}, {Model: "m", URL: "http://h:1/b/metrics"}, {Model: "n", URL: "http://h:1/a/metrics"}}})
	if err != nil {
		t.Fatal(err)
	}
	states := r.States()
	if a, b, c := states["m"][0].Endpoint, states["m"][1].Endpoint, states["n"][0].Endpoint; a != "h:1" || b != "h:1/b/metrics" || c != "h:1" {
		t.Errorf("they are called %q, %q and %q", a, b, c)
	}
}

func TestTargetsThatAreRefused(t *testing.T) {
	for want, targets := range map[string][]Target{
		"no http or https URL":             {{Model: "m", URL: "gpu-0/metrics"}},
		"not a URL":                        {{Model: "m", URL: "http://a b\x00"}},
		"holds a user name":                {{Model: "m", URL: "http://me:sesame@gpu-0/metrics?key=sesame"}},
		`unknown kind of server "llama.x"`: {{Model: "m", URL: "http://gpu-0", Kind: "llama.x"}},
		"named twice":                      {llama, {Model: "llama", Endpoint: "gpu-0", URL: "http://other/metrics"}},
		`at "h": named twice`:              {{Model: "m", URL: "http://h/m"}, {Model: "m", URL: "http://h/m"}},
	} {
		_, err := New(Config{Targets: targets})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%v, want %q and no secret", err, want)
		}
	}
}

// Over a real network: what a page must not do to its reader.
func TestPagesThatMisbehave(t *testing.T) {
	var elsewhere atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("/elsewhere", func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	mux.Handle("/redirect", http.RedirectHandler("/elsewhere", http.StatusFound))
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat("x", 4096)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "tgi_queue_size 1\n")
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := ln.Addr().String()
	_ = ln.Close()
	for name, c := range map[string]struct{ url, want string }{
		"redirect":   {server.URL + "/redirect", "302 Found; redirects are not followed"},
		"endless":    {server.URL + "/endless", "more than 65536 bytes"},
		"cut off":    {server.URL + "/cut", "read its page: unexpected EOF"},
		"nobody":     {"http://" + nobody + "/metrics?key=sesame", "connection refused"},
		"link-local": {"http://169.254.169.254/latest/meta-data", "link-local address"},
		"metadata":   {"http://100.100.100.200/latest/meta-data", "metadata service"},
	} {
		r, err := New(Config{Limit: 64 << 10, Targets: []Target{{Model: "m", URL: c.url}}})
		if err != nil {
			t.Fatal(err)
		}
		r.round(t.Context())
		s := r.States()["m"][0]
		if s.Up || !strings.Contains(s.Error, c.want) || strings.Contains(fmt.Sprintf("%+v", s), "sesame") {
			t.Errorf("%s: %+v, want %q and no secret", name, s, c.want)
		}
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

// From the page of a server to a scrape of Weir's own.
func TestValuesReachTelemetry(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.WriteString(w, page(t, strings.TrimPrefix(req.URL.Path, "/")))
	}))
	defer server.Close()
	r, err := New(Config{Targets: []Target{
		{Model: "llama", URL: server.URL + "/vllm"}, {Endpoint: "node-1", URL: server.URL + "/dcgm", Kind: DCGM},
	}})
	if err != nil {
		t.Fatal(err)
	}
	r.round(t.Context())
	reg := telemetry.New()
	telemetry.NewServers(reg, r.Telemetry)
	got := map[string]float64{}
	reg.Gather(func(f telemetry.Family) {
		for _, s := range f.Samples {
			got[f.Name+" "+strings.Join(s.Values, " ")] = s.Value
		}
	})
	host := strings.TrimPrefix(server.URL, "http://")
	for key, want := range map[string]float64{
		"weir_server_up llama " + host:                        1,
		"weir_server_requests_running llama " + host:          12,
		"weir_server_requests_waiting llama " + host:          2,
		"weir_server_kv_cache_use_ratio llama " + host:        .73,
		"weir_server_queue_seconds_total llama " + host:       16,
		"weir_server_gpu_use_ratio  node-1 GPU-2222":          .37,
		"weir_server_gpu_memory_used_bytes  node-1 GPU-1111":  80000 << 20,
		"weir_server_gpu_memory_total_bytes  node-1 GPU-1111": 81024 << 20,
	} {
		if got[key] != want {
			t.Errorf("%s: %v, want %v", key, got[key], want)
		}
	}
}
