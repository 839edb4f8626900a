// Command loadgen runs one load test against an OpenAI-compatible endpoint and
// prints a summary line on stderr and the result as JSON on stdout.
//
//	loadgen -url http://127.0.0.1:8080 -rate 1000 -d 10s -pid 1234
//	loadgen -url http://127.0.0.1:8080 -c 32 -stream            # closed loop
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/weirhq/weir/bench/internal/load"
)

func main() {
	var c load.Config
	flag.StringVar(&c.URL, "url", "http://127.0.0.1:9000", "target; the path defaults to /v1/chat/completions")
	flag.StringVar(&c.Model, "model", "mock-model", `"model" of the request`)
	flag.Func("H", "extra header `Key: value` (repeatable)", func(s string) error { c.Headers = append(c.Headers, s); return nil })
	flag.BoolVar(&c.Stream, "stream", false, "ask for SSE, with a usage chunk")
	flag.IntVar(&c.BodySize, "size", 1024, "request body in bytes")
	flag.Float64Var(&c.Rate, "rate", 0, "constant arrival rate per second; 0: closed loop")
	flag.IntVar(&c.Conns, "c", 64, "connections: concurrency of a closed loop, limit of an open one")
	flag.DurationVar(&c.Warmup, "warmup", time.Second, "unmeasured lead-in")
	flag.DurationVar(&c.Duration, "d", 5*time.Second, "measured time")
	flag.Int64Var(&c.Users, "users", 100_000, `distinct ids in "user" and the X-User-Id header`)
	flag.IntVar(&c.Events, "events", 0, "events that a stream must have, [DONE] apart; 0: any number")
	flag.IntVar(&c.Tokens, "tokens", 0, "content chunks of mockllm that a stream must carry, each once and in order; 0: not looked at")
	flag.Float64Var(&c.Cancel, "cancel", 0, "share (0..1) of requests whose client leaves before the end")
	flag.DurationVar(&c.Grace, "grace", 2*time.Second, "time for requests under way at the end")
	flag.IntVar(&c.PID, "pid", 0, "process to account (with its children)")
	flag.Parse()
	r, err := load.Run(c)
	if err != nil {
		fmt.Fprintln(os.Stderr, "loadgen:", err)
		os.Exit(2)
	}
	fmt.Fprintln(os.Stderr, r)
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	_ = out.Encode(r)
}
