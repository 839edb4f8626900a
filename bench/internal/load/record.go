package load

import (
	"fmt"
	"math"
	"sync"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// recorder collects what the requests of a run tell.
type recorder struct {
	mu                       sync.Mutex
	latency, service, lag    *hdr.Histogram
	ttft, first, gap         *hdr.Histogram
	requests, errors, unsent int64
	events                   int64
	cancelled, redials       int64
	kinds                    map[string]int64
}

func newRecorder() *recorder {
	return &recorder{latency: newHist(), service: newHist(), lag: newHist(), ttft: newHist(), first: newHist(), gap: newHist(), kinds: map[string]int64{}}
}

func newHist() *hdr.Histogram { return hdr.New(1, int64(2*time.Minute), 3) }

func record(h *hdr.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(1, int64(d)), h.HighestTrackableValue()))
}

func summary(h *hdr.Histogram) Latency {
	us := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1e3 }
	return Latency{h.Mean() / 1e3, us(50), us(90), us(99), us(99.9), float64(h.Max()) / 1e3}
}

// kindOf names what is wrong with a reply; "" is nothing.
func kindOf(c *Config, rep reply, err error) string {
	switch {
	case err == errStatus:
		return fmt.Sprintf("http %d", rep.status)
	case err != nil:
		return "connection"
	case !rep.done, c.Events > 0 && rep.events != c.Events:
		return "incomplete"
	case c.Tokens > 0 && !inOrder(rep.body, c.Tokens):
		return "frames"
	}
	return ""
}

func (rec *recorder) add(c *Config, rep reply, err error, intended, sent, now time.Time) {
	kind := ""
	if err != errLeft {
		kind = kindOf(c, rep, err)
	}
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rep.redialled {
		rec.redials++
	}
	if err == errLeft {
		rec.cancelled++
		return
	}
	if kind != "" {
		rec.errors++
		rec.kinds[kind]++
		return
	}
	rec.requests++
	rec.events += int64(rep.events)
	record(rec.latency, now.Sub(intended))
	record(rec.service, now.Sub(sent))
	record(rec.lag, sent.Sub(intended))
	if c.Stream && rep.events > 0 {
		record(rec.first, rep.first.Sub(intended))
		if !rep.token.IsZero() {
			record(rec.ttft, rep.token.Sub(intended))
		}
		for _, g := range rep.gaps {
			record(rec.gap, g)
		}
	}
}

// miss records an arrival that never got a connection, with the time it waited.
func (rec *recorder) miss(intended, now, from time.Time) {
	if intended.Before(from) {
		return
	}
	rec.mu.Lock()
	rec.unsent++
	record(rec.latency, now.Sub(intended))
	rec.mu.Unlock()
}

// result sums up once all requests have ended.
func (rec *recorder) result(c *Config, took time.Duration) Result {
	r := Result{
		Target: c.URL, Rate: c.Rate, Conns: c.Conns, Seconds: took.Seconds(),
		Requests: rec.requests, RPS: float64(rec.requests) / took.Seconds(),
		Errors: rec.errors, ErrorKind: rec.kinds, Unsent: rec.unsent, Cancelled: rec.cancelled, Redials: rec.redials,
		Latency: summary(rec.latency), Service: summary(rec.service), SendLag: summary(rec.lag),
	}
	if c.Stream {
		t, f, g := summary(rec.ttft), summary(rec.first), summary(rec.gap)
		r.TTFT, r.First, r.Gap, r.Events = &t, &f, &g, float64(rec.events)/math.Max(1, float64(rec.requests))
	}
	if c.Rate > 0 {
		// The tail after the last arrival is not part of the offered rate.
		tail := float64(rec.latency.ValueAtQuantile(50)) / 1e9
		r.RPS = float64(rec.requests) / math.Max(c.Duration.Seconds(), took.Seconds()-tail)
		r.Saturated = rec.unsent > 0 || float64(rec.requests+rec.cancelled) < 0.97*c.Rate*c.Duration.Seconds() || r.Service.P50*2 < r.Latency.P50
	}
	return r
}
