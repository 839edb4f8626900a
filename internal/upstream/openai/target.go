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
	wire    *wire  // nil: the transport serves
	chat    prototype
	embed   prototype
	models  prototype
	fields  []field
	secrets []string
}

// Where things are below a base URL, unless the vendor's row says otherwise.
var usualPaths = map[string]string{"chat": "/chat/completions", "embed": "/embeddings", "models": "/models"}

func newTarget(m *upstream.Model, e *upstream.Endpoint, fields []field, d *dialer) (*target, error) {
	base, err := upstream.ParseEndpoint(e.Address())
	if err != nil {
		return nil, err
	}
	t := &target{name: e.URL, fields: fields, wire: newWire(base, d)}
	if base.User != nil {
		t.fields, t.secrets = withUser(fields, base.User)
		base.User = nil
	}
	for _, values := range base.Query() {
		t.secrets = append(t.secrets, values...)
	}
	t.chat = t.prototype(http.MethodPost, m, base, "chat")
	t.embed = t.prototype(http.MethodPost, m, base, "embed")
	t.models = t.prototype(http.MethodGet, m, base, "models")
	return t, nil
}

// prototype is a request to copy. Parsing the address anew for each would cost
// more than the rest of the request's making.
type prototype struct {
	*http.Request        // for the transport
	head          []byte // for the wire: the lines that are the same each time
}

func (t *target) prototype(method string, m *upstream.Model, base *url.URL, call string) prototype {
	path := m.Vendor.Paths[call]
	if path == "" {
		path = usualPaths[call]
	}
	u := *base
	u.Path += path
	if u.RawPath != "" {
		u.RawPath += path
	}
	r := &http.Request{Method: method, URL: &u, Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	return prototype{r, steadyLines(r, t.fields)}
}
