// Package upstreamtest is the contract of package upstream as a test. Every
// driver passes it, so the gateway need not know which one it holds.
package upstreamtest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai"
	"github.com/weirhq/weir/internal/upstream"
)

// Prompt is how soon a call must end once its context has. The promise is 250
// ms; a test allows three times that.
const Prompt = 3 * 250 * time.Millisecond

// Run holds a driver to the contract. start gives a driver, an endpoint of it,
// and the id of the model there. An answer of 4096 tokens (max_tokens) must take
// it at least two seconds, streamed or not, and one of eight much less; a model
// id that is not the given one must be refused with a status.
func Run(t *testing.T, start func(t *testing.T) (d upstream.Driver, e *upstream.Endpoint, model string)) {
	d, e, model := start(t)
	before := runtime.NumGoroutine()
	c := contract{d: d, e: e, model: model}
	for _, part := range []struct {
		name string
		test func(*testing.T)
	}{
		{"whole answer", c.whole},
		{"stream", c.stream},
		{"stream, client did not ask for a stream", c.streamForced},
		{"stream closed early", c.closedEarly},
		{"context ended before", c.endedBefore},
		{"context ends while waiting for a whole answer", c.endsWhileWaiting},
		{"context ends in the middle of a stream", c.endsMidStream},
		{"refused", c.refused},
		{"embeddings", c.embeddings},
		{"list of models", c.list},
	} {
		t.Run(part.name, part.test)
	}
	d.Close()
	leaks(t, before)
}

// contract is one driver under test.
type contract struct {
	d     upstream.Driver
	e     *upstream.Endpoint
	model string
}

// call makes a call of a body in OpenAI's dialect.
func (c *contract) call(t *testing.T, op chat.Op, stream bool, body string) *upstream.Call {
	t.Helper()
	return &upstream.Call{Request: Request(t, op, body), Stream: stream, Model: c.model, Endpoint: c.e, RequestID: "0190-test", Attempt: 1}
}

// Request makes a request of a body in OpenAI's dialect.
func Request(t testing.TB, op chat.Op, body string) *chat.Request {
	t.Helper()
	var head chat.Head
	if err := openai.Scan([]byte(body), op, &head); err != nil {
		t.Fatal(err)
	}
	return chat.NewRequest(op, openai.Codec{}, []byte(body), head)
}

func (c *contract) chat(ctx context.Context, t *testing.T, stream bool, body string) (*upstream.Reply, error) {
	t.Helper()
	d, ok := c.d.(upstream.Chat)
	if !ok {
		t.Fatal("the driver does not chat")
	}
	return d.Chat(ctx, c.call(t, chat.OpChat, stream, body))
}

const (
	short = `{"model":"route","messages":[{"role":"user","content":"Say hello."}],"max_tokens":8}`
	long  = `{"model":"route","messages":[{"role":"user","content":"Tell me everything."}],"max_tokens":4096}`

	shortStream = `{"model":"route","messages":[{"role":"user","content":"Say hello."}],"max_tokens":8,"stream":true}`
	longStream  = `{"model":"route","messages":[{"role":"user","content":"Tell me everything."}],"max_tokens":4096,"stream":true}`
)

// answered checks what every answer has, and gives its frames.
func answered(t *testing.T, r *upstream.Reply, err error) chat.Frames {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if r.Status != 200 || r.Frames == nil || r.Body != nil {
		t.Fatalf("status %d, frames %v, body %q", r.Status, r.Frames != nil, r.Body)
	}
	return r.Frames
}

func (c *contract) whole(t *testing.T) {
	r, err := c.chat(t.Context(), t, false, short)
	frames := answered(t, r, err)
	f, err := frames.Next()
	if err != nil {
		t.Fatal(err)
	}
	if f.Kind != chat.Whole || !json.Valid(f.Data) || f.Finish == "" || !f.HasUsage || f.Usage.Input <= 0 || f.Usage.Output <= 0 {
		t.Errorf("frame %+v", f)
	}
	deltas, err := openai.Codec{}.Deltas(f)
	if err != nil || len(deltas) != 1 || deltas[0].Text == "" {
		t.Errorf("deltas %+v, %v", deltas, err)
	}
	if _, err := frames.Next(); err != io.EOF {
		t.Errorf("after the one frame: %v", err)
	}
	closeTwice(t, frames)
}

func (c *contract) stream(t *testing.T)       { c.streamed(t, shortStream) }
func (c *contract) streamForced(t *testing.T) { c.streamed(t, short) }

// streamed reads a stream to its end. Its usage is asked for by the driver: the
// bodies here do not.
func (c *contract) streamed(t *testing.T, body string) {
	r, err := c.chat(t.Context(), t, true, body)
	frames := answered(t, r, err)
	var text, finish string
	var usage []chat.Usage
	last := chat.Comment
	for {
		f, err := frames.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		last = f.Kind
		switch f.Kind {
		case chat.Event:
			if !json.Valid(f.Data) {
				t.Errorf("event is not JSON: %q", f.Data)
			}
			deltas, err := openai.Codec{}.Deltas(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range deltas {
				text += d.Text
			}
			if f.Finish != "" {
				finish = f.Finish
			}
			if f.HasUsage {
				usage = append(usage, f.Usage)
			}
		case chat.Done, chat.Comment:
		default:
			t.Errorf("frame of kind %d: %q", f.Kind, f.Raw)
		}
	}
	if text == "" || finish == "" || last != chat.Done {
		t.Errorf("text %q, finish %q, last kind %d", text, finish, last)
	}
	if len(usage) == 0 || usage[len(usage)-1].Output <= 0 {
		t.Errorf("usage %+v", usage)
	}
	closeTwice(t, frames)
}

func (c *contract) closedEarly(t *testing.T) {
	r, err := c.chat(t.Context(), t, true, longStream)
	frames := answered(t, r, err)
	if _, err := frames.Next(); err != nil {
		t.Fatal(err)
	}
	soon(t, "closing", func() { closeTwice(t, frames) })
}

func closeTwice(t *testing.T, frames chat.Frames) {
	t.Helper()
	for range 2 {
		if err := frames.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

func (c *contract) endedBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, stream := range []bool{false, true} {
		soon(t, "a call that was over before it began", func() {
			r, err := c.chat(ctx, t, stream, longStream)
			if err == nil { // a stream may begin; then its first frame tells
				_, err = r.Frames.Next()
				_ = r.Frames.Close()
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("stream %v: %v", stream, err)
			}
		})
	}
}

// errClock stands for the clock of a gateway that ran out.
var errClock = errors.New("the first-token clock ran out")

func (c *contract) endsWhileWaiting(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	var at time.Time
	stop := time.AfterFunc(100*time.Millisecond, func() { at = time.Now(); cancel(errClock) })
	defer stop.Stop()
	r, err := c.chat(ctx, t, false, long)
	if err == nil {
		_ = r.Frames.Close()
		t.Fatal("answered before the context ended: the model of this test is too fast")
	}
	<-ctx.Done()
	if late := time.Since(at); late > Prompt {
		t.Errorf("ended %v after its context", late)
	}
	ended(t, err)
}

// ended checks that an error tells both that the context ended and why.
func ended(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, context.Canceled) || !errors.Is(err, errClock) {
		t.Errorf("the error is neither the context's nor its cause: %v", err)
	}
}

func (c *contract) endsMidStream(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	r, err := c.chat(ctx, t, true, longStream)
	frames := answered(t, r, err)
	defer frames.Close()
	for range 3 {
		if _, err := frames.Next(); err != nil {
			t.Fatal(err)
		}
	}
	cancel(errClock)
	soon(t, "a stream whose context ended", func() {
		for err == nil {
			_, err = frames.Next()
		}
	})
	ended(t, err)
}

func (c *contract) refused(t *testing.T) {
	d := c.d.(upstream.Chat)
	for _, stream := range []bool{false, true} {
		call := c.call(t, chat.OpChat, stream, short)
		call.Model = c.model + "-which-is-not-here"
		r, err := d.Chat(t.Context(), call)
		if err != nil {
			t.Fatal(err)
		}
		var body struct {
			Error struct{ Message string }
		}
		if err := json.Unmarshal(r.Body, &body); err != nil || body.Error.Message == "" {
			t.Errorf("stream %v: body %q: %v", stream, r.Body, err)
		}
		if r.Status < 400 || r.Status > 499 || r.Frames != nil {
			t.Errorf("stream %v: status %d, frames %v", stream, r.Status, r.Frames != nil)
		}
	}
}

func (c *contract) embeddings(t *testing.T) {
	d, ok := c.d.(upstream.Embed)
	if !ok {
		return // a capability that a driver may lack
	}
	r, err := d.Embed(t.Context(), c.call(t, chat.OpEmbed, false, `{"model":"route","input":["one","two"]}`))
	frames := answered(t, r, err)
	defer frames.Close()
	f, err := frames.Next()
	if err != nil {
		t.Fatal(err)
	}
	var body struct {
		Data []struct {
			Index     int
			Embedding []float64
		}
	}
	if err := json.Unmarshal(f.Data, &body); err != nil || f.Kind != chat.Whole {
		t.Fatalf("kind %d: %v", f.Kind, err)
	}
	if len(body.Data) != 2 || body.Data[1].Index != 1 || len(body.Data[0].Embedding) == 0 {
		t.Errorf("vectors %+v", body.Data)
	}
	if !f.HasUsage || f.Usage.Input <= 0 {
		t.Errorf("usage %v %+v", f.HasUsage, f.Usage)
	}
}

func (c *contract) list(t *testing.T) {
	d, ok := c.d.(upstream.Lister)
	if !ok {
		return
	}
	ids, err := d.Models(t.Context(), c.e)
	if err != nil || !strings.Contains(strings.Join(ids, "\n")+"\n", c.model+"\n") {
		t.Errorf("models %q, %v", ids, err)
	}
}

// soon fails when something takes longer than a call may after its end.
func soon(t *testing.T, what string, do func()) {
	t.Helper()
	begin := time.Now()
	do()
	if took := time.Since(begin); took > Prompt {
		t.Errorf("%s took %v", what, took)
	}
}

// leaks waits for the goroutines to come down to what they were.
func leaks(t *testing.T, before int) {
	t.Helper()
	for wait := time.Millisecond; runtime.NumGoroutine() > before; wait *= 2 {
		if wait > 2*time.Second {
			stacks := string(debugStacks())
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks)
		}
		time.Sleep(wait)
	}
}

func debugStacks() []byte {
	buf := make([]byte, 1<<20)
	return buf[:runtime.Stack(buf, true)]
}
