package openai

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/upstream"
)

// echoless answers each request that ends as hello does with the same bytes. It
// allocates nothing, so what a benchmark counts is the driver's.
func echoless(b *testing.B, answer []byte) string {
	end := []byte(hello[len(hello)-len(`"max_tokens":4}`):])
	return listen(b, func(c *net.TCPConn) {
		buf := make([]byte, 128<<10)
		for {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			if bytes.HasSuffix(buf[:n], end) {
				_, _ = c.Write(answer)
			}
		}
	})
}

// The server runs in the same process and its time is in the figures: they are
// for comparing one change with another, not for quoting.
func BenchmarkChat(b *testing.B) {
	reply := `{"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"` +
		strings.Repeat("word ", 150) + `"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":150,"total_tokens":160}}`
	base := echoless(b, fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Mon, 02 Nov 2026 10:00:00 GMT\r\nContent-Length: %d\r\n\r\n%s",
		len(reply), reply))
	for way, prepare := range map[string]func(*Driver){"wire": func(*Driver) {}, "transport": overTransport} {
		for name, prompt := range map[string]int{"1KB": 900, "64KB": 64 << 10} {
			b.Run(way+"/"+name, func(b *testing.B) {
				d, e := open(b, modelAt(base))
				prepare(d)
				call := callOf(b, e, false, strings.Replace(hello, "Hello", strings.Repeat("a", prompt), 1))
				b.ReportAllocs()
				for b.Loop() {
					chatOnce(b, d, call)
				}
			})
		}
	}
}

func chatOnce(b *testing.B, d *Driver, call *upstream.Call) {
	r, err := d.Chat(b.Context(), call)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := r.Frames.Next(); err != nil {
		b.Fatal(err)
	}
	_ = r.Frames.Close()
}

// What the driver itself does to a request before it is sent.
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
		if err := o.address(t, t.chat, call, true); err != nil {
			b.Fatal(err)
		}
		o.release()
	}
}
