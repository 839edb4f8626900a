package simulated

import (
	"encoding/json"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/upstream"
)

// param is a parameter of a request as it would be sent; nil when absent.
func param(r *chat.Request, name string) []byte {
	for _, p := range r.Patches() {
		if p.Name == name {
			return p.Value
		}
	}
	return r.Member(name)
}

// read decodes a parameter. One of another type counts as absent: a model that
// simulates has no grammar to defend.
func read(r *chat.Request, name string, into any) {
	_ = json.Unmarshal(param(r, name), into)
}

// refuse says what of a request this model cannot do.
func (d *Driver) refuse(c *upstream.Call) error {
	if c.Model != d.name && c.Model != d.key {
		return fault.New(fault.NotFound, "model_not_found", "there is no simulated model %q here, only %q", c.Model, d.name).At("model")
	}
	r := c.Request
	var n int64
	if read(r, "n", &n); n > 1 {
		return cannot("n", "give more than one choice")
	}
	var logprobs bool
	if read(r, "logprobs", &logprobs); logprobs {
		return cannot("logprobs", "give log probabilities")
	}
	var format struct{ Type string }
	if read(r, "response_format", &format); format.Type != "" && format.Type != "text" {
		return cannot("response_format", "answer in JSON")
	}
	var choice any
	if read(r, "tool_choice", &choice); choice != nil && choice != "auto" && choice != "none" {
		return cannot("tool_choice", "be made to call a tool")
	}
	return nil
}

func cannot(param, what string) error {
	return fault.New(fault.Unsupported, "unsupported_parameter", "a simulated model cannot %s", what).At(param).
		Mend("Leave %q out, or use a real model", param)
}

// limit is the smaller of the two output limits; 0 when there is none.
func limit(r *chat.Request) int {
	least := int64(0)
	for _, name := range []string{"max_tokens", "max_completion_tokens"} {
		var n int64
		if read(r, name, &n); n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	return int(least)
}

func stops(r *chat.Request) []string {
	var one string
	if read(r, "stop", &one); one != "" {
		return []string{one}
	}
	var many []string
	read(r, "stop", &many)
	return many
}

// tokensOf is a rough count of a request's tokens: four bytes each.
func tokensOf(r *chat.Request) int64 {
	text := param(r, "messages")
	if r.Op == chat.OpEmbed {
		text = param(r, "input")
	}
	return int64(len(text)/4) + 1
}
