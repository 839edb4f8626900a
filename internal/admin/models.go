package admin

import (
	"maps"
	"slices"

	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/upstream"
)

// ModelList is every model of the definitions.
type ModelList struct {
	Models   []Model        `json:"models" doc:"by name"`
	Unpriced int            `json:"unpriced" doc:"models whose answers have no known cost"`
	Window   *TrafficWindow `json:"window,omitempty" doc:"of the traffic; with wide=true"`
}

// Model is a model and whether it can serve. It names the secret it needs and
// never holds it.
type Model struct {
	Name      string     `json:"name"`
	Vendor    string     `json:"vendor"`
	Driver    string     `json:"driver"`
	ID        string     `json:"model" doc:"the vendor's id of the model; empty: asked from the endpoint"`
	Endpoints []Endpoint `json:"endpoints"`
	Key       string     `json:"key,omitempty" doc:"the reference its key comes from, such as env:OPENAI_API_KEY; never the key"`
	Context   int64      `json:"context,omitempty" doc:"window in tokens, when known"`
	Ready     bool       `json:"ready" doc:"whether it can be asked; no endpoint is called to find out"`
	Reason    string     `json:"reason,omitempty" doc:"why it is not ready"`
	Next      string     `json:"next,omitempty" doc:"what to do about it"`
	Price     Price      `json:"price" doc:"what its tokens cost now"`

	Servers []ServerState `json:"servers,omitempty" doc:"what its servers say of themselves, where they are asked; with wide=true"`
}

// Endpoint is one replica of a model.
type Endpoint struct {
	URL      string `json:"url" doc:"without user, password and query"`
	InFlight int64  `json:"in_flight" doc:"attempts under way"`
	Failures int64  `json:"failures" doc:"failed attempts since the last that succeeded"`

	Sent     *int64 `json:"sent,omitempty" doc:"attempts on the wire in the window; with wide=true"`
	Answered *int64 `json:"answered,omitempty" doc:"of those, with an answer; with wide=true"`
}

// listModels asks no model and no server: it shows what is known.
func (c *call) listModels() (ModelList, error) {
	pools := c.server.cfg.State.Pools()
	list := ModelList{Models: []Model{}}
	for _, name := range slices.Sorted(maps.Keys(pools)) {
		m := modelOf(pools[name])
		m.Price = c.server.priceOf(pools[name])
		if !m.Price.Known {
			list.Unpriced++
		}
		list.Models = append(list.Models, m)
	}
	wide, err := c.flag("wide")
	if err != nil || !wide {
		return list, err
	}
	return list, c.widenModels(&list)
}

// widenModels adds what went to each endpoint, and what servers say of themselves.
func (c *call) widenModels(list *ModelList) error {
	ctx, done := c.ask()
	defer done()
	rows, w, err := c.traffic(ctx)
	if err != nil {
		return err
	}
	list.Window = w
	sent := map[[2]string]*store.TrafficRow{}
	for i := range rows {
		r := &rows[i]
		at := [2]string{r.Model, r.Endpoint}
		if sum := sent[at]; sum != nil {
			sum.Sent, sum.Answered = sum.Sent+r.Sent, sum.Answered+r.Answered
		} else {
			sent[at] = &store.TrafficRow{Sent: r.Sent, Answered: r.Answered}
		}
	}
	var servers map[string][]ServerState
	if c.server.cfg.Servers != nil {
		servers = c.server.cfg.Servers()
	}
	for i := range list.Models {
		m := &list.Models[i]
		m.Servers = servers[m.Name]
		for j := range m.Endpoints {
			e := &m.Endpoints[j]
			sum := store.TrafficRow{}
			if s := sent[[2]string{m.Name, e.URL}]; s != nil {
				sum = *s
			}
			if rows != nil || w.Partial == nil {
				e.Sent, e.Answered = &sum.Sent, &sum.Answered
			}
		}
	}
	return nil
}

func modelOf(p *upstream.Pool) Model {
	d := &p.Model
	m := Model{Name: d.Name, Vendor: d.Vendor.Name, Driver: d.Vendor.Driver, ID: d.ID, Key: d.KeyName, Context: d.Context, Ready: true, Endpoints: []Endpoint{}}
	for _, e := range p.Endpoints {
		m.Endpoints = append(m.Endpoints, Endpoint{URL: e.URL, InFlight: e.InFlight(), Failures: e.Failures()})
	}
	if err := p.Ready(); err != nil {
		e := fault.From(err)
		m.Ready, m.Reason, m.Next = false, e.Message, e.Hint
	}
	return m
}
