package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// crowd is the demo's simulated users. They come over HTTP like anybody else
// and see only what any client sees.
type crowd struct {
	url    string
	client *http.Client
	random *rand.Rand // owned by come and rush

	mu       sync.Mutex
	began    time.Time
	variants map[string]*tally
	recent   []time.Time // of answers in the last seconds
}

// tally is what users saw of one variant.
type tally struct {
	Requests int `json:"requests"`
	Errors   int `json:"errors"`
	latency  []time.Duration
	first    []time.Duration
	users    map[string]bool
}

// questions are what customers ask; written for the demo.
var questions = []string{
	"Where is my parcel?", "How do I change the delivery address?", "I was charged twice, what now?",
	"Can I return shoes that I wore once?", "Which plan includes telephone support?", "How do I reset my password?",
	"The discount code does not work.", "Do you ship to Norway?", "Please cancel my subscription.", "What is the warranty on the kettle?",
	"My invoice shows the wrong company name.", "How long does a refund take?",
}

// demoUsers is how many different users there are.
const demoUsers = 400

func newCrowd(url string, seed uint64) *crowd {
	return &crowd{url: url, began: time.Now(), random: rand.New(rand.NewPCG(seed, 0x77656972)), variants: map[string]*tally{},
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: time.Minute}}
}

// visit is one request to come.
type visit struct {
	user, question string
	stream         bool
}

func (c *crowd) next() visit {
	return visit{fmt.Sprintf("user-%03d", c.random.IntN(demoUsers)), questions[c.random.IntN(len(questions))], c.random.IntN(2) == 0}
}

// come sends users at random moments, on average every apart, until ctx ends.
func (c *crowd) come(ctx context.Context, apart time.Duration) {
	var wg sync.WaitGroup
	defer wg.Wait()
	places := make(chan struct{}, 256) // at most this many under way
	for {
		wait := time.Duration(c.random.ExpFloat64() * float64(apart))
		select {
		case <-ctx.Done():
			return
		case <-time.After(min(wait, 5*apart)):
		}
		v := c.next()
		select {
		case places <- struct{}{}:
			wg.Go(func() { defer func() { <-places }(); c.ask(ctx, v) })
		default: // the models are slower than the users: this one goes away
		}
	}
}

// rush sends n users, some at a time, and waits for all answers.
func (c *crowd) rush(ctx context.Context, n int) {
	var wg sync.WaitGroup
	places := make(chan struct{}, 64)
	for range n {
		if ctx.Err() != nil {
			break
		}
		v := c.next()
		places <- struct{}{}
		wg.Go(func() { defer func() { <-places }(); c.ask(ctx, v) })
	}
	wg.Wait()
}

// ask sends one request and notes what the user saw.
func (c *crowd) ask(ctx context.Context, v visit) {
	body, _ := json.Marshal(map[string]any{"model": "support", "stream": v.stream, "messages": []map[string]string{{"role": "user", "content": v.question}}})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/v1/chat/completions", bytes.NewReader(body))
	if err != nil {
		return
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-User-Id", v.user)
	start := time.Now()
	res, err := c.client.Do(req)
	if err != nil {
		if ctx.Err() == nil {
			c.note("(no answer)", v.user, false, time.Since(start), 0)
		}
		return
	}
	defer res.Body.Close()
	first, whole := read(res, v.stream, start)
	if ctx.Err() != nil {
		return
	}
	c.note(res.Header.Get("X-Weir-Variant"), v.user, whole && res.StatusCode == http.StatusOK, time.Since(start), first)
}

// read takes the answer in and says when its first token came and whether it
// was whole.
func read(res *http.Response, stream bool, start time.Time) (first time.Duration, whole bool) {
	if !stream || res.StatusCode != http.StatusOK {
		_, err := io.Copy(io.Discard, res.Body)
		return 0, err == nil
	}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if first == 0 && strings.Contains(lines.Text(), `"content":"`) && !strings.Contains(lines.Text(), `"content":""`) {
			first = time.Since(start)
		}
		// [DONE] may be missing; a finish reason is the end of an answer too.
		whole = whole || lines.Text() == "data: [DONE]" || strings.Contains(lines.Text(), `"finish_reason":"`)
	}
	return first, whole
}

func (c *crowd) note(variant, user string, ok bool, took, first time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.variants[variant]
	if t == nil {
		t = &tally{users: map[string]bool{}}
		c.variants[variant] = t
	}
	t.Requests++
	t.users[user] = true
	if !ok {
		t.Errors++
	}
	t.latency = append(t.latency, took)
	if first > 0 {
		t.first = append(t.first, first)
	}
	c.recent = append(c.recent, time.Now())
}

// summary is where the demo stands.
type summary struct {
	Simulated bool                      `json:"simulated"`
	Requests  int                       `json:"requests"`
	PerSecond float64                   `json:"requests_per_second"`
	Variants  map[string]variantSummary `json:"variants"`
}

// variantSummary is one variant; times in milliseconds, medians and 95th percentiles.
type variantSummary struct {
	Requests int     `json:"requests"`
	Users    int     `json:"users"`
	Errors   int     `json:"errors"`
	P50      float64 `json:"latency_p50_ms"`
	P95      float64 `json:"latency_p95_ms"`
	FirstP50 float64 `json:"ttft_p50_ms"`
}

func (c *crowd) summary() summary {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := summary{Simulated: true, Variants: map[string]variantSummary{}}
	for name, t := range c.variants {
		s.Requests += t.Requests
		s.Variants[name] = variantSummary{t.Requests, len(t.users), t.Errors, quantile(t.latency, .5), quantile(t.latency, .95), quantile(t.first, .5)}
	}
	since := time.Now().Add(-5 * time.Second)
	c.recent = slices.DeleteFunc(c.recent, func(t time.Time) bool { return t.Before(since) })
	s.PerSecond = float64(len(c.recent)) / min(5, max(.2, time.Since(c.began).Seconds()))
	return s
}

// quantile of the durations in milliseconds, by nearest rank; 0 without any.
func quantile(d []time.Duration, q float64) float64 {
	if len(d) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(d))
	rank := int(math.Ceil(q * float64(len(sorted)))) // from 1
	return float64(sorted[max(rank, 1)-1].Microseconds()) / 1000
}

// line is the summary on one line, short enough for most terminals.
func (s summary) line() string {
	parts := []string{fmt.Sprintf("%.1f req/s", s.PerSecond)}
	for _, name := range slices.Sorted(maps.Keys(s.Variants)) {
		v := s.Variants[name]
		part := fmt.Sprintf("%s: %s, p50 %.0f ms", name, count(v.Requests, "answer"), v.P50)
		if v.Errors > 0 {
			part += ", " + count(v.Errors, "error")
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " · ")
}

// write prints the summary as a table.
func (s summary) write(w io.Writer) {
	fmt.Fprintf(w, "%-12s %8s %9s %7s %12s %12s %12s   (simulated)\n", "VARIANT", "USERS", "REQUESTS", "ERRORS", "P50", "P95", "TTFT P50")
	for _, name := range slices.Sorted(maps.Keys(s.Variants)) {
		v := s.Variants[name]
		fmt.Fprintf(w, "%-12s %8d %9d %7d %9.0f ms %9.0f ms %9.0f ms\n", name, v.Users, v.Requests, v.Errors, v.P50, v.P95, v.FirstP50)
	}
	fmt.Fprintln(w, "What a user sees; whether a difference is real is for an experiment's statistics to say, not for this table.")
}
