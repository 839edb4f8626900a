package definition

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/meter"
)

// ModelSpec is one entry of `models`.
type ModelSpec struct {
	Vendor    string           `json:"vendor,omitzero" needed:"yes" doc:"Who serves it: openai, vllm, ollama, ... A server that is not listed but speaks OpenAI's format is openai-compatible; simulated is built in." example:"vllm"`
	Model     string           `json:"model,omitzero" doc:"The vendor's own id of the model. Left out: asked from the endpoint, which must serve exactly one." example:"meta-llama/Llama-3.1-8B-Instruct"`
	Endpoints []string         `json:"endpoints,omitempty" form:"list of URLs" doc:"Base URLs of the replicas that serve it. A URL without a path gets /v1. Left out: the vendor's public address." example:"[http://vllm-0:8000/v1, http://vllm-1:8000/v1]"`
	Endpoint  string           `json:"endpoint,omitzero" form:"URL" doc:"The same for a single replica."`
	Key       Reference        `json:"key,omitzero" doc:"The vendor's API key, by reference." example:"env:OPENAI_API_KEY"`
	Headers   map[string]Value `json:"headers,omitempty" name:"HEADER" doc:"Further headers to send upstream. Credentials are given by reference."`
	Price     *PriceSpec       `json:"price,omitzero" doc:"What tokens cost. Left out: as the list of prices says of this vendor and model."`
	Unpriced  string           `json:"unpriced,omitzero" enum:"deny estimate untracked" doc:"What happens while no price is known. deny: it is not asked. estimate: its tokens are taken to cost as much as the dearest that is known of its vendor, and the amount is marked as an estimate. untracked: it is asked, and its cost is shown as unknown. Left out: as prices.unpriced says."`
	Metrics   []string         `json:"metrics,omitempty" form:"list of URLs" doc:"Where its servers show metrics of their own, which are read for queue, KV cache and GPU." example:"[http://vllm-0:8000/metrics]"`
	Context   int64            `json:"context,omitzero" doc:"The context window, in tokens." example:"8192"`
	Clocks    ClocksSpec       `json:"clocks,omitzero" doc:"How long the parts of an answer may take."`
	MaxAnswer Size             `json:"max_answer,omitzero" default:"64MiB" doc:"The largest answer taken from it."`
	MaxEvent  Size             `json:"max_event,omitzero" default:"4MiB" doc:"The largest single event of a stream."`
	Options   map[string]any   `json:"options,omitempty" name:"OPTION" doc:"Settings of the vendor's driver: the profile of a simulated model."`
}

// ClocksSpec bounds the parts of an answer.
type ClocksSpec struct {
	Connect    Duration `json:"connect,omitzero" default:"5s" doc:"To a usable connection, TLS included."`
	Header     Duration `json:"header,omitzero" doc:"From the start of an attempt to the response header. Left out: 60s for streams, else as total."`
	FirstToken Duration `json:"first_token,omitzero" default:"60s" doc:"From the start of an attempt to the first token a reader would see, in streams."`
	Idle       Duration `json:"idle,omitzero" default:"60s" doc:"Between two pieces of a stream."`
	Total      Duration `json:"total,omitzero" default:"120s" doc:"The whole exchange, retries included."`
}

// Model is a model compiled, in the form a pool is made of.
type Model struct {
	Name         string
	Vendor       string
	ID           string // the vendor's; "" when it is to be asked for
	Endpoints    []string
	Key          Reference
	Header       map[string]string    // those given openly
	SecretHeader map[string]Reference // those given by reference
	Clocks       Clocks
	Context      int64
	MaxAnswer    int64
	MaxEvent     int
	Price        *meter.Price // as defined; nil: as the list of prices says
	Unpriced     meter.Policy
	Options      map[string]any
}

// Clocks bound the parts of an answer. Header is zero where it follows the others.
type Clocks struct {
	Connect, Header, FirstToken, Idle, Total time.Duration
}

// Vendor is what a definition may rely on of a row of the vendors' table.
type Vendor struct {
	Name      string
	Endpoint  string // its public address; "" when one must be given
	KeyEnv    string // the customary variable for its key; "" when none is needed
	Simulated bool
}

func (c *compiler) models() []Model {
	var list []Model
	for _, name := range names(c.doc.Models) {
		if !c.doc.whole("models", name) {
			continue
		}
		at := path("models", name)
		c.name(at, name, true)
		m := c.model(at, name, c.doc.Models[name])
		list = append(list, m)
		if c.options.CheckModel != nil && !c.failedBelow(at) {
			if err := c.options.CheckModel(m); err != nil {
				c.fail(with(at, "options"), "", "%s", err)
			}
		}
	}
	if len(list) == 0 && !c.broken("models") {
		c.fail(path("models"), "add a section models, or let weir init write a first file", "there are no models, so nothing can answer")
	}
	return list
}

func (c *compiler) model(at []string, name string, s *ModelSpec) Model {
	vendor := c.vendor(at, s)
	m := Model{
		Name: name, Vendor: s.Vendor, ID: s.Model, Key: s.Key, Context: s.Context,
		MaxAnswer: int64(s.MaxAnswer), MaxEvent: int(min(int64(s.MaxEvent), math.MaxInt32)), Options: s.Options,
		Clocks: Clocks{time.Duration(s.Clocks.Connect), time.Duration(s.Clocks.Header), time.Duration(s.Clocks.FirstToken),
			time.Duration(s.Clocks.Idle), time.Duration(s.Clocks.Total)},
	}
	if strings.ContainsFunc(s.Model, func(r rune) bool { return r <= ' ' }) {
		c.fail(with(at, "model"), "write the vendor's id of the model", "an id holds no spaces")
	}
	if s.Context < 0 {
		c.fail(with(at, "context"), "write the number of tokens, or leave it out", "must be more than 0")
	}
	m.Endpoints = c.endpoints(at, s, vendor)
	m.Header, m.SecretHeader = c.headers(at, s.Headers)
	m.Price, m.Unpriced = c.price(at, s), c.unpriced(s)
	c.clocks(with(at, "clocks"), m.Clocks)
	return m
}

// vendor finds the vendor's row and checks what it asks for.
func (c *compiler) vendor(at []string, s *ModelSpec) Vendor {
	if len(c.options.Vendors) == 0 {
		return Vendor{Name: s.Vendor, Endpoint: "any", Simulated: s.Vendor == "simulated"}
	}
	i := slices.IndexFunc(c.options.Vendors, func(v Vendor) bool { return v.Name == s.Vendor })
	if i < 0 {
		var known []string
		for _, v := range c.options.Vendors {
			known = append(known, v.Name)
		}
		slices.Sort(known)
		hint := didYouMean(s.Vendor, known)
		if hint == "" {
			hint = "a server that speaks OpenAI's format is openai-compatible; known are " + strings.Join(known, ", ")
		}
		c.fail(with(at, "vendor"), hint, "unknown vendor %q", s.Vendor)
		return Vendor{Name: s.Vendor, Endpoint: "any"}
	}
	v := c.options.Vendors[i]
	if v.KeyEnv != "" && s.Key.IsZero() && s.Endpoint == "" && len(s.Endpoints) == 0 {
		// Named, never assumed: a key that nobody wrote down is sent nowhere.
		c.fail(at, "add key: env:"+v.KeyEnv, "has no key, and %s asks for one", v.Name)
	}
	return v
}

// clocks warns of one that can never run out: the total ends the exchange first.
func (c *compiler) clocks(at []string, k Clocks) {
	for _, part := range []struct {
		name string
		d    time.Duration
	}{{"connect", k.Connect}, {"header", k.Header}, {"first_token", k.FirstToken}, {"idle", k.Idle}} {
		if part.d > k.Total && c.doc.written(with(at, part.name)) {
			c.warn(with(at, part.name), fmt.Sprintf("shorten it, or give total: more than %s", Duration(part.d)),
				"%s never runs out: total ends the exchange after %s", part.name, Duration(k.Total))
		}
	}
}
