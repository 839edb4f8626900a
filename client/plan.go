package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// PlanState is where an experiment is in its life.
type PlanState struct {
	Experiment string     `json:"experiment"`
	Epoch      int        `json:"epoch"`
	Phase      string     `json:"phase"` // "draft", "running", "paused", "decided", "archived"
	Hash       string     `json:"hash"`
	Draw       string     `json:"draw"` // hash of how units are drawn: route, kind, salt, variants and weights
	Started    time.Time  `json:"started"`
	StartedBy  string     `json:"started_by"`
	Forced     string     `json:"forced"` // the note with which it was started against advice
	Changed    time.Time  `json:"changed"`
	Units      int64      `json:"planned_units"` // of each variant
	First      *FirstLook `json:"first_look"`    // of two looks, when it left the question open
	Verdict    *Verdict   `json:"decided"`       // nil while nothing is decided
	Why        string     `json:"why"`           // of the last move
}

// Verdict is what an experiment came to.
type Verdict struct {
	Time    time.Time `json:"time"`
	Verdict string    `json:"verdict"`
	Variant string    `json:"variant"` // that won, of deploy
	Why     string    `json:"why"`
	By      string    `json:"by"`
	Units   int64     `json:"units"` // of all variants, that were looked at
}

// FirstLook is the first of two looks that left the question open.
type FirstLook struct {
	Time  time.Time `json:"time"`
	Units int64     `json:"units"` // of the smallest variant
}

// Prospect is what an experiment could see on a route's traffic.
type Prospect struct {
	Sample   Sample    `json:"sample"`
	Variants int       `json:"variants"`
	Metrics  []Outlook `json:"metrics"` // the primary first
	Units    int64     `json:"units_per_variant"`
	Days     float64   `json:"days"`
	Power    float64   `json:"power"`
	Known    bool      `json:"known"`
	Why      string    `json:"why"`
}

// Sample is the traffic that it rests on.
type Sample struct {
	Requests int64     `json:"requests"`
	NoUnit   int64     `json:"no_unit"`
	Units    int64     `json:"units"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Fresh    []int64   `json:"fresh_units"`
}

// Outlook is one metric's part of a prospect. Differences are relative.
type Outlook struct {
	Metric  Metric  `json:"metric"`
	Role    string  `json:"role"`
	Now     float64 `json:"now"`
	Spread  float64 `json:"spread"`
	Asked   float64 `json:"asked"`
	Units   int64   `json:"units"`
	Days    float64 `json:"days"`
	MDE     float64 `json:"mde"`
	Month   float64 `json:"mde_4w"`
	Power   float64 `json:"power"`
	Planned int64   `json:"planned"`
	Known   bool    `json:"known"`
	Why     string  `json:"why"`
}

// Started is what came of a start.
type Started struct {
	State    PlanState `json:"state"`
	Prospect Prospect  `json:"prospect"`
}

// StartRequest begins an experiment.
type StartRequest struct {
	Force bool   `json:"force,omitempty"` // although it would probably find nothing
	Note  string `json:"note,omitempty"`  // why; needed with Force
}

// moveRequest is what the other moves take.
type moveRequest struct {
	Note string `json:"note,omitempty"`
}

func experimentPath(name, verb string) string {
	return "/api/v1/experiments/" + url.PathEscape(name) + ":" + verb
}

// StartExperiment begins an experiment that is a draft. One that would probably
// find nothing is refused with the code "underpowered", unless forced.
func (c *Client) StartExperiment(ctx context.Context, name string, r StartRequest) (Started, error) {
	var s Started
	err := c.post(ctx, experimentPath(name, "start"), r, &s, reloadWithin)
	return s, err
}

// StopExperiment ends an experiment: its route is served the baseline.
func (c *Client) StopExperiment(ctx context.Context, name, note string) (PlanState, error) {
	var s PlanState
	err := c.post(ctx, experimentPath(name, "stop"), moveRequest{note}, &s, reloadWithin)
	return s, err
}

// ResumeExperiment lets an experiment go on that a bound has paused.
func (c *Client) ResumeExperiment(ctx context.Context, name, note string) (PlanState, error) {
	var s PlanState
	err := c.post(ctx, experimentPath(name, "resume"), moveRequest{note}, &s, reloadWithin)
	return s, err
}

// ExperimentPower says what an experiment could see on its route's traffic.
func (c *Client) ExperimentPower(ctx context.Context, name string) (Prospect, error) {
	var p Prospect
	err := c.get(ctx, experimentPath(name, "power"), nil, &p)
	return p, err
}

// PowerQuery asks what an experiment that nobody has written down could see.
type PowerQuery struct {
	Route    string
	Metric   string  // "": latency
	Minimum  float64 // the smallest difference worth having, relative; 0: 0.05
	Variants int     // 0: 2
	Units    int64   // of each variant; 0: as many as it needs
}

// Power says what an experiment with a metric could see on a route's traffic.
func (c *Client) Power(ctx context.Context, q PowerQuery) (Prospect, error) {
	v := url.Values{"route": {q.Route}}
	if q.Metric != "" {
		v.Set("metric", q.Metric)
	}
	if q.Minimum != 0 {
		v.Set("minimum", strconv.FormatFloat(q.Minimum, 'g', -1, 64))
	}
	if q.Variants != 0 {
		v.Set("variants", strconv.Itoa(q.Variants))
	}
	if q.Units != 0 {
		v.Set("units", strconv.FormatInt(q.Units, 10))
	}
	var p Prospect
	err := c.get(ctx, "/api/v1/power", v, &p)
	return p, err
}

// ResultsQuery says which report of an experiment is wanted.
type ResultsQuery struct {
	Epoch int  // 0: the defined one
	Full  bool // read every unit: segments, and whether the result rests on few of them
}

func (q ResultsQuery) values(format string) url.Values {
	v := url.Values{"format": {format}}
	if q.Epoch > 0 {
		v.Set("epoch", strconv.Itoa(q.Epoch))
	}
	if q.Full {
		v.Set("full", "true")
	}
	return v
}

// Results gives the report of an experiment as JSON. Its schema is
// ExperimentReport in the API's document.
func (c *Client) Results(ctx context.Context, name string, q ResultsQuery) (json.RawMessage, error) {
	var r json.RawMessage
	err := c.get(ctx, experimentPath(name, "report"), q.values("json"), &r)
	return r, err
}

// ResultsAs gives it as "text", "markdown" or "html".
func (c *Client) ResultsAs(ctx context.Context, name, format string, q ResultsQuery) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, reloadWithin)
	defer cancel()
	resp, err := c.send(ctx, http.MethodGet, experimentPath(name, "report")+"?"+q.values(format).Encode(), nil, nil)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return "", &lost{fmt.Errorf("read the report of experiment %s: %w", name, err)}
	}
	return string(text), nil
}

// Metric is a number that experiments can be judged by.
type Metric struct {
	Name       string        `json:"name"`
	Meaning    string        `json:"meaning"`
	Kind       string        `json:"kind"`      // "rate", "mean", "per_unit", "geometric", "quantile"
	Direction  string        `json:"direction"` // "up", "down", "none"
	Unit       string        `json:"unit"`
	Measure    string        `json:"measure"`
	Quantile   float64       `json:"quantile"`
	SlowerThan time.Duration `json:"slower_than_ns"`
	Scale      float64       `json:"scale"`
	Doubt      string        `json:"doubt"`
}

// Metrics lists the catalogue, by name.
func (c *Client) Metrics(ctx context.Context) ([]Metric, error) {
	var list struct {
		Metrics []Metric `json:"metrics"`
	}
	err := c.get(ctx, "/api/v1/metrics", nil, &list)
	return list.Metrics, err
}
