// Package upstream is the contract between the gateway and whatever answers:
// one small interface per capability, a Pool of endpoints behind each model,
// and the table of vendors. It opens no socket; the drivers below it do.
package upstream

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/chat"
)

// Call is one attempt of one request at one endpoint.
type Call struct {
	Request   *chat.Request
	Stream    bool
	Model     string // the vendor's model id
	Endpoint  *Endpoint
	RequestID string // Weir's id of the exchange, sent along for tracing
	Attempt   int    // 1 for the first
	// Header holds further headers to send: traceparent, baggage. Credentials of
	// the caller are never among them.
	Header map[string][]string
}

// Reply is what came back. Status is the upstream's; of a 2xx, Frames is the
// answer and must be closed; of any other, Body is the error's body (bounded).
type Reply struct {
	Status int
	Header map[string][]string
	Frames chat.Frames
	Body   []byte
}

// Chat answers a conversation.
type Chat interface {
	Chat(ctx context.Context, c *Call) (*Reply, error)
}

// Embed turns texts into vectors.
type Embed interface {
	Embed(ctx context.Context, c *Call) (*Reply, error)
}

// Lister tells which models an endpoint serves.
type Lister interface {
	Models(ctx context.Context, e *Endpoint) ([]string, error)
}

// Driver is a technology that answers: it has one or more of the capabilities
// above. Close releases its connections.
type Driver interface{ Close() }

// Class says how far an attempt came before it failed without a status.
type Class uint8

// Classes of failure. A failure before Header had nothing relayed and may be
// tried again elsewhere.
const (
	Connect  Class = iota // no connection: refused, reset, DNS, TLS
	Send                  // the request could not be written whole
	Header                // connected, and no response header came
	Body                  // the body broke off
	Protocol              // what came is not what the vendor's format promises
	TooLarge              // the answer is over the limit
)

func (c Class) String() string {
	return [...]string{"connect", "send", "header", "body", "protocol", "too_large"}[c]
}

// Error is a failed attempt.
type Error struct {
	Class    Class
	Endpoint string // base URL, without credentials
	Err      error
}

func (e *Error) Error() string { return fmt.Sprintf("%s %s: %v", e.Class, e.Endpoint, e.Err) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Clocks bound the parts of an answer. Zero means the default where one is named.
type Clocks struct {
	Connect    time.Duration // to a usable connection, TLS included; 5 s
	Header     time.Duration // from the start of an attempt to the response header; streams 60 s, else up to Total
	FirstToken time.Duration // from the start of an attempt to the first frame a reader would see; streams only, 60 s
	Idle       time.Duration // between two reads of a stream; 60 s
	Total      time.Duration // the whole exchange, retries included; 120 s
}

// WithDefaults fills what was left out.
func (c Clocks) WithDefaults() Clocks {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&c.Connect, 5*time.Second)
	def(&c.Total, 120*time.Second)
	def(&c.FirstToken, 60*time.Second)
	def(&c.Idle, 60*time.Second)
	return c
}

// Secret is a resolved credential. It prints as a mark, never as itself.
type Secret string

func (Secret) String() string               { return "[secret]" }
func (Secret) GoString() string             { return "[secret]" }
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// Model is a model's definition as drivers and pools read it.
type Model struct {
	Name      string // in definitions
	Vendor    Vendor
	ID        string   // the vendor's model id; empty: asked from /v1/models once
	Endpoints []string // base URLs, "/v1" included; none: the vendor's own
	Key       Secret
	KeyName   string // the reference the key came from: "env:OPENAI_API_KEY"
	KeyErr    error  // the reference could not be resolved: this model serves nothing, others do
	Header    map[string]string
	Clocks    Clocks
	Context   int64          // tokens; 0 unknown
	MaxAnswer int64          // bytes of a whole answer; 0: 64 MiB
	MaxEvent  int            // bytes of one event of a stream; 0: 4 MiB
	Options   map[string]any // of the driver: the profile of a simulated model
}

// Vendor is a row of vendors.json: who sells or serves it, and how its format
// differs from the driver's plain form.
type Vendor struct {
	Name          string            `json:"name"`
	Title         string            `json:"title"`
	Driver        string            `json:"driver"`
	BaseURL       string            `json:"base_url"`       // default endpoint; empty: must be given
	KeyEnv        string            `json:"key_env"`        // customary environment variable; empty: none needed
	KeyHeader     string            `json:"key_header"`     // empty: Authorization: Bearer
	StreamOptions bool              `json:"stream_options"` // understands stream_options.include_usage
	Embeddings    bool              `json:"embeddings"`
	Paths         map[string]string `json:"paths,omitempty"` // where a path differs: {"chat": "/chat/completions"}
	Docs          string            `json:"docs"`            // public page of the format
	Note          string            `json:"note,omitempty"`  // what is unsure or unusual, for people
}
