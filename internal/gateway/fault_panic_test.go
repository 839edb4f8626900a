package gateway_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/chaos"
	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/gateway"
	"github.com/weirhq/weir/internal/upstream"
)

// defect is what injected panics say; no client may read it.
const defect = "a defect that holds a secret"

// bomb panics where a test has put it, once.
type bomb struct {
	at    atomic.Pointer[string]
	books ledger
	r     *rig
}

func (b *bomb) arm(at string) { b.at.Store(&at) }

func (b *bomb) here(at string) {
	if p := b.at.Load(); p != nil && *p == at {
		b.at.Store(nil)
		panic(defect)
	}
}

func (b *bomb) step(at string) []gateway.Step {
	return []gateway.Step{func(context.Context, *gateway.Exchange) (chat.Frames, error) { b.here(at); return nil, nil }}
}

// steps puts a place for the bomb into every slot, with a reservation before and
// one after its own.
func (b *bomb) steps(*experiment.Route, *experiment.Variant) gateway.Steps {
	return gateway.Steps{
		Render: b.step("render"), Retrieve: b.step("retrieve"), Compress: b.step("compress"), RailsIn: b.step("rails in"),
		Cache: []gateway.Step{func(_ context.Context, x *gateway.Exchange) (chat.Frames, error) {
			b.here("cache")
			if p := b.at.Load(); p != nil && strings.HasPrefix(*p, "own ") {
				own := x.Request.Codec.Compose(&chat.Completion{Text: []string{"a", "b"}}, x.Stream, false)
				return &trap{Frames: own, b: b, name: "own answer's"}, nil
			}
			return nil, nil
		}},
		Reserve: []gateway.Reserve{b.books.take, func(context.Context, *gateway.Exchange) (gateway.Reservation, error) {
			b.here("reserve")
			return b, nil
		}, b.books.take},
		Rounds: []gateway.Round{func(_ context.Context, _ *gateway.Exchange, in chat.Frames) (chat.Frames, bool, error) {
			b.here("round")
			return &trap{Frames: in, b: b, name: "round's"}, false, nil
		}},
		RailsOut: []gateway.Transform{func(_ context.Context, _ *gateway.Exchange, in chat.Frames) chat.Frames {
			b.here("rails out")
			return &trap{Frames: in, b: b, name: "rail's"}
		}},
	}
}

// Settle makes the bomb a reservation.
func (b *bomb) Settle(*gateway.Exchange, event.Outcome, chat.Usage) { b.here("settle") }

// Record makes it a recorder.
func (b *bomb) Record(e event.Record) {
	b.r.events.Record(e)
	b.here("record")
}

// trap is a place for the bomb in an answer.
type trap struct {
	chat.Frames
	b    *bomb
	name string
	n    int
}

func (t *trap) Next() (chat.Frame, error) {
	if t.n++; t.n == 1 {
		t.b.here(t.name + " first frame")
	}
	if t.n == 4 {
		t.b.here(t.name + " fourth frame")
	}
	return t.Frames.Next()
}

func (t *trap) Buffered() bool { t.b.here(t.name + " look ahead"); return t.Frames.Buffered() }

func (t *trap) Close() error {
	err := t.Frames.Close()
	t.b.here(t.name + " close")
	return err
}

// driver is an adapter with a place for the bomb.
type driver struct {
	upstream.Driver
	b *bomb
}

func (d driver) Chat(ctx context.Context, c *upstream.Call) (*upstream.Reply, error) {
	d.b.here("driver")
	reply, err := d.Driver.(upstream.Chat).Chat(ctx, c)
	if err == nil {
		reply.Frames = &trap{Frames: reply.Frames, b: d.b, name: "driver's"}
	}
	return reply, err
}

func (d driver) Embed(ctx context.Context, c *upstream.Call) (*upstream.Reply, error) {
	return d.Chat(ctx, c)
}

// newBomb starts a rig with places for the bomb everywhere.
func newBomb(t *testing.T) *bomb {
	b := &bomb{}
	b.r = newRig(t, setup{config: func(c *gateway.Config) { c.Recorder, c.Steps = b, b.steps }})
	b.r.snap.Pools["a"] = upstream.NewPool(b.r.snap.Pools["a"].Model, driver{b.r.snap.Pools["a"].Driver, b})
	if err := b.r.gw.Apply(b.r.snap); err != nil {
		t.Fatal(err)
	}
	return b
}

// places are where a panic may happen, and what becomes of the answer: a 500, an
// error within the stream that has begun, or nothing at all.
var places = []struct {
	at     string
	stream int // status of a streamed answer; 200 with an error in band unless it is whole
	whole  int
	intact bool // the answer is whole all the same
}{
	{"render", 500, 500, false}, {"retrieve", 500, 500, false}, {"compress", 500, 500, false}, {"rails in", 500, 500, false}, {"cache", 500, 500, false},
	{"reserve", 500, 500, false}, {"driver", 500, 500, false}, {"driver's first frame", 500, 500, false}, {"driver's fourth frame", 200, 200, false},
	{"round", 500, 500, false}, {"round's first frame", 500, 500, false}, {"round's fourth frame", 200, 200, false},
	{"rails out", 500, 500, false}, {"rail's first frame", 500, 500, false}, {"rail's fourth frame", 200, 200, false}, {"rail's look ahead", 200, 200, false},
	{"own answer's first frame", 500, 500, false}, {"own answer's fourth frame", 200, 200, false},
	{"settle", 200, 200, true}, {"record", 200, 200, true}, {"rail's close", 200, 200, true}, {"driver's close", 200, 200, true},
}

// R5: a panic in any stage ends that request, and that request alone.
func TestR5PanicEndsOneRequest(t *testing.T) {
	eachPath(t, func(t *testing.T, path string) {
		for _, p := range places {
			for _, stream := range []bool{false, true}[:1+map[bool]int{true: 1}[journeys[path].streams]] {
				t.Run(strings.ReplaceAll(p.at, " ", "-")+map[bool]string{true: "/stream"}[stream], func(t *testing.T) {
					b := newBomb(t)
					want, intact := p.whole, p.intact
					if stream {
						want = p.stream
					} else if want == 200 {
						intact = true // a whole answer is one frame, and nothing is looked at after it
					}
					b.arm(p.at)
					b.explodes(t, path, stream, want, intact)
					if b.at.Load() != nil && intact == p.intact {
						t.Error("the bomb did not go off")
					}
				})
			}
		}
	})
}

func (b *bomb) explodes(t *testing.T, path string, stream bool, want int, intact bool) {
	r := b.r
	a := r.post(path, journeys[path].body("r", stream))
	if a.status != want || a.err != nil {
		t.Errorf("%d %s %v, want %d", a.status, a.body, a.err, want)
	}
	switch {
	case !intact && a.code() != "internal_error", !intact && a.done():
		t.Errorf("the error is not told: %s", a.body)
	case intact && (a.code() != "" || a.done() != stream):
		t.Errorf("the answer is not whole: %s", a.body)
	}
	if strings.Contains(a.body, defect) || strings.Contains(a.body, "goroutine") {
		t.Errorf("the panic's text got out: %s", a.body)
	}
	e := r.last(1)
	if intact != (e.Outcome == event.OK) || !intact && e.Outcome != event.Interrupted {
		t.Errorf("outcome %v", e.Outcome)
	}
	b.books.mu.Lock()
	if b.books.open != 0 || b.books.twice {
		t.Errorf("%d reservations are still held (one twice: %v)", b.books.open, b.books.twice)
	}
	b.books.mu.Unlock()
	b.survived(t, path, stream)
}

// survived checks that nothing is held and the next request is served.
func (b *bomb) survived(t *testing.T, path string, stream bool) {
	r := b.r
	for deadline := time.Now().Add(5 * time.Second); r.gw.InFlight() != 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if n, g := r.gw.InFlight(), r.sum("weir_in_flight", "r"); n != 0 || g != 0 {
		t.Errorf("%d exchanges are under way, weir_in_flight is %v", n, g)
	}
	if n := r.snap.Pools["a"].Endpoints[0].InFlight(); n != 0 {
		t.Errorf("%d attempts are under way at the endpoint", n)
	}
	if n := r.up.Count(); n > 0 {
		if q, err := r.up.WaitEnded(n, 5*time.Second); err != nil {
			t.Errorf("the upstream is still answering: %v (%+v)", err, q)
		}
	}
	if a := r.post(path, journeys[path].body("r", stream)); a.status != 200 || a.code() != "" || a.done() != stream {
		t.Errorf("the next request: %d %s", a.status, a.body)
	}
}

// R5: an upstream that is still talking is left when a stage panics.
func TestR5PanicLeavesTheUpstream(t *testing.T) {
	for _, at := range []string{"driver's fourth frame", "rail's fourth frame", "rails out", "round"} {
		b := newBomb(t)
		b.r.up.Enqueue(chaos.MustParse("tokens=100000;delay-between=5ms"))
		b.arm(at)
		if a := b.r.post(chatPath, chatBody("r", true)); a.code() != "internal_error" || a.done() {
			t.Errorf("%s: %d %s", at, a.status, tail(a.body))
		}
		if _, err := b.r.up.WaitClosed(1, leaveWithin); err != nil {
			t.Errorf("%s: %v", at, err)
		}
		b.survived(t, chatPath, true)
	}
}

// R5: a storm of panics among good requests harms none of those.
func TestR5PanicsAmongGoodRequests(t *testing.T) {
	var n atomic.Int64
	r := newRig(t, setup{config: func(c *gateway.Config) {
		c.Steps = func(route *experiment.Route, _ *experiment.Variant) gateway.Steps {
			if route.Name != "ab" {
				return gateway.Steps{}
			}
			return gateway.Steps{RailsOut: []gateway.Transform{func(context.Context, *gateway.Exchange, chat.Frames) chat.Frames { n.Add(1); panic(defect) }}}
		}
	}})
	done := make(chan string, 200)
	for i := range 200 {
		go func() {
			route, want := "r", 200
			if i%2 == 0 {
				route, want = "ab", http.StatusInternalServerError
			}
			if a := r.chat(route, i%4 < 2); a.status != want || want == 200 && a.code() != "" {
				done <- a.body
				return
			}
			done <- ""
		}()
	}
	for range 200 {
		if wrong := <-done; wrong != "" {
			t.Error(wrong)
		}
	}
	if got := n.Load(); got != 100 || r.gw.InFlight() != 0 {
		t.Errorf("%d panics, want 100; %d exchanges under way", got, r.gw.InFlight())
	}
}
