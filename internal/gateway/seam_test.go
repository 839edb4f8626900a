package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/chaos"
	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai/openaitest"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/gateway"
)

// The features here are made outside the package, from what it exports. If one
// of them needs a change in the gateway, a seam is missing.

// steps plugs features into route "r" alone.
func steps(s gateway.Steps) setup {
	return setup{config: func(c *gateway.Config) {
		c.Steps = func(r *experiment.Route, _ *experiment.Variant) gateway.Steps {
			if r.Name == "r" {
				return s
			}
			return gateway.Steps{}
		}
	}}
}

// (i) A text transformer that replaces SECRET by ****** across chunk borders.

const secret, stars = "SECRET", "******"

// redactor holds back what may be the beginning of SECRET.
type redactor struct{ held string }

func (r *redactor) Write(text string) string {
	r.held = strings.ReplaceAll(r.held+text, secret, stars)
	keep := 0
	for n := 1; n < len(secret) && n <= len(r.held); n++ {
		if strings.HasSuffix(r.held, secret[:n]) {
			keep = n
		}
	}
	out := r.held[:len(r.held)-keep]
	r.held = r.held[len(r.held)-keep:]
	return out
}

func (r *redactor) Flush() string { out := r.held; r.held = ""; return out }

func redact(_ context.Context, x *gateway.Exchange, in chat.Frames) chat.Frames {
	return chat.Rewrite(in, x.Request.Codec, func(int) chat.Filter { return &redactor{} })
}

func TestSeamTransformerAcrossChunkBorders(t *testing.T) {
	const said = "the word is SECRET, and again SECRETSECRE no"
	want := strings.ReplaceAll(said, secret, stars)
	r := newRig(t, steps(gateway.Steps{RailsOut: []gateway.Transform{redact}}))
	for size := 1; size <= len(said); size++ {
		r.up.Enqueue(chaos.Script{Raw: pieces(said, size)})
		a := r.chat("r", true)
		if got := a.text(t); got != want || !a.done() {
			t.Fatalf("pieces of %d: got %q (done %v)", size, got, a.done())
		}
		if strings.Contains(a.body, secret) {
			t.Fatalf("pieces of %d: the secret was on the wire: %s", size, a.body)
		}
	}
	r.up.Enqueue(chaos.Script{Text: said})
	if got := r.chat("r", false).text(t); got != want {
		t.Errorf("not streamed: %q", got)
	}
	r.up.Enqueue(chaos.Script{Raw: pieces(said, 5)})
	if got := r.chat("ab", true, "X-Weir-Variant", "control").text(t); got != said {
		t.Errorf("a route without the feature was changed: %q", got)
	}
}

// pieces is a stream that says text in pieces of size bytes.
func pieces(text string, size int) []byte {
	var b strings.Builder
	for i := 0; i < len(text); i += size {
		content, _ := json.Marshal(text[i:min(i+size, len(text))])
		fmt.Fprintf(&b, `data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":%s},"finish_reason":null}]}`+"\n\n", content)
	}
	b.WriteString(`data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n")
	return []byte(b.String())
}

// (ii) A step that answers from memory with the right stream shape.

func TestSeamStepAnswersByItself(t *testing.T) {
	remember := func(_ context.Context, x *gateway.Exchange) (chat.Frames, error) {
		return x.Request.Codec.Compose(&chat.Completion{ID: "chatcmpl-memory", Model: "memory", Created: 1, Text: []string{"from ", "memory"},
			Usage: chat.Usage{Input: 3, Output: 2}}, x.Stream, x.Request.Head.IncludeUsage), nil
	}
	r := newRig(t, steps(gateway.Steps{Cache: []gateway.Step{remember}}))
	for n, stream := range []bool{false, true} {
		a := r.chat("r", stream)
		if a.status != 200 || a.text(t) != "from memory" || a.done() != stream {
			t.Errorf("stream %v: %d %s", stream, a.status, a.body)
		}
		for _, d := range a.events() {
			schema := map[bool]string{false: "CreateChatCompletionResponse", true: "CreateChatCompletionStreamResponse"}[stream]
			if err := openaitest.Validate(schema, []byte(d)); err != nil {
				t.Errorf("stream %v: %v in %s", stream, err, d)
			}
		}
		e := r.last(n + 1)
		if e.Outcome != event.OK || e.AnsweredBy != "cache" || len(e.Attempts) != 0 {
			t.Errorf("event %+v", e)
		}
	}
	if n := len(r.up.Requests()); n != 0 {
		t.Errorf("the upstream was asked %d times", n)
	}
}

// (iii) A second upstream round: a tool loop.

// toolLoop reads an answer to its end; if it calls the tool, it adds the call
// and its result to the conversation and asks again, else it passes the answer on.
func toolLoop(_ context.Context, x *gateway.Exchange, answer chat.Frames) (chat.Frames, bool, error) {
	var kept []chat.Frame
	var calls []chat.ToolCall
	for {
		f, err := answer.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, false, err
		}
		kept = append(kept, chat.Keep(f))
		deltas, err := x.Request.Codec.Deltas(f)
		if err != nil {
			return nil, false, err
		}
		for _, d := range deltas {
			calls = append(calls, d.ToolCalls...)
		}
	}
	if len(calls) == 0 {
		return chat.Replay(kept, answer), false, nil
	}
	_ = answer.Close()
	return nil, true, x.Request.Edit(func(turn *chat.Turn) error {
		result := chat.Text("tool", `{"temperature":21}`)
		result.ToolCallID = calls[0].ID
		turn.Messages = append(turn.Messages, chat.Message{Role: "assistant", Null: true, ToolCalls: joined(calls)}, result)
		return nil
	})
}

// joined puts the pieces of calls together by index.
func joined(pieces []chat.ToolCall) []chat.ToolCall {
	var calls []chat.ToolCall
	for _, p := range pieces {
		if p.Index >= len(calls) {
			calls = append(calls, p)
			continue
		}
		calls[p.Index].Arguments += p.Arguments
	}
	return calls
}

func TestSeamSecondRound(t *testing.T) {
	r := newRig(t, steps(gateway.Steps{Rounds: []gateway.Round{toolLoop}}))
	for n, stream := range []bool{false, true} {
		r.up.Enqueue(chaos.Script{ToolCalls: 1, Usage: &chaos.Usage{Input: 10, Output: 5}}, chaos.Script{Text: "it is 21 degrees", Usage: &chaos.Usage{Input: 20, Output: 7}})
		a := r.chat("r", stream)
		if a.status != 200 || a.text(t) != "it is 21 degrees" || a.done() != stream {
			t.Errorf("stream %v: %d %s", stream, a.status, a.body)
		}
		asked := r.up.Requests()
		if len(asked) != 2*(n+1) {
			t.Fatalf("stream %v: the upstream was asked %d times, want %d", stream, len(asked), 2*(n+1))
		}
		var second struct{ Messages []struct{ Role string } }
		if err := json.Unmarshal(asked[len(asked)-1].Body, &second); err != nil || len(second.Messages) != 3 || second.Messages[2].Role != "tool" {
			t.Errorf("stream %v: the second round asked %s (%v)", stream, asked[len(asked)-1].Body, err)
		}
		e := r.last(n + 1)
		if e.Usage.Input != 30 || e.Usage.Output != 12 {
			t.Errorf("stream %v: usage of both rounds is %+v", stream, e.Usage)
		}
	}
}

// (iv) A reservation that is released on success, error, cancel and panic.

type ledger struct {
	mu      sync.Mutex
	open    int
	settled []event.Outcome
	twice   bool
}

type hold struct {
	l    *ledger
	done bool
}

func (l *ledger) take(context.Context, *gateway.Exchange) (gateway.Reservation, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open++
	return &hold{l: l}, nil
}

func (h *hold) Settle(_ *gateway.Exchange, o event.Outcome, _ chat.Usage) {
	h.l.mu.Lock()
	defer h.l.mu.Unlock()
	h.l.twice = h.l.twice || h.done
	h.done = true
	h.l.open--
	h.l.settled = append(h.l.settled, o)
}

func (l *ledger) check(t *testing.T, what string, want event.Outcome) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for {
		l.mu.Lock()
		open, settled, twice := l.open, append([]event.Outcome(nil), l.settled...), l.twice
		l.mu.Unlock()
		if open == 0 && len(settled) > 0 {
			if got := settled[len(settled)-1]; got != want || twice {
				t.Errorf("%s: settled as %v (twice: %v), want %v", what, got, twice, want)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %d reservations are still held", what, open)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestSeamReservationIsReleasedOnEveryEnding(t *testing.T) {
	books := &ledger{}
	blow := false
	explode := func(_ context.Context, _ *gateway.Exchange, in chat.Frames) chat.Frames {
		if blow {
			panic("a defect in a feature")
		}
		return in
	}
	r := newRig(t, steps(gateway.Steps{Reserve: []gateway.Reserve{books.take}, RailsOut: []gateway.Transform{explode}}))

	if a := r.chat("r", true); a.status != 200 {
		t.Fatal(a.status, a.body)
	}
	books.check(t, "success", event.OK)

	r.up.SetScript(chaos.MustParse("status=500"))
	if a := r.chat("r", false); a.status != http.StatusBadGateway {
		t.Fatal(a.status, a.body)
	}
	books.check(t, "error", event.UpstreamError)

	r.up.SetScript(chaos.MustParse("stall-after=2"))
	ctx, cancel := context.WithCancel(context.Background())
	go func() { time.Sleep(100 * time.Millisecond); cancel() }()
	r.postContext(ctx, chatPath, chatBody("r", true))
	books.check(t, "cancel", event.Cancelled)

	r.up.SetScript(chaos.Script{})
	blow = true
	if a := r.chat("r", false); a.status != http.StatusInternalServerError || a.code() != "internal_error" || strings.Contains(a.body, "defect") {
		t.Errorf("panic: %d %s", a.status, a.body)
	}
	books.check(t, "panic", event.Interrupted)
	if n := r.gw.InFlight(); n != 0 {
		t.Errorf("%d exchanges are still counted as under way", n)
	}
}
