package gateway_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/gateway"
)

// bodies keeps the bodies, and passes on everything.
type bodies struct {
	event.Recorder
	mu   sync.Mutex
	kept map[string]*event.Body
}

func (b *bodies) Record(r event.Record) {
	if body, ok := r.(*event.Body); ok {
		b.mu.Lock()
		b.kept[body.ID] = body
		b.mu.Unlock()
	}
	b.Recorder.Record(r)
}

func TestBodiesAreKeptOnlyWhereAsked(t *testing.T) {
	for _, share := range []float64{0, 1} {
		b := &bodies{kept: map[string]*event.Body{}}
		r := newRig(t, setup{bodies: share, config: func(c *gateway.Config) { b.Recorder, c.Recorder = c.Recorder, b }})
		for i, stream := range []bool{false, true} {
			a := r.chat("r", stream, "X-User-Id", "u")
			e := r.last(i + 1)
			b.mu.Lock()
			got := b.kept[e.ID]
			b.mu.Unlock()
			switch {
			case share == 0 && got != nil:
				t.Errorf("what was said is kept, and nobody asked for it: %q", got.Response)
			case share == 1 && got == nil:
				t.Fatalf("stream %v: what was said is not kept", stream)
			case share == 1 && (string(got.Request) != chatBody("r", stream) || string(got.Response) != a.body || got.Cut):
				t.Errorf("stream %v: kept %q and %q, not %q and %q", stream, got.Request, got.Response, chatBody("r", stream), a.body)
			}
		}
	}
}

func TestBodiesAreCut(t *testing.T) {
	b := &bodies{kept: map[string]*event.Body{}}
	r := newRig(t, setup{bodies: 1, config: func(c *gateway.Config) { b.Recorder, c.Recorder = c.Recorder, b }})
	r.post(chatPath, `{"model":"r","messages":[{"role":"user","content":"`+strings.Repeat("long ", 100_000)+`"}]}`, "X-User-Id", "u")
	e := r.last(1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if got := b.kept[e.ID]; got == nil || len(got.Request) != 256<<10 || !got.Cut {
		t.Errorf("of a request of 500 kB this is kept: %v", got)
	}
}
