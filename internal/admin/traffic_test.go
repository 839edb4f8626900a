package admin

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/upstream"
)

// Reference values of R 4.3, pchisq(x, df, lower.tail = FALSE).
func TestChiSquareTail(t *testing.T) {
	for _, row := range []struct {
		x       float64
		degrees int
		want    float64
	}{{0, 1, 1}, {3.841458820694124, 1, 0.05}, {10.82756617, 1, 0.001}, {5.991464547107979, 2, 0.05}, {7.814727903251179, 3, 0.05}, {9.487729036781154, 4, 0.05},
		{11.07049769351635, 5, 0.05}, {18.46682695, 4, 0.001}, {1, 3, 0.8012519569012008}, {100, 1, 1.523970604832105e-23}} {
		if got := chiSquareTail(row.x, row.degrees); math.Abs(got-row.want) > 1e-7*math.Max(row.want, 1e-16)+1e-9*row.want {
			t.Errorf("x %g with %d degrees: %.12g, want %.12g", row.x, row.degrees, got, row.want)
		}
	}
}

// splitTest has an experiment with shares and units that were drawn.
func splitTest(t *testing.T, weights []float64, units []int, each int) Split {
	t.Helper()
	var vs []*experiment.Variant
	for i := range weights {
		vs = append(vs, &experiment.Variant{Name: string(rune('a' + i))})
	}
	arms, err := experiment.Split(vs, weights)
	if err != nil {
		t.Fatal(err)
	}
	var events []*event.Event
	for i, n := range units {
		for u := range n {
			for range each {
				events = append(events, &event.Event{Unit: fmt.Sprintf("%d-%d", i, u), Time: noon, Assignments: []event.Assignment{{Experiment: "e", Epoch: 1, Variant: vs[i].Name, Enrolled: true, Probability: arms[i].Probability}}})
			}
		}
	}
	return splitOf(&experiment.Experiment{Name: "e", Epoch: 1, Arms: arms}, events)
}

func TestSplitCountsUnits(t *testing.T) {
	right := splitTest(t, []float64{90, 10}, []int{905, 95}, 1)
	if right.Verdict != "as_expected" || right.Units != 1000 || right.Degrees != 1 || math.Abs(right.ChiSquare-25.0/90) > 1e-9 || right.Arms[0].Expected != 0.9 || right.Arms[1].Observed != 0.095 {
		t.Errorf("%+v", right)
	}
	if wrong := splitTest(t, []float64{90, 10}, []int{850, 150}, 1); wrong.Verdict != "wrong" || wrong.P > 1e-6 {
		t.Errorf("%+v", wrong)
	}
	if three := splitTest(t, []float64{25, 25, 50}, []int{100, 160, 200}, 1); three.Verdict != "wrong" || three.Degrees != 2 {
		t.Errorf("%+v", three)
	}
	if few := splitTest(t, []float64{99, 1}, []int{200, 30}, 1); few.Verdict != "too_few" {
		t.Errorf("%+v", few)
	}
	// Few users who ask very often are few: by requests this split would look wrong.
	if often := splitTest(t, []float64{50, 50}, []int{14, 8}, 100); often.Verdict != "as_expected" || often.Requests != 2200 || often.Units != 22 {
		t.Errorf("%+v", often)
	}
	if none := splitTest(t, []float64{50, 50}, nil, 1); none.Verdict != "too_few" || none.Arms[0].Observed != 0 || none.ChiSquare != 0 {
		t.Errorf("%+v", none)
	}
}

// What does not take part, or took part with other shares, is not counted.
func TestSplitLeavesOutWhatDoesNotTakePart(t *testing.T) {
	arms, err := experiment.Split([]*experiment.Variant{{Name: "a"}, {Name: "b"}}, []float64{50, 50})
	if err != nil {
		t.Fatal(err)
	}
	is := event.Assignment{Experiment: "e", Epoch: 2, Variant: "a", Enrolled: true, Probability: 0.5}
	change := func(f func(*event.Assignment)) *event.Event {
		a := is
		f(&a)
		return &event.Event{Unit: "u", Assignments: []event.Assignment{a}}
	}
	events := []*event.Event{
		change(func(*event.Assignment) {}),
		change(func(a *event.Assignment) { a.Enrolled = false }), change(func(a *event.Assignment) { a.Epoch = 1 }), change(func(a *event.Assignment) { a.Experiment = "f" }),
		change(func(a *event.Assignment) { a.Probability = 0.9 }), change(func(a *event.Assignment) { a.Variant = "c" }), {Unit: "u"}, {Assignments: []event.Assignment{is}},
	}
	if s := splitOf(&experiment.Experiment{Name: "e", Epoch: 2, Arms: arms}, events); s.Requests != 1 || s.Units != 1 {
		t.Errorf("%+v", s)
	}
}

func TestRoutesWideShowWhatWentWhere(t *testing.T) {
	k := startKept(t, nil)
	k.fill()
	b := &store.Batch{Traffic: []store.TrafficRow{ // a fallback: variant a, sent to the model of b
		{Hour: noon.Add(-1e9).Truncate(3600e9), Project: "default", Route: "support", Variant: "a", Model: "small", Endpoint: "http://one:8000/v1", Sent: 3, Answered: 2}}}
	for n := range 400 {
		e := eventAt(2*n + 2)
		e.Assignments = []event.Assignment{{Experiment: "cheaper", Epoch: 1, Variant: []string{"a", "b"}[n%2], Reason: "chance", Enrolled: true, Probability: []float64{0.9, 0.1}[n%2]}}
		b.Events = append(b.Events, e)
	}
	k.apply(b)
	if plain := decode[RouteList](t, k.body("/api/v1/routes")); plain.Window != nil || plain.Routes[1].Traffic != nil || plain.Routes[1].Split != nil {
		t.Errorf("%+v", plain)
	}
	list := decode[RouteList](t, k.body("/api/v1/routes?wide=true&from=2h"))
	if w := list.Window; w == nil || w.Zone != "UTC" || w.Unit != "requests" || !w.From.Equal(noon.Add(-2*3600e9)) || !w.To.Equal(noon) || w.Partial != nil {
		t.Fatalf("%+v", w)
	}
	v := list.Routes[1].Traffic
	if len(v) != 2 || v[0].Variant != "a" || v[0].Assigned != 11+12 || v[0].Sent != 13 || v[0].Answered != 10 || len(v[0].Endpoints) != 2 ||
		v[0].Endpoints[1] != (EndpointTraffic{"small", "http://one:8000/v1", 3, 2}) || math.Abs(v[0].Share-23.0/48) > 1e-9 || v[1].Assigned != 12+13 {
		t.Errorf("%+v", v)
	}
	if got := list.Routes[0].Traffic; len(got) != 1 || got[0].Assigned != 0 || list.Routes[0].Split != nil { // in force, without a request
		t.Errorf("%+v", got)
	}
	if s := list.Routes[1].Split; s == nil || s.Verdict != "wrong" || s.Units != 400 || s.Arms[0].Expected != 0.9 || s.Arms[0].Observed != 0.5 {
		t.Errorf("%+v", s)
	}
	k.set(func(s *keptStore) { s.away = errors.New("connection refused") })
	list = decode[RouteList](t, k.body("/api/v1/routes?wide=true"))
	if list.Window.Partial == nil || len(list.Routes) != 2 || list.Routes[1].Baseline.Model != "big" || list.Routes[1].Split.Verdict != "too_few" {
		t.Errorf("%+v", list)
	}
}

func TestModelsTellTheirPriceAndWhatTheirServersSay(t *testing.T) {
	queued := 3.0
	k := startKept(t, func(c *Config) {
		c.Tariff = func() *meter.Tariff { return testTariff() }
		c.Servers = func() map[string][]ServerState {
			return map[string][]ServerState{"small": {{Endpoint: "http://one:8000/v1", Kind: "vllm", Queued: &queued}}}
		}
	})
	k.fill()
	k.state.pools = map[string]*upstream.Pool{
		"big":   pool(upstream.Model{Name: "big", ID: "gpt-4o", Vendor: upstream.Vendor{Name: "openai"}, Endpoints: []string{"http://one:8000/v1"}}),
		"small": pool(upstream.Model{Name: "small", ID: "tiny", Vendor: upstream.Vendor{Name: "vllm"}, Endpoints: []string{"http://one:8000/v1", "http://two:8000/v1"}}),
		"m":     pool(upstream.Model{Name: "m", Vendor: upstream.Vendor{Name: "vllm"}}),
	}
	list := decode[ModelList](t, k.body("/api/v1/models"))
	big, m, small := list.Models[0].Price, list.Models[1].Price, list.Models[2].Price
	if list.Unpriced != 1 || list.Window != nil {
		t.Errorf("%+v", list)
	}
	if !big.Known || big.Basis != meter.Priced || big.Source == "" || big.ListAsOf.IsZero() || big.Input == 0 || big.From == "" {
		t.Errorf("big: %+v", big)
	}
	if !m.Known || m.From != "definitions" || m.Input != 3e6 || m.Output != 15e6 || m.Cached != 300_000 || m.Source != "" {
		t.Errorf("m: %+v", m)
	}
	if small.Known || small.Basis != meter.Unpriced || small.Policy != meter.Deny || !small.Refused { // F3: never in silence
		t.Errorf("small: %+v", small)
	}
	list = decode[ModelList](t, k.body("/api/v1/models?wide=true&from=3h"))
	e := list.Models[2].Endpoints
	if list.Window == nil || *e[0].Sent != 15 || *e[0].Answered != 12 || *e[1].Sent != 0 || len(list.Models[2].Servers) != 1 || *list.Models[2].Servers[0].Queued != 3 || list.Models[2].Servers[0].Running != nil {
		t.Errorf("%+v", list)
	}
	k.set(func(s *keptStore) { s.away = errors.New("connection refused") })
	if list := decode[ModelList](t, k.body("/api/v1/models?wide=true")); list.Window.Partial == nil || list.Models[2].Endpoints[0].Sent != nil { // not known is not zero
		t.Errorf("%+v", list)
	}
}
