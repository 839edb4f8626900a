package admin

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/store"
)

// keep puts events of the seconds from..to-1 before noon into the store, ring
// the ones into memory.
func (k *kept) keep(from, to int) {
	k.t().Helper()
	b := &store.Batch{}
	for n := from; n < to; n++ {
		b.Events = append(b.Events, eventAt(n))
	}
	k.apply(b)
}

func (k *kept) hold(from, to int) {
	for n := to - 1; n >= from; n-- { // the newest last, as they end
		k.ring.Record(eventAt(n))
	}
}

func (k *kept) t() *testing.T { return k.fixture.t }

// pagesThrough follows the page tokens and gives the ids in order.
func (k *kept) pagesThrough(query string) (ids []string, partial *Partial) {
	k.t().Helper()
	for token := ""; ; {
		page := decode[EventPage](k.t(), k.body("/api/v1/events?"+query+"&page_token="+token))
		for _, e := range page.Events {
			ids = append(ids, e.ID)
		}
		if page.Partial != nil {
			partial = page.Partial
		}
		if token = page.NextPageToken; token == "" {
			return ids, partial
		}
	}
}

// same compares ids with those of the seconds for which want holds.
func (k *kept) same(name string, got []string, most int, want func(n int) bool) {
	k.t().Helper()
	var ids []string
	for n := range most {
		if want(n) {
			ids = append(ids, eventAt(n).ID)
		}
	}
	if strings.Join(got, " ") != strings.Join(ids, " ") {
		k.t().Errorf("%s: %d events, want %d:\n%v\n%v", name, len(got), len(ids), got, ids)
	}
}

func TestEventsOfStoreAndMemoryAreOneList(t *testing.T) {
	k := startKept(t, nil)
	k.keep(20, 200) // the last 20 are not in the store yet
	k.hold(0, 60)   // the last 60 are in memory
	ids, partial := k.pagesThrough("limit=7")
	k.same("all", ids, 200, func(int) bool { return true })
	if partial != nil {
		t.Errorf("partial: %+v", partial)
	}
	for query, want := range map[string]func(n int) bool{
		"route=plain":                      func(n int) bool { return n%2 == 1 },
		"variant=b":                        func(n int) bool { return n%2 == 1 },
		"tag=team%3Db":                     func(n int) bool { return n%3 == 1 },
		"unit=" + fmt.Sprintf("%016x", 70): func(n int) bool { return n == 70 },
		"id=body-150":                      func(n int) bool { return n == 150 },
		"id=client-10":                     func(n int) bool { return n == 10 },
		"id=" + eventAt(33).ID:             func(n int) bool { return n == 33 },
		"model=big&key=app":                func(int) bool { return true },
		"model=small":                      func(int) bool { return false },
		"outcome=timeout":                  func(int) bool { return false },
		"since=30s":                        func(n int) bool { return n <= 30 },
		"from=100s&to=50s":                 func(n int) bool { return n > 50 && n <= 100 },
		"to=2026-03-10T11:59:00Z":          func(n int) bool { return n > 60 },
		"since=2026-03-11":                 func(int) bool { return false },
	} {
		ids, _ := k.pagesThrough("limit=11&" + query)
		k.same(query, ids, 200, want)
	}
}

// A unit is asked for by its hash, or by what callers call it.
func TestEventsOfAUnitByItsName(t *testing.T) {
	k := startKept(t, nil)
	e := eventAt(3)
	e.Unit = "hash-of-user-ada:1"
	k.apply(&store.Batch{Events: []*event.Event{e, eventAt(4)}})
	if ids, _ := k.pagesThrough("unit=user:ada:1"); len(ids) != 1 || ids[0] != e.ID {
		t.Errorf("got %v", ids)
	}
	k.problem("GET", "/api/v1/events?unit=person:ada", "", 400)
	k.server.cfg.HashUnit = nil
	if p := k.problem("GET", "/api/v1/events?unit=user:ada", "", 503); p.Code != "no_unit_key" {
		t.Errorf("%+v", p)
	}
}

// S1: the store away, hung or broken costs the screen its history and no more.
func TestEventsWithoutTheStore(t *testing.T) {
	k := startKept(t, nil)
	k.keep(0, 100)
	k.hold(0, 30)
	k.server.clocks.store = 200 * time.Millisecond
	for name, fault := range map[string]func(*keptStore){
		"away":  func(s *keptStore) { s.away = errors.New("connection refused") },
		"fails": func(s *keptStore) { s.fails = errors.New("connection refused") },
		"hangs": func(s *keptStore) { s.hangs = true },
	} {
		k.set(func(s *keptStore) { s.away, s.fails, s.hangs = nil, nil, false })
		k.set(fault)
		began := time.Now()
		page := decode[EventPage](t, k.body("/api/v1/events?limit=100"))
		if len(page.Events) != 30 || page.Partial == nil || page.Partial.Age != 1 || !page.Partial.AsOf.Equal(noon.Add(-time.Second)) {
			t.Errorf("%s: %d events, partial %+v", name, len(page.Events), page.Partial)
		} else if name != "hangs" && !strings.Contains(page.Partial.Reason, "connection refused") {
			t.Errorf("%s: %s", name, page.Partial.Reason)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s: took %s", name, took)
		}
		one := decode[EventDetail](t, k.body("/api/v1/events/"+eventAt(5).ID))
		if one.ID != eventAt(5).ID {
			t.Errorf("%s: %+v", name, one)
		}
		if name == "away" && (one.Partial == nil || one.BodyState != "unknown") {
			t.Errorf("%s: %+v", name, one.Partial)
		}
		status, code := 503, "store_unavailable"
		if name == "hangs" {
			status, code = 504, "store_timeout"
		}
		if p := k.problem("GET", "/api/v1/events/"+eventAt(50).ID, "", status); p.Code != code {
			t.Errorf("%s: %+v", name, p)
		}
	}
	k.set(func(s *keptStore) { s.away, s.fails, s.hangs = nil, nil, false })
	if ids, partial := k.pagesThrough("limit=40"); len(ids) != 100 || partial != nil {
		t.Errorf("once it is back: %d events, %+v", len(ids), partial)
	}
}

// S1: an engine that does not even heed its deadline, on every screen. A few reads
// are left in it; what comes after them is told at once, and all is well when it
// comes back.
func TestScreensWhileTheStoreIsDeaf(t *testing.T) {
	k := startKept(t, nil)
	k.keep(0, 10)
	k.server.clocks.store = 100 * time.Millisecond
	deaf := make(chan struct{})
	k.set(func(s *keptStore) { s.deaf = deaf })
	for i := range 6 {
		began := time.Now()
		p := k.problem("GET", []string{"/api/v1/usage", "/api/v1/reports/weekly", "/api/v1/usage/months"}[i%3], "", 504)
		if p.Code != "store_timeout" || p.Next == "" || time.Since(began) > 5*time.Second {
			t.Errorf("after %s: %+v", time.Since(began), p)
		}
		if i >= 4 && !strings.Contains(p.Detail, "4 reads hang in it") {
			t.Errorf("with all places taken: %+v", p)
		}
	}
	k.set(func(s *keptStore) { s.deaf = nil })
	close(deaf)
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if answer, _ := k.get("/api/v1/usage"); answer.StatusCode == 200 {
			break
		}
		if time.Since(began) > 10*time.Second {
			t.Fatal("the store came back, and screens did not")
		}
	}
}

// More waits in the journal than the memory holds: some events are in neither.
func TestEventsWhileTheStoreIsFarBehind(t *testing.T) {
	k := startKept(t, nil)
	k.keep(50, 100)
	k.hold(0, 10)
	k.set(func(s *keptStore) {
		s.health = RecordStatus{State: "behind", AsOf: noon.Add(-time.Minute), Journal: JournalStatus{LagRecords: 50}}
	})
	if page := decode[EventPage](t, k.body("/api/v1/events")); page.Partial == nil || page.Partial.Age != 60 || !strings.Contains(page.Partial.Reason, "50 records") {
		t.Errorf("%+v", page.Partial)
	}
	k.set(func(s *keptStore) { s.health.Journal.LagRecords = 10 })
	if page := decode[EventPage](t, k.body("/api/v1/events")); page.Partial != nil {
		t.Errorf("%+v", page.Partial)
	}
}

func TestAPageTokenOfAnotherStoreIsRefused(t *testing.T) {
	k := startKept(t, nil)
	k.keep(0, 10)
	token := spot{below: "x", page: "no cursor"}.token()
	if p := k.problem("GET", "/api/v1/events?page_token="+token, "", 400); p.Code != "invalid_page_token" {
		t.Errorf("%+v", p)
	}
}

func TestOneEventWithAllThatHangsOnIt(t *testing.T) {
	k := startKept(t, func(c *Config) { c.Tariff = func() *meter.Tariff { return testTariff() } })
	e := eventAt(9)
	e.Model, e.Outcome, e.Stream, e.Frames = "m", event.OK, true, 12
	e.Usage, e.UsageSource, e.CostBasis, e.PriceFrom = chat.Usage{Input: 1000, Cached: 400, CacheWrite: 100, Output: 50}, meter.Reported, meter.Priced, "definitions"
	e.Cost = 2745 // 500×3 + 400×0.3 + 100×3.75 + 50×15 micro-dollars
	e.Total, e.FirstToken, e.QueueWait, e.Overhead = 3*time.Second, 900*time.Millisecond, 100*time.Millisecond, 20*time.Millisecond
	e.Attempts = []event.Attempt{{Model: "big", Endpoint: "http://one", Status: 503, Result: "status_5xx", Took: 300 * time.Millisecond}, {Model: "m", Endpoint: "http://two", Status: 200, Result: "ok", Took: 450 * time.Millisecond}}
	k.apply(&store.Batch{Events: []*event.Event{e}, Bodies: []*event.Body{{ID: e.ID, Time: e.Time, Request: []byte(`{"q":1}`), Response: []byte("a\xff"), Cut: true}},
		Scores: []*event.Score{{ID: idAt(noon, 1), Event: e.ID, Time: noon, Name: "thumbs", Source: "feedback", Value: 1e6}}})
	d := decode[EventDetail](t, k.body("/api/v1/events/"+e.ID))
	if d.ID != e.ID || len(d.Scores) != 1 || d.Scores[0].Value != 1e6 || d.BodyState != "kept" || d.Body != nil || d.Partial != nil {
		t.Errorf("%+v", d)
	}
	var spans []string
	for _, s := range d.Waterfall {
		spans = append(spans, fmt.Sprintf("%s %d+%d", s.Name, s.Start.Milliseconds(), s.Took.Milliseconds()))
	}
	if got, want := strings.Join(spans, ", "), "before 0+50, queue 50+100, attempt 150+300, attempt 450+450, wait 450+450, stream 900+2100, settle 3000+0"; got != want {
		t.Errorf("waterfall\n%s\nwant\n%s", got, want)
	}
	if m := d.Money; !m.Agrees || m.Cost != 2745 || len(m.Lines) != 4 || m.Lines[0] != (MoneyLine{"input", 500, 3e6, 1500}) || m.Lines[1].Cost != 120 || m.Lines[2].Cost != 375 || m.Lines[3].Cost != 750 {
		t.Errorf("%+v", m)
	}
	if d := decode[EventDetail](t, k.body("/api/v1/events/"+e.ID+"?body=true")); d.Body == nil || d.Body.Request != `{"q":1}` || !d.Body.Altered || !d.Body.Cut {
		t.Errorf("%+v", d.Body)
	}
	if !strings.Contains(k.log.String(), "body of an exchange read") {
		t.Error("the reading of a body left no trace in the log")
	}
	e.Cost++
	if m := k.server.money(e); m.Agrees {
		t.Error("a cost that the prices do not give is said to agree")
	}
}

// What was asked and answered is for admins.
func TestBodiesNeedTheScopeAdmin(t *testing.T) {
	k := startKept(t, nil)
	k.state.setKeys(k.keyring("reader", "read"))
	ring, err := keysOf(map[string]string{"reader": "read", "boss": "read,admin"})
	if err != nil {
		t.Fatal(err)
	}
	k.state.setKeys(ring)
	e := eventAt(1)
	k.apply(&store.Batch{Events: []*event.Event{e}, Bodies: []*event.Body{{ID: e.ID, Request: []byte("c4n4ry")}}})
	for key, want := range map[string]int{"reader": 403, "boss": 200} {
		resp, body := k.do(k.request("GET", "/api/v1/events/"+e.ID+"?body=true", "", "Authorization", "Bearer "+k.token(key)))
		if resp.StatusCode != want || strings.Contains(body, "c4n4ry") != (want == 200) {
			t.Errorf("%s: %s %s", key, resp.Status, body)
		}
	}
	if resp, body := k.do(k.request("GET", "/api/v1/events/"+e.ID, "", "Authorization", "Bearer "+k.token("reader"))); resp.StatusCode != 200 || strings.Contains(body, "c4n4ry") {
		t.Errorf("%s %s", resp.Status, body)
	}
}

// Times that do not add up, as of events that were cut short, make no span that
// lies outside of the request.
func TestWaterfallStaysWithinTheRequest(t *testing.T) {
	for name, e := range map[string]*event.Event{
		"nothing":     {},
		"refused":     {Total: time.Millisecond, Outcome: event.Refused},
		"contradicts": {Total: time.Second, FirstToken: 5 * time.Second, QueueWait: 2 * time.Second, Overhead: -1, Attempts: []event.Attempt{{Took: 9 * time.Second, Result: "ok"}}},
		"no answer":   {Total: time.Second, Attempts: []event.Attempt{{Took: time.Second, Result: "connect"}}},
	} {
		for _, s := range waterfall(e) {
			if s.Start < 0 || s.Took < 0 || s.Start+s.Took > e.Total {
				t.Errorf("%s: %+v of %s", name, s, e.Total)
			}
		}
	}
}
