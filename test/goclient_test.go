//go:build tools

package test

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// goCases do with openai-go what the scripts of test/clients do with npm openai.
var goCases = map[string]func(*testing.T, *openai.Client){
	"plain": goPlain, "stream": goStream, "tools": goTools, "structured": goStructured, "images": goImages,
	"untouched": goUntouched, "embeddings": goEmbeddings, "models": goModels, "errors": goErrors, "abort": goAbort,
}

// runGo runs one of goCases and gives the replies as they came.
func runGo(t *testing.T, name, base, token string) []raw {
	t.Helper()
	send, ok := goCases[name]
	if !ok {
		t.Fatalf("there is no case %q for openai-go", name)
	}
	tap := &tap{}
	client := openai.NewClient(
		option.WithBaseURL(base+"/v1"), option.WithAPIKey(token), option.WithUnsafeAllowHTTP(),
		option.WithOrganization("org-of-the-client"), option.WithProject("project-of-the-client"),
		option.WithHeader("X-User-Id", "user-of-the-client"), option.WithHeader("Cookie", "session=of-the-client"), option.WithHeader("X-Request-Id", "request-of-the-client"),
		option.WithMaxRetries(0), option.WithHTTPClient(&http.Client{Transport: tap}),
	)
	send(t, &client)
	return tap.whole()
}

// tap is a transport that keeps each reply as it came.
type tap struct {
	mu      sync.Mutex
	replies []*tapped
}

// tapped is a reply that is being read.
type tapped struct {
	io.ReadCloser
	raw
	kept bytes.Buffer
	done bool // read to its end
}

func (t *tap) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	b := &tapped{ReadCloser: resp.Body, raw: raw{Path: req.URL.Path, Status: resp.StatusCode, Type: resp.Header.Get("Content-Type")}}
	resp.Body = b
	t.mu.Lock()
	defer t.mu.Unlock()
	t.replies = append(t.replies, b)
	return resp, nil
}

func (b *tapped) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.kept.Write(p[:n])
	b.done = b.done || err == io.EOF
	return n, err
}

// Close reads what the library left: it stops at the end of what it needs.
func (b *tapped) Close() error {
	if !b.done {
		rest, err := io.ReadAll(b.ReadCloser)
		b.kept.Write(rest)
		b.done = err == nil
	}
	return b.ReadCloser.Close()
}

// whole gives the replies that were read to their end.
func (t *tap) whole() []raw {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []raw
	for _, b := range t.replies {
		if b.done {
			b.raw.Body = b.kept.String()
			list = append(list, b.raw)
		}
	}
	return list
}
