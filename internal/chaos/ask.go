package chaos

import (
	"encoding/json"
	"net/http"
	"strings"
)

// endpoint is what a path asks for.
type endpoint int

const (
	unknown endpoint = iota
	wrongMethod
	health
	models
	chat
	embeddings
)

// asksModel says whether a request to it makes a model work.
func (e endpoint) asksModel() bool { return e == chat || e == embeddings }

// endpointOf knows paths by their ends, so that any base path will do.
func endpointOf(method, path string) endpoint {
	ends := []struct {
		suffix, method string
		to             endpoint
	}{
		{"/chat/completions", http.MethodPost, chat},
		{"/embeddings", http.MethodPost, embeddings},
		{"/models", http.MethodGet, models},
		{"/health", http.MethodGet, health},
	}
	for _, e := range ends {
		if strings.HasSuffix(path, e.suffix) {
			if method != e.method && (method != http.MethodHead || e.method != http.MethodGet) {
				return wrongMethod
			}
			return e.to
		}
	}
	return unknown
}

// ask is what the upstream understands of a body.
type ask struct {
	Model         string `json:"model"`
	Stream        bool   `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	N                   int `json:"n"`
	MaxTokens           int `json:"max_tokens"`
	MaxCompletionTokens int `json:"max_completion_tokens"`
	Messages            []struct {
		Content json.RawMessage `json:"content"`
	} `json:"messages"`
	Tools []struct {
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	} `json:"tools"`

	Input          json.RawMessage `json:"input"`
	EncodingFormat string          `json:"encoding_format"`
	Dimensions     int             `json:"dimensions"`

	err error // why the body makes no sense; a script may answer all the same
}

// readAsk reads a body as far as it goes.
func readAsk(body []byte) ask {
	var a ask
	a.err = json.Unmarshal(body, &a)
	a.N = min(max(a.N, 1), 128)
	return a
}

// limit is the most tokens the caller wants; zero when it does not say.
func (a ask) limit() int {
	if a.MaxCompletionTokens > 0 {
		return a.MaxCompletionTokens
	}
	return max(a.MaxTokens, 0)
}

// promptTokens is a made-up count that grows with the messages: three for each,
// and one for each four bytes of content as it stands in the body.
func (a ask) promptTokens() int {
	n := 0
	for _, m := range a.Messages {
		n += 3 + tokensIn(len(m.Content))
	}
	return max(n, 1)
}

// tokensIn guesses the tokens in so many bytes of text.
func tokensIn(size int) int { return (size + 3) / 4 }
