package gateway_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/chaos"
	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/gateway"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/upstream"
)

// script is what the model of this test does with one request, and what the
// oracle then knows: each word is one token of gpt-4o.
type script struct {
	words  int  // that it says in all
	stop   int  // after so many words it ends as below; more than words: never
	how    int  // of the endings below
	report bool // usage comes at the end
	pace   time.Duration
}

// The endings of a stream that stops.
const (
	endStalls = iota // until the client or a clock gives up
	endBreaks        // the connection ends
	endFails         // an error inside the stream
	endings
)

// oracle is a model in this process: what it gave out is known to the word.
type oracle struct {
	asked atomic.Int64
	mu    sync.Mutex
	plan  func(id string) script
	words map[string]int  // given out, by Weir's id of the request
	whole map[string]bool // of those that reported their usage
}

func (o *oracle) Close() {}

func (o *oracle) Chat(ctx context.Context, c *upstream.Call) (*upstream.Reply, error) {
	o.asked.Add(1)
	return &upstream.Reply{Status: http.StatusOK, Frames: &spoken{ctx: ctx, o: o, id: c.RequestID, script: o.plan(c.RequestID)}}, nil
}

// spoken is one stream of it.
type spoken struct {
	ctx context.Context
	o   *oracle
	id  string
	script
	said  int
	ended int
}

func (s *spoken) Buffered() bool { return false }
func (s *spoken) Close() error   { return nil }

func (s *spoken) Next() (chat.Frame, error) {
	if s.pace > 0 && s.said > 0 {
		select {
		case <-time.After(s.pace):
		case <-s.ctx.Done():
		}
	}
	switch {
	case s.ctx.Err() != nil:
		return chat.Frame{}, context.Cause(s.ctx)
	case s.said == s.stop && s.said < s.words:
		return s.stopped()
	case s.said < s.words:
		s.said++
		s.o.mu.Lock()
		s.o.words[s.id] = s.said
		s.o.mu.Unlock()
		data := `{"choices":[{"index":0,"delta":{"content":" hello"}}]}`
		return chat.Frame{Kind: chat.Event, Raw: []byte("data: " + data + "\n\n"), Data: []byte(data), Said: []byte(" hello"), Visible: true}, nil
	}
	s.ended++
	switch {
	case s.ended == 1:
		data := `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
		return chat.Frame{Kind: chat.Event, Raw: []byte("data: " + data + "\n\n"), Data: []byte(data), Finish: "stop"}, nil
	case s.ended == 2 && s.report:
		s.o.mu.Lock()
		s.o.whole[s.id] = true
		s.o.mu.Unlock()
		data := `{"choices":[],"usage":{}}`
		return chat.Frame{Kind: chat.Event, Raw: []byte("data: " + data + "\n\n"), Data: []byte(data), UsageOnly: true, HasUsage: true,
			Usage: chat.Usage{Input: requestTokens, Output: int64(s.words)}}, nil
	case s.ended <= 3 && !(s.ended == 3 && !s.report):
		s.ended = 3
		return chat.Frame{Kind: chat.Done, Raw: []byte("data: [DONE]\n\n")}, nil
	}
	return chat.Frame{}, io.EOF
}

func (s *spoken) stopped() (chat.Frame, error) {
	switch s.how {
	case endBreaks:
		return chat.Frame{}, chat.ErrIncomplete
	case endFails:
		data := `{"error":{"message":"overloaded"}}`
		return chat.Frame{Kind: chat.Failure, Raw: []byte("data: " + data + "\n\n"), Data: []byte(data)}, nil
	}
	<-s.ctx.Done()
	return chat.Frame{}, context.Cause(s.ctx)
}

// requestTokens is what chatBody is to gpt-4o: 4 around the message, the word
// hello, 3 before the answer.
const requestTokens = 8

// reservations counts how often each is settled.
type settlements struct {
	mu   sync.Mutex
	used map[string][]chat.Usage
}

type settlement struct {
	all *settlements
	id  string
}

func (s *settlements) take(_ context.Context, x *gateway.Exchange) (gateway.Reservation, error) {
	return &settlement{s, x.ID}, nil
}

func (s *settlement) Settle(_ *gateway.Exchange, _ event.Outcome, u chat.Usage) {
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	s.all.used[s.id] = append(s.all.used[s.id], u)
}

// C2: who pays for a stream that is cancelled, breaks off, fails or stalls. A
// thousand endings at random: each exchange is settled exactly once, for what the
// model gave out until then, to the token; and the sums agree wherever they are.
func TestC2BilledForWhatWasProducedOnce(t *testing.T) {
	const requests, workers = 1000, 50
	o := &oracle{words: map[string]int{}, whole: map[string]bool{}}
	var drawn sync.Mutex
	chance := rand.New(rand.NewPCG(7, 11))
	o.plan = func(string) script {
		drawn.Lock()
		defer drawn.Unlock()
		s := script{words: 1 + chance.IntN(60), how: chance.IntN(endings), report: chance.IntN(2) == 0, pace: time.Duration(chance.IntN(2)) * time.Millisecond}
		s.stop = chance.IntN(2 * s.words)
		return s
	}
	paid := &settlements{used: map[string][]chat.Usage{}}
	s := setup{tariff: priced(), models: openAI, route: retries(0), config: func(c *gateway.Config) {
		c.Steps = func(*experiment.Route, *experiment.Variant) gateway.Steps {
			return gateway.Steps{Reserve: []gateway.Reserve{paid.take}}
		}
	}}
	r := newRig(t, s)
	r.snap.Pools["a"].Driver = o
	if err := r.gw.Apply(r.snap); err != nil {
		t.Fatal(err)
	}
	var crowd sync.WaitGroup
	for w := range workers {
		crowd.Go(func() {
			mine := rand.New(rand.NewPCG(uint64(w), 3))
			for o.asked.Load() < requests { // who leaves too early is never heard
				r.leaveAfter(mine.IntN(12), time.Duration(mine.IntN(30))*time.Millisecond)
			}
		})
	}
	crowd.Wait()
	for deadline := time.Now().Add(10 * time.Second); r.gw.InFlight() > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	events := r.events.all()
	if n := r.gw.InFlight(); n != 0 || int64(len(events)) < o.asked.Load() {
		t.Fatalf("%d exchanges never ended; %d events of %d that were asked", n, len(events), o.asked.Load())
	}
	checkBills(t, events, o, paid)
	var total meter.Micro
	for _, e := range events {
		total += e.Cost
	}
	if got := r.sum("llm_request_cost_dollars", "a"); fmt.Sprintf("%.6f", got) != total.Decimal() && fmt.Sprintf("%.6f", got) != fmt.Sprintf("%.6f", float64(total)/1e6) {
		t.Errorf("telemetry says %v dollars, the events %s", got, total.Decimal())
	}
}

// leaveAfter asks for a stream, reads so many lines, waits, and leaves.
func (r *rig) leaveAfter(lines int, wait time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+chatPath, strings.NewReader(chatBody("r", true)))
	if err != nil {
		r.t.Error(err)
		return
	}
	time.AfterFunc(10*time.Millisecond+wait, cancel) // also from the wait for the header
	res, err := r.client.Do(req)
	if err != nil {
		return
	}
	defer res.Body.Close()
	buf := make([]byte, 64)
	for range lines {
		if _, err := res.Body.Read(buf); err != nil {
			return
		}
	}
}

func checkBills(t *testing.T, events []*event.Event, o *oracle, paid *settlements) {
	t.Helper()
	price := priced().Models["a"].Price
	outcomes := map[event.Outcome]int{}
	ids := map[string]bool{}
	for _, e := range events {
		outcomes[e.Outcome]++
		if ids[e.ID] {
			t.Fatalf("%s has two events", e.ID)
		}
		ids[e.ID] = true
		want := chat.Usage{Input: requestTokens, Output: int64(o.words[e.ID])}
		if e.Outcome == event.UpstreamError && want.Output == 0 {
			want = chat.Usage{} // an error and nothing else: nobody bills that
		}
		if _, asked := o.words[e.ID]; !asked && len(e.Attempts) == 0 {
			want = chat.Usage{} // gone before anything was asked
		}
		if e.Usage != want || e.Cost != price.Cost(want) {
			t.Errorf("%s %s: billed %+v, %d; the model gave out %+v, %d", e.ID, e.Outcome, e.Usage, e.Cost, want, price.Cost(want))
		}
		if used := paid.used[e.ID]; len(e.Attempts) > 0 && (len(used) != 1 || used[0] != e.Usage) {
			t.Errorf("%s was settled %d times, for %+v", e.ID, len(used), used)
		}
		if o.whole[e.ID] && e.UsageSource != meter.Reported {
			t.Errorf("%s reported its usage, and %s is by %s", e.ID, e.Outcome, e.UsageSource)
		}
		if e.Outcome != event.OK && want.Output > 0 && e.UsageSource != meter.Counted && !o.whole[e.ID] {
			t.Errorf("%s %s: by %q", e.ID, e.Outcome, e.UsageSource)
		}
	}
	for _, must := range []event.Outcome{event.OK, event.Cancelled, event.Truncated, event.UpstreamError} {
		if outcomes[must] == 0 {
			t.Errorf("no exchange ended as %s: %v", must, outcomes)
		}
	}
}

// The same over sockets, where the upstream knows what it sent: what Weir bills
// lies between what the client was given and what the upstream had sent.
func TestC2OverTheWire(t *testing.T) {
	r := newRig(t, setup{tariff: priced(), models: openAI, route: retries(0)})
	r.up.SetScript(chaos.Script{Text: strings.Repeat(" hello", 400), Between: time.Millisecond})
	const requests = 60
	for n := range requests {
		c := r.dial()
		c.request(chatPath, chatBody("r", true))
		c.readUntil("data:")
		time.Sleep(time.Duration(n%20) * time.Millisecond)
		c.leave(n%2 == 0)
		r.events.wait(t, n+1)
		e := r.events.at(t, n)
		q, err := r.up.WaitEnded(n+1, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if e.Outcome != event.Cancelled || e.UsageSource != meter.Counted || e.Usage.Input != requestTokens {
			t.Fatalf("%s, %+v by %s", e.Outcome, e.Usage, e.UsageSource)
		}
		if out := e.Usage.Output; out < 1 || out > int64(q.Tokens) || out < int64(q.Tokens)-20 {
			t.Errorf("billed %d tokens; the upstream sent %d", out, q.Tokens)
		}
	}
}

// Streams that a clock ends are billed for what came, and whole answers that
// never came for their request, as a guess: nobody knows how far the model was.
func TestTimeoutsAreBilled(t *testing.T) {
	clocks := func(a, b *upstream.Model) {
		openAI(a, b)
		a.Clocks = upstream.Clocks{Header: 100 * time.Millisecond, FirstToken: 100 * time.Millisecond, Idle: 100 * time.Millisecond}
	}
	for _, c := range []struct {
		name, script string
		stream       bool
		output       int64
		source       meter.Source
	}{
		{"idle", "stall-after=4;text=" + strings.Repeat(" hello", 9), true, 3, meter.Counted},
		{"before the first token", "stall-after=1", true, 0, meter.Guessed},
		{"a whole answer", "silent", false, 0, meter.Guessed},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, setup{tariff: priced(), models: clocks, route: retries(0)})
			r.up.SetScript(chaos.MustParse(c.script))
			r.chat("r", c.stream)
			e := r.last(1)
			if e.Outcome != event.Timeout || e.Usage != (chat.Usage{Input: requestTokens, Output: c.output}) || e.UsageSource != c.source {
				t.Errorf("%s: %+v by %s", e.Outcome, e.Usage, e.UsageSource)
			}
			if c.source == meter.Guessed && (e.UsageError != 1 || e.CostBasis != meter.Estimated) {
				t.Errorf("± %v, %s", e.UsageError, e.CostBasis)
			}
		})
	}
}

// A stream that reported usage early and was then cut is billed for what it said
// after that too.
func TestUsageThatCameTooEarly(t *testing.T) {
	r := newRig(t, setup{tariff: priced(), models: openAI, route: retries(0)})
	first := `data: {"choices":[{"index":0,"delta":{"role":"assistant"}}],"usage":{"prompt_tokens":50,"completion_tokens":0}}` + "\n\n"
	word := `data: {"choices":[{"index":0,"delta":{"content":" hello"}}]}` + "\n\n"
	r.up.SetScript(chaos.Script{Raw: []byte(first + strings.Repeat(word, 7))})
	r.chat("r", true)
	if e := r.last(1); e.Outcome != event.Truncated || e.Usage != (chat.Usage{Input: 50, Output: 7}) || e.UsageSource != meter.Counted {
		t.Errorf("%s: %+v by %s", e.Outcome, e.Usage, e.UsageSource)
	}
}

// What is said beyond what is kept is taken to be like it.
func TestLongStreamsAreExtrapolated(t *testing.T) {
	r := newRig(t, setup{tariff: priced(), models: openAI})
	const words = 30_000 // 180 kB
	r.up.SetScript(chaos.Script{Text: strings.Repeat(" hello", words), NoUsage: true})
	if a := r.chat("r", true); a.status != 200 || !a.done() {
		t.Fatal(a.status)
	}
	e := r.last(1)
	if e.UsageSource != meter.Guessed || e.Usage.Output < words*99/100 || e.Usage.Output > words*101/100 {
		t.Errorf("%+v by %s, of %d words", e.Usage, e.UsageSource, words)
	}
}
