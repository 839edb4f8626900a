//go:build proof

package test

import (
	"container/heap"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
)

// traffic makes the records of a busy gateway in the order in which one writes
// them: the beginning of an exchange when it goes upstream, its event when it has
// ended, with the others that are under way in between.
type traffic struct {
	*rand.Rand
	zipf *rand.Zipf
	at   time.Time     // the next arrival
	mean time.Duration // between arrivals, over a day

	begun  *event.Event // goes upstream next
	ending ending       // under way, by their end
	made   int          // events so far
	cost   meter.Micro  // of these
}

// users are those of the routes; few of them ask most.
const users = 200_000

func newTraffic(at time.Time) *traffic {
	r := rand.New(rand.NewPCG(1, 2))
	return &traffic{Rand: r, zipf: rand.NewZipf(r, 1.1, 20, users-1), at: at}
}

// next gives the next record. steady arrivals keep the mean rate; others are
// fewer at night.
func (g *traffic) next(steady bool) event.Record {
	if g.begun == nil {
		g.begun = g.exchange()
		g.arrive(steady)
	}
	if len(g.ending) > 0 && ends(g.ending[0]).Before(g.begun.Time) {
		return g.end()
	}
	e := g.begun
	g.begun = nil
	heap.Push(&g.ending, e)
	if e.Outcome == event.Refused {
		return g.end() // it never went upstream, and ends at once
	}
	return &event.Begin{
		ID: e.ID, ClientID: e.ClientID, Project: e.Project, Time: e.Time, Revision: e.Revision, Path: e.Path, Route: e.Route, Assignments: e.Assignments,
		Conversation: e.Conversation, UnitKind: e.UnitKind, Unit: e.Unit, Key: e.Key, Tags: e.Tags, Model: e.Model, Stream: e.Stream,
	}
}

func (g *traffic) end() *event.Event {
	e := heap.Pop(&g.ending).(*event.Event)
	g.made++
	g.cost += e.Cost
	return e
}

// arrive sets the time of the next arrival.
func (g *traffic) arrive(steady bool) {
	gap := g.ExpFloat64() * float64(g.mean)
	if hours := g.at.Sub(g.at.Truncate(24 * time.Hour)).Hours(); !steady {
		gap /= 1 - 0.8*math.Cos(hours/24*2*math.Pi)
	}
	g.at = g.at.Add(time.Duration(gap))
}

// Keys are of teams, and ask on a few routes; a route has an experiment or not.
var (
	trafficRoutes = []string{"support", "search", "summaries", "code", "translate", "drafts"}
	trafficModels = []string{"sonnet", "llama-70b", "llama-8b", "gpt-mini", "haiku", "qwen-coder"}
	trafficPrices = []meter.Price{
		{Input: 3_000_000, Output: 15_000_000, CachedInput: 300_000, CacheWrite: 3_750_000}, {Input: 600_000, Output: 800_000},
		{Input: 60_000, Output: 80_000}, {Input: 150_000, Output: 600_000, CachedInput: 75_000},
		{Input: 800_000, Output: 4_000_000, CachedInput: 80_000, CacheWrite: 1_000_000}, {Input: 200_000, Output: 400_000},
	}
)

const trafficKeys, trafficTeams = 12, 4

// exchange makes the event of an exchange that begins now.
func (g *traffic) exchange() *event.Event {
	key := min(int(g.ExpFloat64()*3), trafficKeys-1)
	route := (key + min(int(g.ExpFloat64()), 2)) % len(trafficRoutes)
	model, unit := route, uint64(g.zipf.Uint64()+1)*0x9e3779b97f4a7c15
	e := &event.Event{
		ID: g.id(), Project: "default", Time: g.at, Revision: "3f2a9c71b0de", Path: "/v1/chat/completions", Route: trafficRoutes[route],
		UnitKind: "user", Unit: fmt.Sprintf("%016x", unit), Conversation: fmt.Sprintf("%016x", g.Uint64()), Key: fmt.Sprintf("key-%d", key),
		Tags: []string{"env=" + pick(g.IntN(5) == 0, "staging", "prod"), fmt.Sprintf("team=%d", key%trafficTeams)}, Vendor: "vllm", Stream: g.IntN(5) < 3,
	}
	if g.IntN(4) == 0 {
		e.ClientID = fmt.Sprintf("req_%016x", g.Uint64())
	}
	a := event.Assignment{Variant: "baseline", Reason: "no_experiment", Probability: 1}
	if route < 3 {
		a = event.Assignment{Experiment: trafficRoutes[route] + "-next", Epoch: 1, Step: 1, Variant: "baseline", Reason: "chance", Enrolled: true, Probability: 0.5}
		if unit&(1<<40) != 0 {
			a.Variant, model = "candidate", route+1
		}
	}
	e.Assignments, e.Model, e.ServedModel = []event.Assignment{a}, trafficModels[model], trafficModels[model]+"-2026-08"
	e.Endpoint = fmt.Sprintf("http://%s-%d:8000/v1", e.Model, g.IntN(3))
	g.answer(e, trafficPrices[model])
	return e
}

// answer decides how it goes.
func (g *traffic) answer(e *event.Event, price meter.Price) {
	e.Outcome, e.Status, e.Finish = event.OK, 200, "stop"
	e.Usage = chat.Usage{Input: 50 + int64(g.ExpFloat64()*900), Output: 1 + int64(g.ExpFloat64()*220)}
	if g.IntN(3) == 0 && price.CachedInput > 0 {
		e.Usage.Cached = e.Usage.Input / 2
	}
	e.FirstToken = time.Duration(math.Exp(g.NormFloat64()*0.5-1.2) * float64(time.Second))
	e.PerToken = time.Duration((8 + 8*g.Float64()) * float64(time.Millisecond))
	e.Total = e.FirstToken + time.Duration(e.Usage.Output)*e.PerToken
	e.Overhead, e.QueueWait = time.Duration(100_000+g.IntN(200_000)), time.Duration(g.IntN(20_000))
	attempt := event.Attempt{Model: e.Model, Endpoint: e.Endpoint, Status: 200, Result: "ok", Took: e.Total}
	switch draw := g.IntN(1000); {
	case draw < 15:
		e.Outcome, e.Finish = event.Cancelled, ""
		e.Total /= 2
	case draw < 20:
		e.Outcome, e.Status, e.Finish, e.Code, e.Clock = event.Timeout, 504, "", "upstream_timeout", "first_byte"
		attempt.Status, attempt.Result, e.Usage, e.FirstToken, e.PerToken, e.Total = 0, "timeout", chat.Usage{}, 0, 0, 5*time.Second
	case draw < 26:
		e.Outcome, e.Status, e.Finish, e.Code = event.UpstreamError, 502, "", "upstream_error"
		attempt.Status, attempt.Result, e.Usage, e.FirstToken, e.PerToken, e.Total = 500, "status_5xx", chat.Usage{}, 0, 0, 80*time.Millisecond
	case draw < 30:
		e.Outcome, e.Status, e.Finish, e.Code = event.Refused, 429, "", "rate_limited"
		*e = event.Event{ID: e.ID, Project: e.Project, Time: e.Time, Revision: e.Revision, Path: e.Path, Key: e.Key, Route: e.Route, Outcome: e.Outcome, Status: e.Status, Code: e.Code, Total: 200 * time.Microsecond, Overhead: 200 * time.Microsecond}
		return
	case draw < 33:
		e.Fallback = true
		e.Attempts = []event.Attempt{{Model: e.Model, Endpoint: "http://gone:8000/v1", Result: "connect", Took: time.Millisecond}}
	}
	attempt.Took = e.Total
	e.Attempts = append(e.Attempts, attempt)
	e.BodyID, e.UsageKnown, e.UsageSource = fmt.Sprintf("chatcmpl-%016x%08x", g.Uint64(), g.Uint32()), true, meter.Reported
	e.Cost, e.CostBasis, e.PriceFrom = price.Cost(e.Usage), meter.Priced, "definitions"
	if e.Stream {
		e.Frames = int(e.Usage.Output) + 3
	}
}

// id makes a UUIDv7 of the time, with the part of a millisecond next to it.
func (g *traffic) id() string {
	var u [16]byte
	binary.BigEndian.PutUint64(u[:], uint64(g.at.UnixMilli())<<16|0x7000|uint64(g.at.Nanosecond()%1e6)*4096/1e6)
	binary.BigEndian.PutUint64(u[8:], 1<<63|g.Uint64()>>2)
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

func pick(yes bool, one, other string) string {
	if yes {
		return one
	}
	return other
}

// ending orders exchanges by their end.
type ending []*event.Event

func ends(e *event.Event) time.Time { return e.Time.Add(e.Total) }

func (q ending) Len() int           { return len(q) }
func (q ending) Less(i, j int) bool { return ends(q[i]).Before(ends(q[j])) }
func (q ending) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *ending) Push(e any)        { *q = append(*q, e.(*event.Event)) }
func (q *ending) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
