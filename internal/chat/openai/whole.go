package openai

import (
	"bytes"

	"github.com/weirhq/weir/internal/chat"
)

// NewWhole makes the one frame of an answer that is not streamed. Its kind is
// Whole, Failure when the body is an error, or Malformed when the body is not
// one JSON object. The frame is a view of body.
func NewWhole(body []byte) chat.Frames { return chat.Of(whole(body)) }

func whole(body []byte) chat.Frame {
	f := chat.Frame{Kind: chat.Whole, Raw: body, Data: bytes.TrimSpace(body)}
	inspect(f.Data, &f, nil)
	return f
}
