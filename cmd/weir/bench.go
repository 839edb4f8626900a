package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) benchCommand() *cobra.Command {
	g := gatewayCaller{app: a}
	b := bench{app: a, gateway: &g}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Load a route and measure latency, time to first token and requests a second",
		Long: `Send requests to a gateway, or straight to a model server, and measure what a
client sees. Run it against both and compare: what the gateway adds is the
difference. Each client asks again when it was answered, so a slow server is
asked less often: this shows what one answer takes, not how much load is borne.

It spends real tokens; the number of requests is bounded. Latencies are of
requests that were answered whole.`,
		Example: `  weir bench --route support --requests 500 --concurrency 8 --stream
  weir bench --gateway http://127.0.0.1:8000 --route my-model    # the model server itself`,
		Args: takes(0, 0),
	}
	output := a.form(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := b.check(); err != nil {
			return err
		}
		g.connections = b.concurrency
		if err := g.open(); err != nil {
			return err
		}
		g.http.Timeout = benchPatience
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		if err := g.findRoute(ctx); err != nil {
			return err
		}
		return b.run(ctx, output.word)
	}
	g.flags(cmd)
	f := cmd.Flags()
	f.IntVarP(&b.requests, "requests", "n", 100, "`NUMBER` of requests")
	f.IntVar(&b.concurrency, "concurrency", 4, "`NUMBER` of requests at once")
	f.BoolVar(&b.stream, "stream", false, "ask for streams, and measure the time to first token")
	f.IntVar(&b.size, "prompt-bytes", 200, "size of the prompt, `BYTES`")
	f.IntVar(&b.maxTokens, "max-tokens", 64, "most `TOKENS` of an answer")
	return cmd
}

// benchPatience bounds one request.
const benchPatience = 5 * time.Minute

// bench is one closed-loop run.
type bench struct {
	app                   *app
	gateway               *gatewayCaller
	requests, concurrency int
	size, maxTokens       int
	stream                bool

	mu      sync.Mutex
	done    int
	latency []time.Duration // of the whole answers
	first   []time.Duration
	errors  map[string]int
	failure error // the first
}

func (b *bench) check() error {
	for _, f := range []struct {
		flag        string
		value, most int
	}{{"requests", b.requests, 10_000_000}, {"concurrency", b.concurrency, 4096}, {"prompt-bytes", b.size, 1 << 20}, {"max-tokens", b.maxTokens, 1 << 20}} {
		if f.value < 1 || f.value > f.most {
			return usage(fmt.Errorf("--%s %d: it is between 1 and %d", f.flag, f.value, f.most))
		}
	}
	return nil
}

// benchResult is what a client saw; times in milliseconds.
type benchResult struct {
	Gateway     string         `json:"gateway"`
	Route       string         `json:"route"`
	Requests    int            `json:"requests"`
	Succeeded   int            `json:"succeeded"`
	Errors      map[string]int `json:"errors"`
	Seconds     float64        `json:"seconds"`
	PerSecond   float64        `json:"succeeded_per_second"`
	Concurrency int            `json:"concurrency"`
	Stream      bool           `json:"stream"`
	P50         float64        `json:"latency_p50_ms"`
	P95         float64        `json:"latency_p95_ms"`
	P99         float64        `json:"latency_p99_ms"`
	FirstP50    float64        `json:"ttft_p50_ms,omitempty"`
	FirstP95    float64        `json:"ttft_p95_ms,omitempty"`
}

func (b *bench) run(ctx context.Context, output string) error {
	b.errors = map[string]int{}
	var sent atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range min(b.concurrency, b.requests) {
		wg.Go(func() {
			for ctx.Err() == nil {
				n := sent.Add(1)
				if n > int64(b.requests) {
					return
				}
				b.one(ctx, n)
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	b.progress(done)
	r := b.result(time.Since(start))
	if err := b.write(r, output); err != nil {
		return err
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case r.Succeeded == 0 && b.failure != nil:
		return b.failure
	case len(r.Errors) > 0:
		return exit(exitError)
	}
	return nil
}

// progress shows on a terminal how far the run is.
func (b *bench) progress(done <-chan struct{}) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			b.app.replaceLine("")
			return
		case <-tick.C:
			b.mu.Lock()
			text := fmt.Sprintf("%d of %d requests, %d failed", b.done, b.requests, b.done-len(b.latency))
			b.mu.Unlock()
			b.app.replaceLine(text)
		}
	}
}

// replaceLine writes over the last line on a terminal, and nowhere else.
func (a *app) replaceLine(text string) {
	if a.terminal {
		fmt.Fprint(a.err, "\r\033[K", cut(text, columns(a.err)))
	}
}

func (b *bench) one(ctx context.Context, n int64) {
	const text = "Tell me about rivers. "
	prompt := strings.Repeat(text, b.size/len(text)+1)[:b.size]
	body := map[string]any{"model": b.gateway.route, "stream": b.stream, "max_tokens": b.maxTokens, "user": fmt.Sprintf("bench-%d", n),
		"messages": []message{{"user", prompt}}}
	start := time.Now()
	res, err := b.gateway.ask(ctx, body, http.Header{})
	if err != nil {
		if ctx.Err() == nil {
			b.note(0, 0, err, "no answer: "+cause(err).Error())
		}
		return
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		err := b.gateway.refused(res)
		b.note(0, 0, err, fmt.Sprintf("status %d %s", res.StatusCode, codeWord(err)))
		return
	}
	first, whole := read(res, b.stream, start)
	_, _ = io.Copy(io.Discard, res.Body)
	switch {
	case ctx.Err() != nil:
	case !whole:
		b.note(0, 0, errors.New("the answers broke off before their end"), "broken off")
	default:
		b.note(time.Since(start), first, nil, "")
	}
}

// codeWord is the gateway's code of an error, if it has one.
func codeWord(err error) string {
	var r *refusal
	if errors.As(err, &r) {
		return r.code
	}
	return ""
}

// differentErrors bounds how many kinds of errors are told apart.
const differentErrors = 20

func (b *bench) note(took, first time.Duration, err error, what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done++
	if err != nil {
		if b.failure == nil {
			b.failure = err
		}
		what = strings.TrimSpace(plain(what))
		if b.errors[what] == 0 && len(b.errors) >= differentErrors {
			what = "others"
		}
		b.errors[what]++
		return
	}
	b.latency = append(b.latency, took)
	if first > 0 {
		b.first = append(b.first, first)
	}
}

func (b *bench) result(took time.Duration) benchResult {
	n := len(b.latency)
	return benchResult{b.gateway.url, b.gateway.route, b.done, n, b.errors, took.Seconds(), float64(n) / took.Seconds(), b.concurrency, b.stream,
		quantile(b.latency, .5), quantile(b.latency, .95), quantile(b.latency, .99), quantile(b.first, .5), quantile(b.first, .95)}
}

func (b *bench) write(r benchResult, output string) error {
	if output == "json" {
		return b.app.writeJSON(r)
	}
	d := details{w: b.app.out}
	d.head(fmt.Sprintf("route %s at %s", r.Route, r.Gateway))
	d.line("requests", fmt.Sprintf("%d in %.1f s, %d at once", r.Requests, r.Seconds, r.Concurrency))
	d.line("succeeded", fmt.Sprintf("%d: %.1f a second", r.Succeeded, r.PerSecond))
	if r.Succeeded > 0 {
		d.line("latency", fmt.Sprintf("p50 %.1f ms   p95 %.1f ms   p99 %.1f ms", r.P50, r.P95, r.P99))
	}
	if r.FirstP50 > 0 {
		d.line("first token", fmt.Sprintf("p50 %.1f ms   p95 %.1f ms", r.FirstP50, r.FirstP95))
	}
	for _, what := range slices.Sorted(maps.Keys(r.Errors)) {
		d.line("failed", fmt.Sprintf("%d × %s", r.Errors[what], what))
	}
	return d.err
}
