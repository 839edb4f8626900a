// Package openai is the OpenAI dialect: pure bytes to chat and back, for
// /v1/chat/completions, /v1/embeddings and /v1/models. The gateway uses it
// towards its callers, drivers use it towards models.
//
// There are two ways through it. The relay path never decodes: Scan looks once
// over a request, AppendPatched splices a parameter into it, NewStream and
// NewWhole cut an answer into frames and look once over each. The other path is
// Codec, for features that read or change content: it takes a body apart and
// puts it together again with everything it did not understand as it came.
//
// It opens no connection and chooses no model.
package openai

import "github.com/weirhq/weir/internal/chat"

// Codec is the dialect. It holds nothing.
type Codec struct{}

var _ chat.Codec = Codec{}

// Name of the dialect.
func (Codec) Name() string { return "openai" }
