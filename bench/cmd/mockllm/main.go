// Command mockllm is a fast OpenAI-compatible mock upstream for benchmarks.
//
// It speaks HTTP/1.1 directly on TCP connections and answers from pre-rendered
// bytes, so that it costs a few microseconds of CPU per request and is not the
// bottleneck of a comparison.
//
//	POST .../chat/completions   JSON, or SSE when the body has "stream":true
//	GET  .../models             model list
//	GET  /health                {"status":"ok"}
//	GET  /stats                 counters: requests per "model" value, to check an A/B split;
//	                            "left" are answers whose reader went away
//	POST /reset                 zeroes the counters
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"log"
	"math/rand/v2"
	"net"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var (
	listen  = flag.String("listen", "127.0.0.1:9000", "address to listen on")
	model   = flag.String("model", "mock-model", "model name written in responses")
	delay   = flag.Duration("delay", 0, "delay before a non-streaming response")
	ttft    = flag.Duration("ttft", 0, "delay before the first chunk of a stream")
	itl     = flag.Duration("itl", 0, "delay between the chunks of a stream (0: still one write per chunk)")
	tokens  = flag.Int("tokens", 50, "content chunks in a stream, and completion tokens in the usage block")
	size    = flag.Int("size", 1024, "approximate size in bytes of a non-streaming response body")
	errRate = flag.Float64("error-rate", 0, "share of chat requests (0..1) answered with -error-status")
	errCode = flag.Int("error-status", 500, "HTTP status of injected errors")
)

type stats struct {
	requests, streams, injected, broken, left atomic.Int64
	open, peak                                atomic.Int64 // streams under way; the most there were at once
	mu                                        sync.Mutex
	models                                    map[string]int64
}

func (s *stats) countModel(name []byte) {
	s.mu.Lock()
	s.models[string(name)]++
	s.mu.Unlock()
}

// opened counts a stream in and keeps the peak.
func (s *stats) opened() {
	n := s.open.Add(1)
	for p := s.peak.Load(); n > p && !s.peak.CompareAndSwap(p, n); p = s.peak.Load() {
	}
}

func main() {
	flag.Parse()
	debug.SetGCPercent(800) // a collection here would look like a slow gateway
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	res, st := render(), &stats{models: map[string]int64{}}
	for {
		c, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(c, res, st)
	}
}

func serve(c net.Conn, res *responses, st *stats) {
	defer c.Close()
	r := bufio.NewReaderSize(c, 16<<10)
	var body []byte
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		f := bytes.SplitN(line, []byte(" "), 3)
		if len(f) != 3 {
			return
		}
		isPost := string(f[0]) == "POST"
		path := string(f[1]) // copied: the headers overwrite the buffer
		var closing bool
		if body, closing, err = readBody(r, c, body[:0]); err != nil {
			st.broken.Add(1)
			return
		}
		switch {
		case isPost && strings.HasSuffix(path, "/chat/completions"):
			st.requests.Add(1)
			st.countModel(stringField(body, `"model"`))
			if err = chat(c, body, res, st); err != nil {
				st.left.Add(1)
			}
		case strings.HasSuffix(path, "/models"):
			_, err = c.Write(res.models)
		case path == "/health":
			_, err = c.Write(res.health)
		case path == "/stats":
			st.mu.Lock()
			b, _ := json.Marshal(map[string]any{"requests": st.requests.Load(), "streams": st.streams.Load(),
				"injected_errors": st.injected.Load(), "broken_requests": st.broken.Load(), "left": st.left.Load(), "peak_streams": st.peak.Load(), "models": st.models})
			st.mu.Unlock()
			_, err = c.Write(httpResponse(200, string(b)))
		case isPost && path == "/reset":
			st.mu.Lock()
			clear(st.models)
			st.mu.Unlock()
			st.requests.Store(0)
			st.streams.Store(0)
			st.injected.Store(0)
			st.broken.Store(0)
			st.left.Store(0)
			st.peak.Store(0)
			_, err = c.Write(res.health)
		default:
			_, err = c.Write(res.notFound)
		}
		if err != nil || closing {
			return
		}
	}
}

// chat answers one chat completion.
func chat(c net.Conn, body []byte, res *responses, st *stats) error {
	if *errRate > 0 && rand.Float64() < *errRate {
		st.injected.Add(1)
		_, err := c.Write(res.fail)
		return err
	}
	if !boolField(body, `"stream"`) {
		if *delay > 0 {
			time.Sleep(*delay)
		}
		_, err := c.Write(res.chat)
		return err
	}
	st.streams.Add(1)
	st.opened()
	defer st.open.Add(-1)
	if *ttft > 0 {
		time.Sleep(*ttft)
	}
	first := append(append(make([]byte, 0, 1024), res.sseHead...), res.sse[0]...)
	if _, err := c.Write(first); err != nil {
		return err
	}
	for _, ev := range res.sse[1:] {
		if *itl > 0 {
			time.Sleep(*itl)
		}
		if _, err := c.Write(ev); err != nil {
			return err
		}
	}
	if boolField(body, `"include_usage"`) {
		if _, err := c.Write(res.sseUsage); err != nil {
			return err
		}
	}
	_, err := c.Write(res.sseDone)
	return err
}
