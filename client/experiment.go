package client

import (
	"context"
	"encoding/json"
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
	var list struct {
		Routes []Route `json:"routes"`
	}
	err := c.get(ctx, "/api/v1/routes", nil, &list)
	return list.Routes, err
}

// Experiments lists the experiments in force, by route.
func (c *Client) Experiments(ctx context.Context) ([]Experiment, error) {
	var list struct {
		Experiments []Experiment `json:"experiments"`
	}
	err := c.get(ctx, "/api/v1/experiments", nil, &list)
	return list.Experiments, err
}
