package admin

import (
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/fault"
)

// allowed reads the configured names. Each is kept as written, in small letters.
func allowed(hosts []string) (map[string]bool, error) {
	set := map[string]bool{}
	for _, h := range hosts {
		if h == "" || strings.ContainsAny(h, "/*@ ") {
			return nil, fmt.Errorf("admin host %q: want a name such as weir.example.com, or one with a port", h)
		}
		set[strings.ToLower(h)] = true
	}
	return set, nil
}

// checkHost holds off DNS rebinding: a page whose own name was made to resolve
// to this machine arrives with that name in Host. What is served are names of
// this machine with the port of this listener, the very address the caller
// connected to, and the configured names.
func (c *call) checkHost() error {
	if c.server.knows(c.r) {
		return nil
	}
	e := fault.New(fault.Forbidden, "host_refused", "the Host header %q does not name this listener", short(c.r.Host, 100))
	if local := localAddress(c.r); local.IsValid() {
		return e.Mend("use the address it listens on, %s", local)
	}
	return e
}

func (s *Server) knows(r *http.Request) bool {
	host := strings.ToLower(r.Host)
	name, port := splitHost(host)
	if host == "" || s.hosts[host] || s.hosts[name] {
		return host != ""
	}
	local := localAddress(r)
	if !local.IsValid() || port != fmt.Sprint(local.Port()) {
		return false
	}
	if name == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && (ip.Unmap().IsLoopback() || ip.Unmap() == local.Addr().Unmap())
}

// splitHost gives name and port of a Host header; an address comes without its brackets.
func splitHost(host string) (name, port string) {
	if n, p, err := net.SplitHostPort(host); err == nil {
		return n, p
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), "80"
}

// localAddress is where the caller's connection ended: the listener's own port,
// whatever port it was asked for.
func localAddress(r *http.Request) netip.AddrPort {
	a, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return netip.AddrPort{}
	}
	local, _ := netip.ParseAddrPort(a.String())
	return local
}

// checkOrigin lets only pages of this very listener ask. A browser sends Origin
// with every request that could change something.
func (c *call) checkOrigin() error {
	origins := c.r.Header.Values("Origin")
	if len(origins) == 0 || len(origins) == 1 && c.sameOrigin(origins[0]) {
		return nil
	}
	return fault.New(fault.Forbidden, "origin_refused", "a page of %q may not use this listener", short(strings.Join(origins, ", "), 100)).
		Mend("call it from a program instead of from a page")
}

func (c *call) sameOrigin(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "https" && (u.Scheme != "http" || c.r.TLS != nil) {
		return false
	}
	// With a proxy that ends TLS before us the scheme differs, so only names and
	// ports are compared; default ports may be left out.
	bare := func(s string) string {
		return strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(s), ":443"), ":80")
	}
	return u.Host != "" && bare(u.Host) == bare(c.r.Host)
}

// checkSite holds off what other pages make a browser send without an Origin:
// pictures, scripts and frames that point here, and forms. Links to our page
// may be followed from anywhere.
func (c *call) checkSite() error {
	if c.endpoint.scope == anybody || c.endpoint.scope == visitor {
		return nil
	}
	switch site := c.r.Header.Get("Sec-Fetch-Site"); site {
	case "", "same-origin", "none":
	default:
		return fault.New(fault.Forbidden, "cross_site", "the request was made by a page of another site (Sec-Fetch-Site: %s)", short(site, 20)).
			Mend("call it from a program instead of from a page")
	}
	if c.r.Method != http.MethodPost {
		return nil
	}
	if kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return fault.New(fault.Unsupported, "unsupported_content_type", "%s takes Content-Type: application/json", c.endpoint.path).
			Mend("send that header, also without a body")
	}
	return nil
}

// authorise says whether the caller may have what the endpoint serves. Without
// keys that is anybody on this machine who came straight here.
func (c *call) authorise() error {
	if c.endpoint.scope == anybody {
		return nil
	}
	keys := c.server.cfg.State.Keys()
	if keys == nil {
		return c.checkPeer()
	}
	if c.endpoint.scope == visitor {
		return nil
	}
	return c.checkKey(keys)
}

func (c *call) checkKey(keys *access.Keyring) error {
	p, err := c.identify(keys)
	if err != nil {
		return err
	}
	c.principal = p
	return c.must(scopes[c.endpoint.scope])
}

// identify finds who asks: by the key in Authorization, or by the cookie of a
// browser's session.
func (c *call) identify(keys *access.Keyring) (*access.Principal, error) {
	now := c.server.cfg.Now()
	token, err := access.FromHeaders(c.r.Header.Get("Authorization"), "")
	if err == nil && token != "" {
		c.digest = access.Digest(token)
		return keys.Lookup(token, now)
	}
	if who, ok := c.sessionOf(); ok && err == nil {
		c.session = true
		if err := c.checkOwnPage(); err != nil {
			return nil, err
		}
		return keys.LookupDigest(who.digest, now)
	}
	return nil, fault.New(fault.Unauthorized, "missing_api_key", "this needs a key with the scope `%s`", c.endpoint.scope).
		Mend("send it as Authorization: Bearer KEY; a browser gets in by a link that POST /api/v1/links gives").With(err)
}

// must says whether the caller has a scope. Where no keys are declared it is
// somebody on this machine, who has all.
func (c *call) must(scope access.Scope) error {
	if c.principal == nil || c.principal.Can(scope) {
		return nil
	}
	return fault.New(fault.Forbidden, "scope_missing", "key %q does not have the scope `%s`", c.principal.Name, scope).
		Mend("use a key that has it, or add it to this key in the definitions")
}

// checkOwnPage holds changes by a browser's session to pages of this listener. A
// browser sends the cookie by itself, whoever made it ask; its Origin, or
// Sec-Fetch-Site, says that it was one of ours. A wrong Origin was refused before.
func (c *call) checkOwnPage() error {
	if c.r.Method == http.MethodGet || c.r.Method == http.MethodHead ||
		len(c.r.Header.Values("Origin")) == 1 || c.r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		return nil
	}
	return fault.New(fault.Forbidden, "origin_missing", "a change by a browser's session needs the header Origin, which browsers send").
		Mend("call it with a key instead, from a program")
}

// checkPeer stands in for a key where none are declared. A request that a proxy
// on this machine passes on is not from this machine.
func (c *call) checkPeer() error {
	peer, err := netip.ParseAddrPort(c.r.RemoteAddr)
	local := err == nil && peer.Addr().Unmap().IsLoopback()
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip"} {
		local = local && c.r.Header.Get(h) == ""
	}
	if local {
		return nil
	}
	return fault.New(fault.Unauthorized, "no_keys", "this Weir has no keys, so its admin listener serves callers on its own machine only").
		Mend("declare `keys` in the definitions and send one as Authorization: Bearer")
}

// short bounds a string of the caller's that is shown back.
func short(s string, n int) string {
	if len(s) > n {
		s = s[:n] + "…"
	}
	return strings.ToValidUTF8(s, "")
}
