package admin

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/store"
)

// TrafficWindow says of when counts are.
type TrafficWindow struct {
	From    time.Time `json:"from" doc:"traffic is kept by the hour of UTC: a whole hour"`
	To      time.Time `json:"to" doc:"not included; a whole hour, perhaps under way"`
	Zone    string    `json:"zone" enum:"UTC"`
	Unit    string    `json:"unit" enum:"requests"`
	Partial *Partial  `json:"partial,omitempty" doc:"present when the counts are missing, or the store is behind"`
}

// VariantTraffic is where the requests that got a variant went.
type VariantTraffic struct {
	Variant   string            `json:"variant"`
	Assigned  int64             `json:"assigned" doc:"requests that got the variant, for whatever reason"`
	Share     float64           `json:"share" doc:"of the route's requests"`
	Sent      int64             `json:"sent" doc:"attempts on the wire"`
	Answered  int64             `json:"answered" doc:"of those, with an answer"`
	Endpoints []EndpointTraffic `json:"endpoints"`
}

// EndpointTraffic is what went to one endpoint.
type EndpointTraffic struct {
	Model    string `json:"model"`
	Endpoint string `json:"endpoint"`
	Sent     int64  `json:"sent" doc:"attempts on the wire"`
	Answered int64  `json:"answered" doc:"of those, with an answer"`
}

var wideParams = []param{
	{name: "wide", kind: "boolean", about: "with what went where in the window"},
	{name: "from", kind: "string", about: "from this time on: RFC 3339, a day, or a span back from now; a day ago when left out"},
	{name: "to", kind: "string", about: "to this time; now when left out"},
}

// trafficLast is the window without from.
const trafficLast = 24 * time.Hour

// traffic reads the counts of a window, in whole hours. They may be missing: what
// is in force is shown all the same, and the window says why.
func (c *call) traffic(ctx context.Context) ([]store.TrafficRow, *TrafficWindow, error) {
	from, to, _, err := c.window(trafficLast)
	if err != nil {
		return nil, nil, err
	}
	w := &TrafficWindow{From: from.UTC().Truncate(time.Hour), To: to.UTC().Add(time.Hour - 1).Truncate(time.Hour), Zone: "UTC", Unit: "requests"}
	st, err := c.server.store()
	if err == nil {
		var rows []store.TrafficRow
		if rows, err = st.TrafficRows(ctx, store.RollupQuery{From: w.From, To: w.To}); err == nil {
			w.Partial = c.server.behind()
			return rows, w, nil
		}
		err = unavailable(err)
	}
	w.Partial = c.server.partial("there are no counts: %s", fault.From(err).Message)
	return nil, w, nil
}

// byVariant adds up the rows of a route. Variants that are in force and got
// nothing are there too.
func byVariant(rows []store.TrafficRow, route string, inForce []string) []VariantTraffic {
	list := []VariantTraffic{}
	at := map[string]int{}
	find := func(name string) *VariantTraffic {
		i, ok := at[name]
		if !ok {
			i = len(list)
			at[name] = i
			list = append(list, VariantTraffic{Variant: name, Endpoints: []EndpointTraffic{}})
		}
		return &list[i]
	}
	for _, name := range inForce {
		find(name)
	}
	total := int64(0)
	for i := range rows {
		if r := &rows[i]; r.Route == route {
			v := find(r.Variant)
			total += r.Assigned
			v.Assigned += r.Assigned
			v.Sent += r.Sent
			v.Answered += r.Answered
			v.Endpoints = addEndpoint(v.Endpoints, r)
		}
	}
	for i := range list {
		if total > 0 {
			list[i].Share = float64(list[i].Assigned) / float64(total)
		}
	}
	return list
}

// addEndpoint adds a row to its endpoint's, in order of model and endpoint.
func addEndpoint(list []EndpointTraffic, r *store.TrafficRow) []EndpointTraffic {
	if r.Endpoint == "" { // it counts assignments
		return list
	}
	i, found := slices.BinarySearchFunc(list, r, func(e EndpointTraffic, r *store.TrafficRow) int {
		return cmp.Or(cmp.Compare(e.Model, r.Model), cmp.Compare(e.Endpoint, r.Endpoint))
	})
	if !found {
		list = slices.Insert(list, i, EndpointTraffic{Model: r.Model, Endpoint: r.Endpoint})
	}
	list[i].Sent += r.Sent
	list[i].Answered += r.Answered
	return list
}

// splitEvents is how many of the last events a split is judged by.
const splitEvents = 2 * event.MaxPage

// split judges the split of a route's experiment by its last events.
func (c *call) split(e *experiment.Experiment, from, to time.Time) *Split {
	var events []*event.Event
	at := spot{}
	for len(events) < splitEvents {
		m, _ := c.findEvents(store.EventQuery{Route: e.Route, From: from, To: to, Limit: event.MaxPage}, at)
		events = append(events, m.rows...)
		next, ok := parseSpot(m.next)
		if at = next; m.next == "" || !ok {
			break
		}
	}
	s := splitOf(e, events)
	return &s
}
