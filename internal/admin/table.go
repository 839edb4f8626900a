package admin

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/fault"
)

// endpoint is one row of what this listener serves.
type endpoint struct {
	method  string
	path    string // as it must be written; a last "{name}" takes one segment, but for a ":verb" behind it
	id      string // operationId
	summary string
	scope   scope
	params  []param
	hidden  bool // for browsers or profilers: no part of the documented API
	handler handler
}

// scope says who may have an endpoint.
type scope string

// Scopes. With keys, read and operate are scopes of the key; without keys all
// but anybody means a caller on this machine.
const (
	anybody scope = "anybody" // probes
	visitor scope = "visitor" // what says nothing of this Weir's content
	read    scope = "read"
	operate scope = "operate"
	admin   scope = "admin"
)

var scopes = map[scope]access.Scope{read: access.Read, operate: access.Operate, admin: access.Admin}

// param is a query parameter, or the {name} of a path.
type param struct {
	name  string
	kind  string // "string", "integer", "boolean"
	enum  []string
	about string
}

// handler answers, and says what it takes and gives, so that the document
// cannot tell another story than the code.
type handler struct {
	body, reply reflect.Type // nil: none, not JSON
	media       string       // of an answer that is not JSON; with a reply too, of its other forms, with ", " between them
	serve       func(*call) error
}

// gives makes a handler of a function that answers with a T.
func gives[T any](f func(*call) (T, error)) handler {
	return handler{reply: reflect.TypeFor[T](), serve: func(c *call) error {
		v, err := f(c)
		if err != nil {
			return err
		}
		return c.writeJSON(v)
	}}
}

// takes makes a handler of a function that reads a B and answers with a T.
func takes[B, T any](f func(*call, *B) (T, error)) handler {
	h := gives(func(c *call) (T, error) {
		var body B
		if err := c.decode(&body); err != nil {
			var none T
			return none, err
		}
		return f(c, &body)
	})
	h.body = reflect.TypeFor[B]()
	return h
}

// table is everything this listener serves.
func (s *Server) table() []endpoint {
	t := slices.Concat(browserEndpoints(), eventEndpoints(), usageEndpoints(), stateEndpoints(), definitionEndpoints(), planEndpoints(), keepingEndpoints(), statsEndpoints())
	if s.cfg.Pprof {
		t = append(t, endpoint{method: "GET", path: "/debug/pprof/{profile}", id: "profile", summary: "a profile of the process", scope: operate, hidden: true,
			params: profileParams, handler: handler{media: "application/octet-stream", serve: (*call).profile}})
	}
	return t
}

// routes finds endpoints. A path matches as it is written or not at all: no
// cleaning, no escapes, no folding of case, so nothing can go round a check.
type routes struct {
	exact map[string]methods
	under map[string]methods // by what stands before the {name}, and behind it
}

type methods map[string]*endpoint

func register(table []endpoint) *routes {
	rs := &routes{exact: map[string]methods{}, under: map[string]methods{}}
	for i := range table {
		e := &table[i]
		into, key := rs.exact, e.path
		if before, rest, ok := strings.Cut(e.path, "{"); ok {
			_, verb, _ := strings.Cut(rest, "}")
			into, key = rs.under, before+verb
		}
		if into[key] == nil {
			into[key] = methods{}
		}
		into[key][e.method] = e
	}
	return rs
}

// find takes the endpoint that the request names.
func (c *call) find() error {
	path := c.r.URL.Path
	if c.r.URL.RawPath != "" { // escapes that change the path
		path = c.r.URL.RawPath
	}
	ms := c.server.routes.exact[path]
	if ms == nil {
		ms, c.tail = c.server.routes.named(path)
	}
	if ms == nil {
		return fault.New(fault.NotFound, "unknown_path", "no such path: %s", short(path, 100)).Mend("GET /openapi.json lists what there is")
	}
	method := c.r.Method
	if method == http.MethodHead {
		method = http.MethodGet // net/http leaves the body out
	}
	if c.endpoint = ms[method]; c.endpoint == nil {
		allow := ms.allow()
		c.w.Header().Set("Allow", allow)
		return fault.New(fault.Method, "method_not_allowed", "%s does not take %s", short(path, 100), short(c.r.Method, 20)).Mend("it takes %s", allow)
	}
	return nil
}

// named takes a path whose last segment is a name, with or without a verb.
func (rs *routes) named(path string) (ms methods, name string) {
	at := strings.LastIndexByte(path, '/') + 1
	if name = path[at:]; name == "" {
		return nil, ""
	}
	if i := strings.LastIndexByte(name, ':'); i > 0 {
		if ms = rs.under[path[:at]+name[i:]]; ms != nil {
			return ms, name[:i]
		}
	}
	return rs.under[path[:at]], name
}

func (ms methods) allow() string {
	var names []string
	for m := range ms {
		names = append(names, m)
		if m == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// checkQuery refuses parameters that the endpoint does not have: a filter with a
// typing mistake must not answer with everything.
func (c *call) checkQuery() error {
	var known []string
	for _, p := range c.endpoint.params {
		if !strings.Contains(c.endpoint.path, "{"+p.name+"}") {
			known = append(known, p.name)
		}
	}
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil { // what cannot be read would be left out, and the rest answered
		return fault.New(fault.Invalid, "invalid_parameter", "the parameters cannot be read: %s", short(err.Error(), 100)).
			Mend("write percent signs as %%25, semicolons as %%3B, ampersands as %%26")
	}
	for name, values := range query {
		if !slices.Contains(known, name) {
			e := fault.New(fault.Invalid, "unknown_parameter", "%s has no parameter %q", c.endpoint.path, short(name, 50))
			return e.At(short(name, 50)).Mend("%s", suggest(name, known))
		}
		if len(values) > 1 {
			return fault.New(fault.Invalid, "repeated_parameter", "%s is given %d times", name, len(values)).At(name).Mend("give it once")
		}
	}
	return nil
}

func suggest(name string, known []string) string {
	if near := fault.Nearest(name, known); near != "" {
		return "did you mean " + near + "?"
	}
	if len(known) == 0 {
		return "it has none"
	}
	return "it has " + strings.Join(known, ", ")
}
