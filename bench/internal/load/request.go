package load

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
)

const userMark = "u-00000000" // placeholder of the user id, overwritten in place

// request is one pre-rendered HTTP request whose user id is patched in place.
type request struct {
	addr  string
	bytes []byte
	users []int // offsets of the digits
}

func newRequest(c *Config) (*request, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("%q: need an http:// URL", c.URL)
	}
	path := u.EscapedPath()
	if path == "" || path == "/" {
		path = "/v1/chat/completions"
	}
	body := Body(c.Model, c.BodySize, c.Stream)
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAccept: application/json\r\nUser-Agent: bench\r\nX-User-Id: %s\r\n", path, u.Host, userMark)
	for _, h := range c.Headers {
		fmt.Fprintf(&b, "%s\r\n", h)
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	r := &request{addr: u.Host, bytes: b.Bytes()}
	if !strings.Contains(r.addr, ":") {
		r.addr += ":80"
	}
	for at := 0; ; {
		i := bytes.Index(r.bytes[at:], []byte(userMark))
		if i < 0 {
			return r, nil
		}
		r.users = append(r.users, at+i+2)
		at += i + len(userMark)
	}
}

func (r *request) clone() *request {
	return &request{r.addr, bytes.Clone(r.bytes), r.users}
}

func (r *request) setUser(n int64) {
	for _, at := range r.users {
		for i, v := 7, n; i >= 0; i, v = i-1, v/10 {
			r.bytes[at+i] = byte('0' + v%10)
		}
	}
}

// Body renders a chat completion request of about size bytes. As in the OpenAI
// Python SDK "messages" comes before "model", so a gateway must look past the
// prompt. The text has the escapes and non-ASCII runes of real prompts.
func Body(model string, size int, stream bool) []byte {
	const text = `Explain in \"plain words\" how the caf\u00e9's ledger is kept:\n\tfirst the orders, then the payments \u2014 naïve, but it works. `
	tail := fmt.Sprintf(`],"model":%q,"temperature":0.7,"max_tokens":256,"user":%q`, model, userMark)
	if stream {
		tail += `,"stream":true,"stream_options":{"include_usage":true}`
	}
	tail += "}"
	b := []byte(`{"messages":[{"role":"system","content":"You are a helpful assistant."}`)
	for i := 0; len(b)+len(tail) < size; i++ {
		role := []string{"user", "assistant"}[i%2]
		n := max(1, min(16, (size-len(b)-len(tail))/len(text)))
		b = fmt.Appendf(b, `,{"role":%q,"content":"%s"}`, role, strings.Repeat(text, n))
	}
	return append(b, tail...)
}
