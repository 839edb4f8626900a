package client

import (
	"context"
	"net/url"
	"time"
)

// Trace is all that is known of one request.
type Trace struct {
	Event
	Waterfall []Span   `json:"waterfall"` // what the time went into, in order
	Money     Money    `json:"money"`     // how the cost comes about
	Scores    []Score  `json:"scores"`    // newest first
	BodyState string   `json:"body_state"`
	Body      *Body    `json:"body"`    // nil but when it was asked for and is kept
	Partial   *Partial `json:"partial"` // nil: nothing is missing
}

// Span is a part of a request's time. It counts from the request's arrival.
type Span struct {
	Name    string        `json:"name"`    // "before", "queue", "attempt", "wait", "stream", "settle"
	Attempt int           `json:"attempt"` // of an attempt: which, from 1
	Start   time.Duration `json:"start_ns"`
	Took    time.Duration `json:"took_ns"`
	Text    string        `json:"text"`
	Derived bool          `json:"derived"` // its beginning was not measured
}

// Money is how a cost comes about: tokens times price.
type Money struct {
	Currency  string      `json:"currency"`
	Lines     []MoneyLine `json:"lines"`      // empty when the price is not known
	Cost      int64       `json:"cost_micro"` // what was booked
	Basis     string      `json:"basis"`      // "priced", "estimated", "unpriced"; "": no model was asked
	PriceFrom string      `json:"price_from"`
	Source    string      `json:"usage_source"` // "reported", "counted", "estimated"
	Error     float64     `json:"usage_error"`
	Agrees    bool        `json:"agrees"` // the lines add up to the cost
}

// MoneyLine is one class of tokens.
type MoneyLine struct {
	Tokens string  `json:"tokens"` // "input", "cached", "cache_write", "output"
	Count  int64   `json:"count"`
	Price  int64   `json:"price_micro_per_million"`
	Cost   float64 `json:"cost_micro"`
}

// Score is what was said of a request after it ended.
type Score struct {
	ID        string    `json:"id"`
	Event     string    `json:"event"`
	Project   string    `json:"project"`
	Time      time.Time `json:"time"`
	Name      string    `json:"name"`        // "thumbs", "relevance"
	Source    string    `json:"source"`      // "feedback", "judge:NAME"
	Value     int64     `json:"value_micro"` // millionths; a boolean is 1 or 0
	Comment   string    `json:"comment"`
	By        string    `json:"by"`        // name of a key
	Type      string    `json:"type"`      // "boolean", "number", "text"; "": a number
	Text      string    `json:"text"`      // of type text, which has no value
	Tags      []string  `json:"tags"`      // "name=value"
	Token     bool      `json:"token"`     // said with a token, by a browser
	Unchecked bool      `json:"unchecked"` // whose request it is was not known when it was said
}

// Body is what was asked and answered.
type Body struct {
	Request  string `json:"request"`
	Response string `json:"response"`
	Cut      bool   `json:"cut"`     // one of them was longer than is kept
	Altered  bool   `json:"altered"` // it held bytes that are not UTF-8
}

// Trace gives one event by Weir's id of the request, and all that hangs on it.
// With body, what was asked and answered too, where it is kept: that needs a key
// with the scope `admin`.
func (c *Client) Trace(ctx context.Context, id string, body bool) (Trace, error) {
	var query url.Values
	if body {
		query = url.Values{"body": {"true"}}
	}
	var t Trace
	err := c.get(ctx, "/api/v1/events/"+url.PathEscape(id), query, &t)
	return t, err
}
