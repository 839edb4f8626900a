package openai

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/upstream"
)

// The server runs in the same process and its cost is in the figures: they are
// for comparing one change with another, not for quoting.
func BenchmarkChat(b *testing.B) {
	reply := `{"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"` +
		strings.Repeat("word ", 150) + `"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":150,"total_tokens":160}}`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(reply)))
		_, _ = io.WriteString(w, reply)
	}))
	defer s.Close()
	for name, prompt := range map[string]int{"1KB": 900, "64KB": 64 << 10} {
		b.Run(name, func(b *testing.B) {
			d, e := open(b, modelAt(s.URL+"/v1"))
			call := callOf(b, e, false, strings.Replace(hello, "Hello", strings.Repeat("a", prompt), 1))
			b.ReportAllocs()
			for b.Loop() {
				r, err := d.Chat(b.Context(), call)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := r.Frames.Next(); err != nil {
					b.Fatal(err)
				}
				_ = r.Frames.Close()
			}
		})
	}
}

// What the driver itself does to a request, without the transport.
func BenchmarkPrepare(b *testing.B) {
	d, err := New(modelAt("http://127.0.0.1:1/v1"))
	if err != nil {
		b.Fatal(err)
	}
	e := upstream.NewEndpoint("http://127.0.0.1:1/v1")
	t := d.targets[e.Address()]
	call := callOf(b, e, true, strings.Replace(hello, "Hello", strings.Repeat("a", 900), 1))
	b.ReportAllocs()
	for b.Loop() {
		o, err := d.outgoing(call, true)
		if err != nil {
			b.Fatal(err)
		}
		_ = t.header(call, true)
		o.release()
	}
}
