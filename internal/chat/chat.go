// Package chat is one turn of conversation as Weir sees it: a request with its
// raw bytes and a parsed form made when asked for, and an answer as a pull
// stream of frames. A dialect (chat/openai, ...) is a Codec between bytes and
// these values. It knows no network, no route and no vendor.
package chat

// Op is the kind of call.
type Op uint8

// The calls Weir carries.
const (
	OpChat  Op = iota // a conversation, answered with text or tool calls
	OpEmbed           // texts, answered with vectors
)

func (o Op) String() string {
	if o == OpEmbed {
		return "embed"
	}
	return "chat"
}

// Usage is what an answer consumed, in tokens. Cached, CacheWrite are parts of
// Input, Reasoning a part of Output; they are never added to them.
type Usage struct {
	Input      int64 `json:"input"`
	Output     int64 `json:"output"`
	Cached     int64 `json:"cached"`
	CacheWrite int64 `json:"cache_write"`
	Reasoning  int64 `json:"reasoning"`
}

// Add sums the usage of a further round of the same exchange.
func (u *Usage) Add(v Usage) {
	u.Input += v.Input
	u.Output += v.Output
	u.Cached += v.Cached
	u.CacheWrite += v.CacheWrite
	u.Reasoning += v.Reasoning
}
