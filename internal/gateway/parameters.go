package gateway

import (
	"encoding/json"
	"strconv"
)

// newParameter reads a variant's parameter once, when a snapshot is applied.
func newParameter(name string, value json.RawMessage) parameter {
	p := parameter{name: name, value: value, limit: -1}
	if name == "max_tokens" || name == "max_completion_tokens" {
		if n, err := strconv.ParseInt(string(value), 10, 64); err == nil {
			p.limit = n
		}
	}
	return p
}

// applyParameters settles who decides: a parameter that the variant names wins
// over the caller's, one that it does not name stays the caller's, and of two
// output-token limits the smaller holds. Otherwise an application that sends its
// own temperature would undo a temperature experiment unseen.
func (x *Exchange) applyParameters() {
	for i := range x.plan.parameters {
		p := &x.plan.parameters[i]
		if p.limit >= 0 {
			x.applyLimit(p)
			continue
		}
		x.Request.Set(p.name, p.value)
		if x.Request.Member(p.name) != nil {
			x.parameters = append(x.parameters, p.name+": variant over caller")
		} else {
			x.parameters = append(x.parameters, p.name+": variant")
		}
	}
}

// applyLimit compares the variant's output limit with the caller's, under
// whichever of its two names each uses.
func (x *Exchange) applyLimit(p *parameter) {
	h := &x.Request.Head
	callers := h.MaxTokens
	if callers < 0 || (h.MaxCompletion >= 0 && h.MaxCompletion < callers) {
		callers = h.MaxCompletion
	}
	switch {
	case callers < 0:
		x.Request.Set(p.name, p.value)
		x.parameters = append(x.parameters, p.name+": variant")
	case callers <= p.limit:
		x.parameters = append(x.parameters, p.name+": caller (smaller)")
	default:
		for _, name := range []string{"max_tokens", "max_completion_tokens"} {
			if name != p.name && x.Request.Member(name) != nil {
				x.Request.Set(name, nil)
			}
		}
		x.Request.Set(p.name, p.value)
		x.parameters = append(x.parameters, p.name+": variant (smaller)")
	}
}
