package openai

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/weirhq/weir/internal/upstream"
)

// field is one line of a header. Its values are shared by all requests and are
// never changed.
type field struct {
	name   string
	values []string
}

var (
	acceptJSON   = []string{"application/json"}
	acceptStream = []string{"text/event-stream, application/json"} // errors come as JSON
)

// reserved belong to the transport, or would tell the model what the caller
// told Weir.
var reserved = []string{"Connection", "Content-Encoding", "Content-Length", "Content-Type", "Cookie", "Host", "Keep-Alive", "Proxy-Authorization",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Expect", "Accept", "Accept-Encoding"}

// credentials of a caller never go to a model, whoever asks for it.
var credentials = []string{"Authorization", "Api-Key", "X-Api-Key"}

var userAgent = sync.OnceValue(func() string {
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasPrefix(info.Main.Version, "v") {
		return "weir/" + info.Main.Version
	}
	return "weir/dev"
})

// prepareHeader makes the lines that are the same in every request to a model.
func prepareHeader(m *upstream.Model) ([]field, error) {
	fields := []field{
		{"Content-Type", []string{"application/json"}},
		{"Accept-Encoding", []string{"identity"}},
		{"User-Agent", []string{userAgent()}},
	}
	if m.Key != "" {
		name, value := "Authorization", "Bearer "+string(m.Key)
		if m.Vendor.KeyHeader != "" {
			name, value = http.CanonicalHeaderKey(m.Vendor.KeyHeader), string(m.Key)
		}
		if strings.ContainsFunc(value, control) {
			return nil, fmt.Errorf("the key of %s holds a line break or another control character", m.KeyName)
		}
		fields = append(fields, field{name, []string{value}})
	}
	for _, given := range slices.Sorted(maps.Keys(m.Header)) {
		name := http.CanonicalHeaderKey(given)
		if slices.Contains(reserved, name) {
			return nil, fmt.Errorf("header %q cannot be set: Weir sets it, or must not", given)
		}
		if !token(name) {
			return nil, fmt.Errorf("header %q is not a header's name", given)
		}
		if strings.ContainsFunc(m.Header[given], control) {
			return nil, fmt.Errorf("header %q holds a line break or another control character", given)
		}
		fields = replace(fields, field{name, []string{m.Header[given]}})
	}
	return fields, nil
}

func control(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// token tells a word that may be a header's name (RFC 9110, 5.6.2).
func token(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", r)
	})
}

// replace sets a line, in place of one with its name if there is one.
func replace(fields []field, f field) []field {
	fields = slices.DeleteFunc(fields, func(g field) bool { return g.name == f.name })
	return append(fields, f)
}

// withUser gives requests to one endpoint the user and password of its address.
// A key that was defined is preferred.
func withUser(fields []field, user *url.Userinfo) ([]field, []string) {
	password, _ := user.Password()
	pair := user.Username() + ":" + password
	packed := base64.StdEncoding.EncodeToString([]byte(pair))
	secrets := []string{pair, packed, password}
	if slices.ContainsFunc(fields, func(f field) bool { return f.name == "Authorization" }) {
		return fields, secrets
	}
	return append(slices.Clone(fields), field{"Authorization", []string{"Basic " + packed}}), secrets
}

// header makes the header of one call, for the transport. What was prepared
// stands before what the call brings along.
func (t *target) header(c *upstream.Call, stream bool) http.Header {
	h := make(http.Header, len(t.fields)+len(c.Header)+2)
	h["Accept"] = accepting(stream)
	if c.RequestID != "" {
		h["X-Request-Id"] = []string{c.RequestID}
	}
	for _, f := range t.fields {
		h[f.name] = f.values
	}
	for name, values := range c.Header {
		if name = http.CanonicalHeaderKey(name); t.admits(name, c) {
			h[name] = values
		}
	}
	return h
}

func accepting(stream bool) []string {
	if stream {
		return acceptStream
	}
	return acceptJSON
}

// admits reports whether a line that a call brings along may go out.
func (t *target) admits(name string, c *upstream.Call) bool {
	switch {
	case slices.Contains(credentials, name), slices.Contains(reserved, name), name == "X-Request-Id" && c.RequestID != "":
		return false
	}
	return !slices.ContainsFunc(t.fields, func(f field) bool { return f.name == name })
}

// secretsOf lists what of a definition may never be seen in an error. Short
// values of further headers are no secrets, and taking them out of texts would
// make those unreadable.
func secretsOf(m *upstream.Model) []string {
	secrets := []string{string(m.Key)}
	for _, v := range m.Header {
		if len(v) >= 8 {
			secrets = append(secrets, v)
		}
	}
	return secrets
}
