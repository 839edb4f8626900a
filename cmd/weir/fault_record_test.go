package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/chaos"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/store"
)

// priced are definitions of a model whose tokens cost whole micro-dollars, so that
// sums can be held to the last one. More sections may follow.
const priced = `
models:
  m: {vendor: vllm, model: id-m, endpoints: ["%s/v1"], price: {input: 3, output: 15}}
routes:
  m: {baseline: m, unit: [header:x-user-id]}
`

func pricedAt(url string) string { return listenFree("") + fmt.Sprintf(priced, url) }

// folder is where a live Weir keeps things.
func (l *live) folder() string { return filepath.Join(filepath.Dir(l.file), defaultFolder) }

// again starts a Weir anew on the file and folder of one that has ended.
func (l *live) again(o serverOptions) *live {
	l.t.Helper()
	next := &live{t: l.t, file: l.file, log: &written{}, loud: l.loud, env: l.env, client: l.client}
	if err := next.serve(o); err != nil {
		l.t.Fatal(err)
	}
	return next
}

// ends stops it, in the order of a drain.
func (l *live) ends() {
	l.t.Helper()
	l.client.CloseIdleConnections()
	l.s.drain(soon, nil)
}

// oracle adds up what clients were told their requests used.
type oracle struct {
	mu       sync.Mutex
	requests int64
	cost     meter.Micro
	wrong    []string
}

// costByUsage is what an answer cost by its usage, at the price of m.
func costByUsage(body string) meter.Micro {
	var a struct {
		Usage struct {
			Prompt     int64 `json:"prompt_tokens"`
			Completion int64 `json:"completion_tokens"`
		}
	}
	for line := range strings.Lines(body) {
		if text := strings.TrimPrefix(line, "data: "); strings.Contains(text, `"prompt_tokens"`) {
			_ = json.Unmarshal([]byte(text), &a)
		}
	}
	return meter.Micro(3*a.Usage.Prompt + 15*a.Usage.Completion)
}

// askCounted asks m for an answer that says what it used, streamed or not.
func askCounted(c *http.Client, url string, stream bool, headers ...string) got {
	body := question("m", stream)
	if stream {
		body = strings.Replace(body, `"stream":true`, `"stream":true,"stream_options":{"include_usage":true}`, 1)
	}
	return post(c, url, body, headers...)
}

// post sends a body to the chat path; headers come in pairs.
func post(c *http.Client, url, body string, headers ...string) got {
	req, err := http.NewRequest(http.MethodPost, url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		return got{err: err}
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return do(c, req)
}

// ask asks n times, by some clients at once, in streams and not. Every request
// must be answered.
func (o *oracle) ask(l *live, n int, headers ...string) {
	l.t.Helper()
	var wg sync.WaitGroup
	for c := range 8 {
		wg.Go(func() {
			for i := c; i < n; i += 8 {
				o.note(askCounted(l.client, l.s.data.url(), i%2 == 0, headers...), i%2 == 0)
			}
		})
	}
	wg.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.wrong) > 0 {
		l.t.Fatalf("%d requests went wrong, the first: %s", len(o.wrong), o.wrong[0])
	}
}

func (o *oracle) note(g got, stream bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.requests++
	o.cost += costByUsage(g.body)
	if g.err != nil || g.status != 200 || g.done() != stream {
		o.wrong = append(o.wrong, fmt.Sprintf("%d %v %s", g.status, g.err, g.body))
	}
}

// books is what a store holds: single events, and money by its ledger.
type books struct {
	events   map[string]*event.Event
	requests int64
	cost     meter.Micro
	unpriced int64
}

func readBooks(t *testing.T, kept store.Store) books {
	t.Helper()
	b := books{events: map[string]*event.Event{}}
	for q, more := (store.EventQuery{Limit: event.MaxPage}), true; more; more = q.Cursor != "" {
		page, next, err := kept.FindEvents(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			if b.events[e.ID] != nil {
				t.Errorf("event %s is there twice", e.ID)
			}
			b.events[e.ID] = e
		}
		q.Cursor = next
	}
	rows, err := kept.LedgerRows(context.Background(), store.LedgerQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		b.requests, b.cost, b.unpriced = b.requests+r.Requests, b.cost+r.Cost, b.unpriced+r.Unpriced
	}
	return b
}

// kept waits until all that was recorded is in the store, and reads it.
func (l *live) kept() books {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*soon)
	defer cancel()
	if err := l.s.kept.own.writer.Settle(ctx); err != nil {
		l.t.Fatal(err)
	}
	db, err := l.s.kept.reader()
	if err != nil {
		l.t.Fatal(err)
	}
	return readBooks(l.t, db)
}

// agrees holds the books of a store against what the oracle knows.
func (o *oracle) agrees(t *testing.T, b books) {
	t.Helper()
	if b.requests != o.requests || b.cost != o.cost {
		t.Errorf("the ledger has %d requests for %d micro-dollars, the oracle %d for %d", b.requests, b.cost, o.requests, o.cost)
	}
}

// store is what the admin API says of the store.
func (l *live) store() client.Store {
	l.t.Helper()
	s, err := l.admin().Store(context.Background())
	if err != nil {
		l.t.Fatal(err)
	}
	return s
}

// away waits until it is said that the store is away, and why, wherever somebody
// may look; requests do not notice.
func (l *live) away(why string) {
	l.t.Helper()
	eventually(l.t, "the store is said to be away", func() bool { return l.store().State == "away" })
	if s := l.store(); !strings.Contains(s.Reason+s.Error, why) {
		l.t.Errorf("the store is away because of %q, %q; want %q", s.Reason, s.Error, why)
	}
	if up := l.metric("weir_store_up"); up != 0 {
		l.t.Errorf("weir_store_up is %v", up)
	}
	code, out, _ := runs(map[string]string{"WEIR_ADMIN": l.s.adminListener.url()}, "doctor", "-c", l.file)
	if code != exitFindings || !strings.Contains(out, "the store is away") || !strings.Contains(out, why) {
		l.t.Errorf("the doctor ends with %d and says\n%s", code, out)
	}
	l.ready(true)
}

// back waits until the store is well again.
func (l *live) back() {
	l.t.Helper()
	eventually(l.t, "the store is back", func() bool { s := l.store(); return s.State == "ok" && s.Engine == "sqlite" })
	if up := l.metric("weir_store_up"); up != 1 {
		l.t.Errorf("weir_store_up is %v", up)
	}
}

// hung is an engine that takes nothing, whatever the deadline, until it is let go.
type hung struct {
	store.Store
	until <-chan struct{}
}

func (h *hung) Apply(ctx context.Context, b *store.Batch) error {
	<-h.until
	return h.Store.Apply(ctx, b)
}

func (h *hung) Durable(ctx context.Context, replica string) (event.Position, error) {
	<-h.until
	return h.Store.Durable(ctx, replica)
}

func (h *hung) Close() error {
	<-h.until // as one does that waits for the call that hangs
	return h.Store.Close()
}

// hangs opens stores that hang until let go is called, which the end of the test does.
func hangs(t *testing.T) (open storeOpener, letGo func()) {
	until := make(chan struct{})
	letGo = sync.OnceFunc(func() { close(until) })
	t.Cleanup(letGo)
	return func(path string) (store.Store, error) {
		db, err := openStore(path)
		if err != nil {
			return nil, err
		}
		return &hung{db, until}, nil
	}, letGo
}

// mustDo ends the test at an error.
func mustDo(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// spoiled overwrites bytes of a file.
func spoiled(t *testing.T, name string, at int64, bytes []byte) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	mustDo(t, err)
	_, err = f.WriteAt(bytes, at)
	mustDo(t, err)
	mustDo(t, f.Close())
}

// without opens stores that have no room when they are told so.
func without(t *testing.T) (open storeOpener, room func(bool)) {
	t.Helper()
	var none atomic.Bool
	return func(path string) (store.Store, error) {
		db, err := openStore(path)
		if err != nil {
			return nil, err
		}
		return &full{db, &none}, nil
	}, func(is bool) { none.Store(!is) }
}

// full is an engine on a disk that may be full.
type full struct {
	store.Store
	none *atomic.Bool
}

func (f *full) Apply(ctx context.Context, b *store.Batch) error {
	if f.none.Load() {
		return errors.New("apply a batch: the store has no room: the disk or the quota is full")
	}
	return f.Store.Apply(ctx, b)
}

// endlessScript is an answer without an end.
var endlessScript = chaos.MustParse("tokens=1000000;delay-between=50ms")

// outcomes counts the events of a route by how they ended.
func (p *process) outcomes(route string) (map[string]int, error) {
	page, err := client.New(p.admin).Events(context.Background(), client.Query{Route: route, Limit: 1000})
	n := map[string]int{}
	for i := range page.Events {
		n[page.Events[i].Outcome]++
	}
	return n, err
}

// late is an engine that says when it is asked to open, and opens when it is let.
type late struct {
	asked, gate chan struct{}
	closed      atomic.Int32
}

func (l *late) open(path string) (store.Store, error) {
	l.asked <- struct{}{}
	<-l.gate
	db, err := openStore(path)
	if err != nil {
		return nil, err
	}
	return &closing{db, &l.closed}, nil
}

// closing counts when it is closed.
type closing struct {
	store.Store
	closed *atomic.Int32
}

func (c *closing) Close() error {
	c.closed.Add(1)
	return c.Store.Close()
}
