package gateway

import (
	"encoding/json"
	"strconv"

	"github.com/weirhq/weir/internal/chat"
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

// ofEmbeddings reports whether a parameter is one of embeddings: the others are
// those of conversations.
func (p parameter) ofEmbeddings() bool { return p.name == "dimensions" || p.name == "encoding_format" }

// applyParameters settles who decides: a parameter that the variant names wins
// over the caller's, one that it does not name stays the caller's, and of two
// output-token limits the smaller holds. Otherwise an application that sends its
// own temperature would undo a temperature experiment unseen.
func (x *Exchange) applyParameters() {
	limit := int64(-1)
	if x.path.op == chat.OpChat {
		limit = x.callersLimit()
	}
	for i := range x.plan.parameters {
		p := &x.plan.parameters[i]
		if p.limit >= 0 {
			x.applyLimit(p, limit)
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

// callersLimit is the caller's output limit, -1 when there is none. Of two that
// differ the larger is taken out: which of them holds would be the model's choice.
func (x *Exchange) callersLimit() int64 {
	old, now := x.Request.Head.MaxTokens, x.Request.Head.MaxCompletion
	switch {
	case old < 0 || now < 0:
		return max(old, now)
	case old < now:
		x.Request.Set("max_completion_tokens", nil)
		x.parameters = append(x.parameters, "max_completion_tokens: none (max_tokens is smaller)")
	case now < old:
		x.Request.Set("max_tokens", nil)
		x.parameters = append(x.parameters, "max_tokens: none (max_completion_tokens is smaller)")
	}
	return min(old, now)
}

// applyLimit compares the variant's output limit with the caller's, under
// whichever of its two names each uses.
func (x *Exchange) applyLimit(p *parameter, callers int64) {
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
