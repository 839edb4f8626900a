package openai

import (
	"bytes"
	"encoding/json"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai"
	"github.com/weirhq/weir/internal/upstream"
)

// outgoing writes the body to send: the request as it came, or encoded again
// after a change, with the model and the parameters spliced in.
func (d *Driver) outgoing(c *upstream.Call, stream bool) (*outgoing, error) {
	raw, head, err := content(c.Request)
	if err != nil {
		return nil, err
	}
	var few [8]chat.Field
	patches := append(few[:0], c.Request.Patches()...)
	patches = append(patches, chat.Field{Name: "model", Value: d.quote(c.Model)})
	if c.Request.Op == chat.OpChat {
		patches = d.streaming(patches, raw, head, stream)
	}
	o := newOutgoing()
	o.data = openai.AppendPatched(o.data, raw, head, patches)
	return o, nil
}

// content is the request in this dialect, and what Scan finds in it.
func content(r *chat.Request) ([]byte, *chat.Head, error) {
	same := r.Codec.Name() == openai.Codec{}.Name()
	raw, untouched := r.Untouched()
	if same && untouched {
		return raw, &r.Head, nil
	}
	var err error
	if same {
		raw, err = r.Body()
	} else {
		raw, err = translated(r)
	}
	if err != nil {
		return nil, nil, err
	}
	head := new(chat.Head)
	return raw, head, openai.Scan(raw, r.Op, head)
}

func translated(r *chat.Request) ([]byte, error) {
	turn, err := r.Turn()
	if err != nil {
		return nil, err
	}
	return openai.Codec{}.Append(nil, turn)
}

var (
	jsonTrue   = []byte("true")
	jsonFalse  = []byte("false")
	askForUsed = []byte(`{"include_usage":true}`)
)

// streaming makes the body ask for what the call wants: a stream or not, and of
// a stream the usage, without which nothing can be metered.
func (d *Driver) streaming(patches []chat.Field, raw []byte, head *chat.Head, stream bool) []chat.Field {
	if stream != head.Stream {
		value := jsonFalse
		if stream {
			value = jsonTrue
		}
		patches = append(patches, chat.Field{Name: "stream", Value: value})
	}
	options := member("stream_options", patches, raw, head)
	switch {
	case !stream && options != nil: // vendors refuse it without a stream
		return append(patches, chat.Field{Name: "stream_options"})
	case stream && d.model.Vendor.StreamOptions:
		if merged := withUsage(options); merged != nil {
			return append(patches, chat.Field{Name: "stream_options", Value: merged})
		}
	}
	return patches
}

// member is a member's value as it would be sent, nil when absent.
func member(name string, patches []chat.Field, raw []byte, head *chat.Head) []byte {
	for i := len(patches) - 1; i >= 0; i-- {
		if patches[i].Name == name {
			return patches[i].Value
		}
	}
	for _, m := range head.Members {
		if m.Key == name {
			return raw[m.From:m.Upto]
		}
	}
	return nil
}

// withUsage is stream_options with include_usage, its other members kept; nil
// when it is there already, or when the value is none that could be completed:
// the vendor's refusal says more about it than Weir could.
func withUsage(options []byte) []byte {
	options = bytes.TrimSpace(options)
	if len(options) == 0 || string(options) == "null" {
		return askForUsed
	}
	var got struct {
		IncludeUsage bool `json:"include_usage"`
	}
	if err := json.Unmarshal(options, &got); err != nil || got.IncludeUsage {
		return nil
	}
	return openai.WithMember(options, "include_usage", jsonTrue)
}

// quotedID is a model's id as JSON, kept because it is nearly always the same.
type quotedID struct {
	id   string
	json []byte
}

func (d *Driver) quote(id string) []byte {
	if q := d.quoted.Load(); q != nil && q.id == id {
		return q.json
	}
	b, _ := json.Marshal(id) // a string always encodes
	d.quoted.Store(&quotedID{id, b})
	return b
}
