package definition

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/weirhq/weir/internal/offlimits"
)

func (c *compiler) endpoints(at []string, s *ModelSpec, v Vendor) []string {
	list, field := s.Endpoints, "endpoints"
	if s.Endpoint != "" {
		if len(list) > 0 {
			c.fail(with(at, "endpoint"), "keep one of them", "endpoint and endpoints are both given")
		}
		list, field = []string{s.Endpoint}, "endpoint"
	}
	if v.Simulated {
		if len(list) > 0 {
			c.fail(with(at, field), "remove it", "a simulated model is built in and has no endpoint")
		}
		return nil
	}
	if len(list) == 0 && v.Endpoint == "" {
		c.fail(at, "add endpoint: http://HOST:PORT/v1", "has no endpoint, and %s has no public one", v.Name)
	}
	var full []string
	for i, text := range list {
		where := with(at, field)
		if field == "endpoints" {
			where = with(where, step(i))
		}
		u, ok := c.endpoint(where, text)
		if ok && slices.Contains(full, u) {
			c.fail(where, "list each replica once", "%s is listed twice", u)
		}
		full = append(full, u)
	}
	return full
}

func (c *compiler) endpoint(at []string, text string) (string, bool) {
	full, message, hint := endpoint(text)
	if message != "" {
		c.fail(at, hint, "%s", message)
	}
	return full, message == ""
}

// endpoint checks a base URL and gives it /v1 when it has no path. A URL may
// hold credentials, so a wrong one is not printed.
func endpoint(text string) (full, message, hint string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return text, "is no http or https URL", "write http://HOST:PORT/v1 or https://HOST/v1"
	case u.User != nil:
		return text, "holds a user name or password", "give the credential as key: env:NAME"
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return text, "holds a query or a fragment", "end it with its path; credentials go into key or headers"
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return text, "has a port that does not exist", "ports go from 1 to 65535"
		}
	}
	if at, err := netip.ParseAddr(u.Hostname()); err == nil && offlimits.Metadata(at) {
		return text, "is an address of a cloud's metadata service: no model is there", "name the server that serves the model"
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1"
	}
	return strings.TrimSuffix(u.String(), "/"), "", ""
}

// Headers that carry credentials, and those that Weir writes itself.
var (
	secretEnds = []string{"authorization", "api-key", "apikey", "auth-key", "access-key", "secret-key", "token", "secret", "password",
		"cookie", "credential", "credentials", "auth"}
	ownHeaders = []string{"accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "host",
		"keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)

func (c *compiler) headers(at []string, given map[string]Value) (open map[string]string, secret map[string]Reference) {
	for _, name := range names(given) {
		where, low := with(at, "headers", name), strings.ToLower(name)
		value := given[name]
		switch {
		case !headerName(name):
			c.fail(where, "use letters, digits and hyphens", "%q is no name of a header", name)
		case slices.Contains(ownHeaders, low):
			c.fail(where, "remove it", "Weir writes this header itself")
		case !value.From.IsZero():
			if secret == nil {
				secret = map[string]Reference{}
			}
			secret[name] = value.From
		case slices.ContainsFunc(secretEnds, func(end string) bool { return strings.HasSuffix(low, end) }):
			c.fail(where, "write env:NAME or file:PATH", "looks like a credential, and must be a reference (what is written is not shown)")
		default:
			if open == nil {
				open = map[string]string{}
			}
			open[name] = value.Text
		}
	}
	return open, secret
}

func headerName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("!#$%&'*+-.^_`|~", r) && !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	})
}
