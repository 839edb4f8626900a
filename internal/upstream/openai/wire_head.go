package openai

import (
	"fmt"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/weirhq/weir/internal/upstream"
)

// steadyLines writes the lines that are the same in each request.
func steadyLines(r *http.Request, fields []field) []byte {
	b := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.URL.RequestURI(), r.Host)
	for _, f := range fields {
		if f.name == "Content-Type" && r.Method == http.MethodGet {
			continue
		}
		for _, v := range f.values {
			b = appendLine(b, f.name, v)
		}
	}
	return b
}

func appendLine(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, textproto.TrimString(value)...)
	return append(b, "\r\n"...)
}

// oneWrite is the longest body that is copied behind its header: a copy of a few
// kilobytes costs less than another buffer in the write.
const oneWrite = 8 << 10

// address writes the header of one call in front of its body, for the wire.
func (o *outgoing) address(t *target, p prototype, c *upstream.Call, stream bool) error {
	b := appendLine(append(o.head[:0], p.head...), "Accept", accepting(stream)[0])
	var err error
	if c.RequestID != "" {
		b, err = appendGiven(b, "X-Request-Id", c.RequestID)
	}
	for name, values := range c.Header {
		if name = http.CanonicalHeaderKey(name); !t.admits(name, c) {
			continue
		}
		for _, v := range values {
			if err == nil {
				b, err = appendGiven(b, name, v)
			}
		}
	}
	if p.Method == http.MethodPost {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, int64(len(o.data)), 10)
		b = append(b, "\r\n"...)
	}
	o.head, o.rest = append(b, "\r\n"...), o.data
	if len(o.data) <= oneWrite {
		o.head, o.rest = append(o.head, o.data...), nil
	}
	return err
}

// appendGiven writes a line that came from outside. Nobody may put a line of
// their own into it.
func appendGiven(b []byte, name, value string) ([]byte, error) {
	if !token(name) || strings.ContainsFunc(value, control) {
		return b, fmt.Errorf("header %q is not a name, or its value holds a line break or another control character", name)
	}
	return appendLine(b, name, value), nil
}
