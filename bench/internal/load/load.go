// Package load drives an OpenAI-compatible endpoint over raw keep-alive
// connections, in closed loop (each connection sends as soon as it got its
// answer) or open loop (constant arrival rate).
//
// Open-loop latency counts from the intended start of a request, so a stalled
// server cannot hide its queue (no coordinated omission). Arrivals that found
// no connection before the end are recorded with the time they waited.
package load

import (
	"fmt"
	"time"
)

// Config describes one run.
type Config struct {
	URL      string   // http://host:port[/path]; the path defaults to /v1/chat/completions
	Model    string   // "model" of the request
	Headers  []string // extra "Key: value" lines
	Stream   bool
	BodySize int           // request body in bytes
	Rate     float64       // requests per second; 0 is closed loop
	Conns    int           // connections: concurrency of a closed loop, limit of an open one
	Warmup   time.Duration // sent before the measured part
	Duration time.Duration // measured part
	Grace    time.Duration // in which requests under way at the end may finish; 0: two seconds
	Users    int64         // distinct user ids
	Events   int           // SSE events a stream must have, [DONE] apart; 0: any number
	Tokens   int           // content chunks of mockllm a stream must carry, each once and in order; 0: not looked at
	Cancel   float64       // share of requests whose client leaves before the end
	PID      int           // process to account, with its children; 0: none
}

// Latency summarizes a histogram, in microseconds.
type Latency struct {
	Mean float64 `json:"mean_us"`
	P50  float64 `json:"p50_us"`
	P90  float64 `json:"p90_us"`
	P99  float64 `json:"p99_us"`
	P999 float64 `json:"p99_9_us"`
	Max  float64 `json:"max_us"`
}

// Result is the outcome of a run.
type Result struct {
	Target     string           `json:"url"`
	Rate       float64          `json:"target_rps"` // 0: closed loop
	Conns      int              `json:"conns"`
	Seconds    float64          `json:"seconds"`
	Requests   int64            `json:"requests"` // completed without error
	RPS        float64          `json:"rps"`
	Errors     int64            `json:"errors"`
	ErrorKind  map[string]int64 `json:"error_kinds,omitempty"`
	Cancelled  int64            `json:"cancelled,omitempty"` // left early, as asked; neither a request nor an error
	Redials    int64            `json:"redials,omitempty"`   // kept connections that were closed as they were used again
	Unsent     int64            `json:"unsent,omitempty"`    // arrivals that never got a connection
	Saturated  bool             `json:"saturated,omitempty"`
	Latency    Latency          `json:"latency"`               // from the intended start
	Service    Latency          `json:"service"`               // from the actual send
	SendLag    Latency          `json:"send_lag"`              // intended to actual send; large without saturation: a noisy generator
	TTFT       *Latency         `json:"ttft,omitempty"`        // streams: from the intended start to the first event with content
	First      *Latency         `json:"first_event,omitempty"` // streams: to the first event, which may hold a role only
	Gap        *Latency         `json:"gap,omitempty"`         // streams: between events
	Events     float64          `json:"events,omitempty"`      // per stream
	CPU        float64          `json:"cpu_s,omitempty"`       // CPU seconds of PID in the measured part
	CPUPerReq  float64          `json:"cpu_us_per_req,omitempty"`
	WaitPerReq float64          `json:"cpu_wait_us_per_req,omitempty"` // runnable but without a CPU
	PeakRSS    float64          `json:"peak_rss_mb,omitempty"`
	SelfCPU    float64          `json:"loadgen_cpu_s"`
	Busy       float64          `json:"host_busy_pct"`
	Steal      float64          `json:"host_steal_pct"`
}

// String is the one-line summary.
func (r Result) String() string {
	mode := "closed"
	if r.Rate > 0 {
		mode = fmt.Sprintf("%.0f/s", r.Rate)
	}
	s := fmt.Sprintf("%-7s %8.0f rps  p50 %.0f  p90 %.0f  p99 %.0f  p99.9 %.0f us", mode, r.RPS, r.Latency.P50, r.Latency.P90, r.Latency.P99, r.Latency.P999)
	if r.TTFT != nil {
		s += fmt.Sprintf("  ttft p50 %.0f p99 %.0f us", r.TTFT.P50, r.TTFT.P99)
	}
	if r.CPUPerReq > 0 {
		s += fmt.Sprintf("  cpu %.1f us/req  rss %.0f MB", r.CPUPerReq, r.PeakRSS)
	}
	s += fmt.Sprintf("  errors %d", r.Errors)
	if r.Cancelled > 0 {
		s += fmt.Sprintf("  cancelled %d", r.Cancelled)
	}
	if r.Saturated {
		s += "  SATURATED"
	}
	return s
}
