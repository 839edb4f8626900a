package admin

import (
	"maps"
	"slices"

	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/upstream"
)

// ModelList is every model of the definitions.
type ModelList struct {
	Models []Model `json:"models" doc:"by name"`
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
}

// Endpoint is one replica of a model.
type Endpoint struct {
	URL      string `json:"url" doc:"without user, password and query"`
	InFlight int64  `json:"in_flight" doc:"attempts under way"`
	Failures int64  `json:"failures" doc:"failed attempts since the last that succeeded"`
}

func (c *call) listModels() (ModelList, error) {
	pools := c.server.cfg.State.Pools()
	list := ModelList{Models: []Model{}}
	for _, name := range slices.Sorted(maps.Keys(pools)) {
		list.Models = append(list.Models, modelOf(pools[name]))
	}
	return list, nil
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
