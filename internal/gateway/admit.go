package gateway

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
)

// heads pools the lists of members that a scan fills.
var heads = sync.Pool{New: func() any { return new([]chat.Span) }}

// admit says who calls and reads what was asked. The caller is known before a
// byte of the body is read.
func (g *Gateway) admit(x *Exchange) error {
	if x.state == nil {
		return fault.New(fault.Unavailable, "starting", "Weir has no definitions in force yet").Mend("try again in a moment")
	}
	p, err := g.principal(x.state, x.r)
	if err != nil {
		return err
	}
	if !p.Can(access.Call) {
		return fault.New(fault.Forbidden, "scope_missing", "key %q does not have the scope `call`", p.Name)
	}
	x.Principal = p
	if err := x.tagged(); err != nil {
		return err
	}
	if err := g.read(x); err != nil {
		return err
	}
	return g.parse(x)
}

// principal finds who calls. Without keys it must be somebody on this machine,
// who meant this listener: a page from elsewhere, or a name that was made to
// resolve here, is refused.
func (g *Gateway) principal(st *state, r *http.Request) (*access.Principal, error) {
	if keys := st.snapshot.Keys; keys != nil {
		token, err := access.FromHeaders(headerOf(r, "Authorization"), headerOf(r, "X-Api-Key"))
		if err != nil {
			return nil, err
		}
		return keys.Lookup(token, time.Now())
	}
	away := fromAway(r)
	if g.cfg.Insecure {
		if away {
			return access.Stranger(), nil
		}
		return access.Anonymous(), nil
	}
	if away {
		return nil, fault.New(fault.Unauthorized, "no_keys", "this gateway has no keys, so it serves callers on its own machine only").
			Mend("declare `keys`, or start it with --insecure")
	}
	if !loopback(r.Host) {
		return nil, fault.New(fault.Forbidden, "host_refused", "the Host header %q does not name this machine", short(r.Host, 100)).
			Mend("use http://127.0.0.1, or declare `keys`")
	}
	if o := headerOf(r, "Origin"); o != "" {
		if u, err := url.Parse(o); err != nil || !loopback(u.Host) {
			return nil, fault.New(fault.Forbidden, "origin_refused", "a page of %s may not call this gateway without a key", short(o, 100)).
				Mend("declare `keys` and send one")
		}
	}
	return access.Anonymous(), nil
}

// forwarding are the headers by which a proxy says that it speaks for somebody
// else, who is not on this machine because the proxy is.
var forwarding = []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip"}

// fromAway reports whether the caller is, or speaks for somebody, elsewhere.
func fromAway(r *http.Request) bool {
	for _, name := range forwarding {
		if headerOf(r, name) != "" {
			return true
		}
	}
	return !loopback(r.RemoteAddr)
}

// loopback reports whether a host, with or without port, is this machine.
func loopback(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

// read reads the body, bounded in size and time.
func (g *Gateway) read(x *Exchange) error {
	r := x.r
	if e := headerOf(r, "Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return fault.New(fault.Unsupported, "unsupported_encoding", "a body with Content-Encoding %q cannot be read", short(e, 40)).Mend("send it plain")
	}
	if strings.HasPrefix(headerOf(r, "Content-Type"), "multipart/") {
		return fault.New(fault.Unsupported, "unsupported_content_type", "%s takes JSON, not multipart", x.path.name).Mend("send Content-Type: application/json")
	}
	x.body = getBuffer()
	err := x.body.readFrom(r.Body, r.ContentLength, g.cfg.BodyLimit)
	switch {
	case err == nil:
		x.received = time.Now()
		_ = http.NewResponseController(x.w).SetReadDeadline(time.Time{})
		return nil
	case errors.Is(err, errBodyTooLarge):
		leaveUnread(x.w, x.r)
		return fault.New(fault.TooLarge, "body_too_large", "the body is over %d bytes", g.cfg.BodyLimit).
			Mend("send less, or raise listen.body_limit")
	case errors.Is(err, os.ErrDeadlineExceeded):
		leaveUnread(x.w, x.r)
		e := fault.New(fault.Timeout, "body_timeout", "the body did not arrive within %s", g.cfg.BodyTimeout)
		e.Status = http.StatusRequestTimeout
		x.settle(event.Invalid, e) // net/http ends the context with the deadline: it looks as if the client had left
		return e
	case malformed(r, err):
		leaveUnread(x.w, x.r)
		e := fault.New(fault.Invalid, "invalid_chunking", "the body's chunks are malformed").With(err)
		x.settle(event.Invalid, e)
		return e
	default:
		e := fault.New(fault.Cancelled, "client_closed_request", "the body broke off").With(err)
		x.settle(event.Cancelled, e)
		return e
	}
}

// malformed tells a body that came, but not in the chunks that were promised,
// from one that broke off with its connection.
func malformed(r *http.Request, err error) bool {
	var lost net.Error
	return len(r.TransferEncoding) > 0 && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.As(err, &lost) && r.Context().Err() == nil
}

// parse scans the body once; nothing is decoded that is not read.
func (g *Gateway) parse(x *Exchange) error {
	members := heads.Get().(*[]chat.Span)
	head := chat.Head{Members: (*members)[:0]}
	raw := x.body.b
	if err := openai.Scan(raw, x.path.op, &head); err != nil {
		return err
	}
	if x.state.snapshot.Environment {
		var err error
		if raw, err = fromSeed(x.path.op, raw, &head); err != nil {
			return err
		}
	}
	if err := openai.Check(x.path.op, &head); err != nil {
		return err
	}
	x.Stream = head.Stream
	x.Request = chat.NewRequest(x.path.op, openai.Codec{}, raw, head)
	x.members = members
	return nil
}

// fromSeed reads the bodies of the seed's router beside OpenAI's: their user is
// the unit, and every request is for the one route.
func fromSeed(op chat.Op, raw []byte, head *chat.Head) ([]byte, error) {
	out, user, changed, err := openai.FromSeed(raw, head)
	if err != nil {
		return nil, err
	}
	if changed {
		*head = chat.Head{Members: head.Members[:0]}
		if err := openai.Scan(out, op, head); err != nil {
			return nil, err
		}
	}
	if user != "" {
		head.User = user
	}
	head.Model = environmentRoute
	return out, nil
}

// environmentRoute is the one route of environment mode: every request is for it.
const environmentRoute = "default"
