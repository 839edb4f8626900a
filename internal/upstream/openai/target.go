package openai

import (
	"net/http"
	"net/url"

	"github.com/weirhq/weir/internal/upstream"
)

// target is an endpoint as it is called: everything about a request that is the
// same each time, made once.
type target struct {
	name    string // safe to show
	chat    *http.Request
	embed   *http.Request
	models  *http.Request
	fields  []field
	secrets []string
}

// Where things are below a base URL, unless the vendor's row says otherwise.
var usualPaths = map[string]string{"chat": "/chat/completions", "embed": "/embeddings", "models": "/models"}

func newTarget(m *upstream.Model, e *upstream.Endpoint, fields []field) (*target, error) {
	base, err := upstream.ParseEndpoint(e.Address())
	if err != nil {
		return nil, err
	}
	t := &target{name: e.URL, fields: fields}
	if base.User != nil {
		t.fields, t.secrets = withUser(fields, base.User)
		base.User = nil
	}
	for _, values := range base.Query() {
		t.secrets = append(t.secrets, values...)
	}
	t.chat = prototype(http.MethodPost, m, base, "chat")
	t.embed = prototype(http.MethodPost, m, base, "embed")
	t.models = prototype(http.MethodGet, m, base, "models")
	return t, nil
}

// prototype is a request to copy. Parsing the address anew for each would cost
// more than the rest of the request's making.
func prototype(method string, m *upstream.Model, base *url.URL, call string) *http.Request {
	path := m.Vendor.Paths[call]
	if path == "" {
		path = usualPaths[call]
	}
	u := *base
	u.Path += path
	if u.RawPath != "" {
		u.RawPath += path
	}
	return &http.Request{Method: method, URL: &u, Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
}
