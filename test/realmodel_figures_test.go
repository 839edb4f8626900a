//go:build proof

package test

import (
	"math"
	"slices"
	"testing"
	"time"
)

// figure is what is said of one variant.
type figure struct {
	variant, model          string
	readers                 map[int]bool
	asked, streams, kept    int
	output, outputKnown     int // tokens, over the answers that told
	longest                 int
	first                   []time.Duration // to the first text, of streams, as the client saw it
	server                  float64         // tokens that the model server says it made
	weir                    families
	identical, comparedWith int // answers to the same question with temperature 0
}

// tally checks each turn and sums up by variant.
func tally(t *testing.T, turns []turn) []*figure {
	t.Helper()
	figures := []*figure{
		{variant: "baseline", model: "smollm2-first", readers: map[int]bool{}},
		{variant: "terse", model: "smollm2-second", readers: map[int]bool{}},
	}
	variants := map[int]string{}
	said := map[string]string{}
	for i := range turns {
		x := &turns[i]
		variant := x.header.Get("X-Weir-Variant")
		at := slices.IndexFunc(figures, func(f *figure) bool { return f.variant == variant })
		if at < 0 {
			t.Fatalf("reader %d: variant %q", x.reader, variant)
		}
		if before, ok := variants[x.reader]; ok && before != variant {
			t.Errorf("reader %d had %s and then %s", x.reader, before, variant)
		}
		variants[x.reader] = variant
		figures[at].add(t, x)
		if variant == "baseline" {
			if text, ok := said[x.prompt]; ok {
				figures[at].comparedWith++
				if text == x.text {
					figures[at].identical++
				}
			}
			said[x.prompt] = x.text
		}
	}
	return figures
}

func (f *figure) add(t *testing.T, x *turn) {
	t.Helper()
	if x.model != f.model || x.header.Get("X-Model-Version") != f.variant {
		t.Errorf("reader %d: variant %s, answered by %s, version %s", x.reader, f.variant, x.model, x.header.Get("X-Model-Version"))
	}
	if x.finish != "stop" && x.finish != "length" {
		t.Errorf("reader %d: finish reason %q", x.reader, x.finish)
	}
	if wants := x.usage || !x.stream; (x.usageSeen > 0) != wants {
		t.Errorf("reader %d: usage seen %d times, stream %v, asked %v", x.reader, x.usageSeen, x.stream, x.usage)
	}
	if limit := map[string]int{"baseline": callersLimit, "terse": tersesLimit}[f.variant]; x.output > limit {
		t.Errorf("reader %d: %d tokens, the limit of %s is %d", x.reader, x.output, f.variant, limit)
	}
	f.readers[x.reader] = true
	f.asked++
	if x.stream {
		f.streams++
		f.first = append(f.first, x.first)
	}
	if x.usageSeen > 0 {
		f.output += x.output
		f.outputKnown++
	}
	f.longest = max(f.longest, x.output)
	if x.instruction.kept(x.text) {
		f.kept++
	}
}

// check holds Weir's own numbers against the client's and the model server's.
func (f *figure) check(t *testing.T) {
	t.Helper()
	if len(f.readers) < 3 {
		t.Errorf("%s has %d readers of %d", f.variant, len(f.readers), readers)
	}
	v := map[string]string{"variant": f.variant}
	if n := f.weir.sum("llm_requests_total", map[string]string{"variant": f.variant, "status": "success"}); n != float64(f.asked) {
		t.Errorf("%s: llm_requests_total is %v, %d were answered", f.variant, n, f.asked)
	}
	if n := f.weir.sum("llm_ttft_seconds", v); n != float64(f.streams) {
		t.Errorf("%s: llm_ttft_seconds counts %v, %d were streamed", f.variant, n, f.streams)
	}
	if m := f.weir.mean("llm_ttft_seconds", v); math.IsNaN(m) || m <= 0 {
		t.Errorf("%s: llm_ttft_seconds has the mean %v", f.variant, m)
	}
	out := f.weir.sum("llm_tokens_total", map[string]string{"variant": f.variant, "direction": "output"})
	if out != f.server {
		t.Errorf("%s: Weir counts %v tokens, the model server %v", f.variant, out, f.server)
	}
	if out < float64(f.output) {
		t.Errorf("%s: Weir counts %v tokens, clients were told of %d", f.variant, out, f.output)
	}
}
