package definition

import (
	"encoding/json"
	"strconv"

	"github.com/weirhq/weir/internal/fault"
)

// Parameters are parameters of a request, as JSON.
type Parameters map[string]json.RawMessage

// What a variant may not set: the conversation is the caller's, and the model,
// the stream and the unit are Weir's to decide.
var ownParameters = map[string]string{
	"model":             "write model beside parameters",
	"messages":          "what is said is the caller's",
	"input":             "what is said is the caller's",
	"prompt":            "what is said is the caller's",
	"stream":            "whether to stream is the caller's choice",
	"stream_options":    "whether to stream is the caller's choice",
	"user":              "who is asking is the caller's to say",
	"safety_identifier": "who is asking is the caller's to say",
	"metadata":          "who is asking is the caller's to say",
}

// bounds is the range of a number that the dialect defines.
type bounds struct {
	low, high float64
	whole     bool
}

var numbers = map[string]bounds{
	"temperature":           {0, 2, false},
	"top_p":                 {0, 1, false},
	"min_p":                 {0, 1, false},
	"top_k":                 {-1, 1e6, true},
	"frequency_penalty":     {-2, 2, false},
	"presence_penalty":      {-2, 2, false},
	"max_tokens":            {1, 1e9, true},
	"max_completion_tokens": {1, 1e9, true},
	"n":                     {1, 128, true},
	"seed":                  {-1 << 53, 1 << 53, true},
}

// Parameters whose values are no plain numbers; named so that slips are found.
var otherParameters = []string{"stop", "response_format", "reasoning_effort", "verbosity", "logit_bias", "logprobs", "top_logprobs",
	"service_tier", "parallel_tool_calls", "tool_choice", "tools", "modalities", "prediction", "dimensions", "encoding_format", "thinking"}

// parameters checks the ones the dialect knows and lets the others pass: vendors
// have many of their own.
func (c *compiler) parameters(at []string, given Parameters) {
	known := append(names(numbers), otherParameters...)
	for _, name := range names(given) {
		where := with(at, name)
		if why, own := ownParameters[name]; own {
			c.fail(where, "remove it: "+why, "a variant cannot set %s", name)
			continue
		}
		if b, ok := numbers[name]; ok {
			c.number(where, given[name], b)
			continue
		}
		if near := fault.Nearest(name, known); near != "" && near != name {
			c.warn(where, didYouMean(name, known), "%s is no parameter that OpenAI's format knows; it is sent as it stands", name)
		}
	}
	if given["max_tokens"] != nil && given["max_completion_tokens"] != nil {
		c.fail(at, "keep one of them", "max_tokens and max_completion_tokens are both given")
	}
}

func (c *compiler) number(at []string, raw json.RawMessage, b bounds) {
	v, err := strconv.ParseFloat(string(raw), 64)
	name := at[len(at)-1]
	switch {
	case err != nil:
		c.fail(at, "", "%s must be a number", name)
	case b.whole && v != float64(int64(v)):
		c.fail(at, "", "%s must be a whole number", name)
	case v < b.low || v > b.high:
		c.fail(at, "write a number between "+plain(b.low)+" and "+plain(b.high), "%s is out of range", plain(v))
	}
}

// plain writes a number without an exponent.
func plain(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
