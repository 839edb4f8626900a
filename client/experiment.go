package client

import (
	"context"
	"encoding/json"
	"net/url"
	"time"
)

// Route is a name that applications put in `model`, and what answers to it.
type Route struct {
	Name       string       `json:"name"`
	Baseline   Variant      `json:"baseline"`
	Unit       []UnitSource `json:"unit"` // where the unit comes from: the first that is present
	Overrides  []Override   `json:"overrides"`
	Fallback   []string     `json:"fallback"`   // models tried in turn before the first byte
	Retries    int          `json:"retries"`    // further attempts before the first byte, fallbacks included
	Expose     string       `json:"expose"`     // who is told which variant answered: "trusted", "always", "never"
	Blind      bool         `json:"blind"`      // `model` in the reply is the route's name
	Experiment string       `json:"experiment"` // the one in force; "": none

	Traffic []VariantTraffic `json:"traffic,omitempty"` // what went where. Of RoutesWide
	Split   *Split           `json:"split,omitempty"`   // whether the arms got the units they should; nil: no experiment. Of RoutesWide
}

// VariantTraffic is where the requests that got a variant went.
type VariantTraffic struct {
	Variant   string            `json:"variant"`
	Assigned  int64             `json:"assigned"` // requests that got the variant, for whatever reason
	Share     float64           `json:"share"`    // of the route's requests
	Sent      int64             `json:"sent"`     // attempts on the wire
	Answered  int64             `json:"answered"` // of those, with an answer
	Endpoints []EndpointTraffic `json:"endpoints"`
}

// EndpointTraffic is what went to one endpoint.
type EndpointTraffic struct {
	Model    string `json:"model"`
	Endpoint string `json:"endpoint"`
	Sent     int64  `json:"sent"`
	Answered int64  `json:"answered"`
}

// TrafficWindow says of when counts are.
type TrafficWindow struct {
	From    time.Time `json:"from"` // a whole hour
	To      time.Time `json:"to"`
	Zone    string    `json:"zone"`
	Unit    string    `json:"unit"`
	Partial *Partial  `json:"partial"` // nil: the counts are whole
}

// Split holds the units that arms got against those they should have got.
type Split struct {
	Experiment string     `json:"experiment"`
	Epoch      int        `json:"epoch"`
	From       time.Time  `json:"from"`
	To         time.Time  `json:"to"`
	Requests   int64      `json:"requests"` // that were looked at
	Units      int64      `json:"units"`    // that made them
	Arms       []SplitArm `json:"arms"`
	ChiSquare  float64    `json:"chi_square"`
	Degrees    int        `json:"degrees"`
	P          float64    `json:"p_value"`
	Verdict    string     `json:"verdict"` // "as_expected", "wrong", "too_few"
	Text       string     `json:"text"`
}

// SplitArm is one arm of a Split.
type SplitArm struct {
	Variant  string  `json:"variant"`
	Expected float64 `json:"expected_share"` // of the units that take part
	Observed float64 `json:"observed_share"`
	Units    int64   `json:"units"`
}

// RouteList is every route in force, by name.
type RouteList struct {
	Revision string         `json:"revision"`
	Routes   []Route        `json:"routes"`
	Window   *TrafficWindow `json:"window,omitempty"` // nil but of RoutesWide
}

// Variant is one way to answer.
type Variant struct {
	Name       string                     `json:"name"`
	Model      string                     `json:"model"`      // by its name in the definitions
	Parameters map[string]json.RawMessage `json:"parameters"` // these win over the caller's
}

// UnitSource is one place a unit may come from.
type UnitSource struct {
	From string `json:"from"` // "header", "user", "safety_identifier", "metadata", "cookie", "key"
	Name string `json:"name"` // of the header or the metadata field
	Kind string `json:"kind"` // "user", "session", "key"
}

// Override sends some requests to a named variant, outside the statistics.
type Override struct {
	When    string `json:"when"`
	Variant string `json:"variant"`
	Open    bool   `json:"open"` // for anyone; else the caller needs the scope `force`
}

// Experiment is a route's variants and how units are shared among them.
type Experiment struct {
	Name     string `json:"name"`
	Route    string `json:"route"`
	Epoch    int    `json:"epoch"`
	Salt     string `json:"salt"`
	Unit     string `json:"unit"`      // the kind that is randomised
	TwoEnded bool   `json:"two_ended"` // a canary share: two equal groups, the middle is not enrolled
	Audience string `json:"audience"`  // an expression; "": everyone
	Hash     string `json:"hash"`      // of the specification
	Arms     []Arm  `json:"arms"`

	Phase   string    `json:"phase"`   // "open": it is never decided; else "draft", "running", "paused", "decided", "archived"
	Since   time.Time `json:"since"`   // when it came into that phase
	Primary string    `json:"primary"` // the metric that decides
	Verdict string    `json:"verdict"` // what it came to, "" while it is open
	Why     string    `json:"why"`     // of the last move
}

// Arm is a variant and the range of the hash that it owns, both ends included.
type Arm struct {
	Variant     Variant `json:"variant"`
	Probability float64 `json:"probability"`
	From        string  `json:"from"` // 16 hex digits; "": it owns nothing
	To          string  `json:"to"`
	Baseline    bool    `json:"baseline"`
	Candidate   bool    `json:"candidate"`
	Stopped     bool    `json:"stopped"` // its range is served the baseline and leaves the analysis
}

// Routes lists the routes in force, by name.
func (c *Client) Routes(ctx context.Context) ([]Route, error) {
	var list RouteList
	err := c.get(ctx, "/api/v1/routes", nil, &list)
	return list.Routes, err
}

// RoutesWide lists the routes with what went where from one time to another (zero:
// the last day), and whether the split is the one that was asked for.
func (c *Client) RoutesWide(ctx context.Context, from, to time.Time) (RouteList, error) {
	var list RouteList
	err := c.get(ctx, "/api/v1/routes", wide(from, to), &list)
	return list, err
}

// wide asks for what went where in a window.
func wide(from, to time.Time) url.Values {
	v := url.Values{"wide": {"true"}}
	window(v, from, to, "")
	return v
}

// Experiments lists the experiments in force, by route.
func (c *Client) Experiments(ctx context.Context) ([]Experiment, error) {
	var list struct {
		Experiments []Experiment `json:"experiments"`
	}
	err := c.get(ctx, "/api/v1/experiments", nil, &list)
	return list.Experiments, err
}
