package openai

import (
	"context"
	"errors"
	"net"
	"net/textproto"
	"strings"

	"github.com/weirhq/weir/internal/upstream"
)

// failure classes an error that came before an answer's header. A call that was
// given up is not the endpoint's failure.
func (d *Driver) failure(ctx context.Context, t *target, err error) error {
	if ctx.Err() != nil {
		return upstream.Ended(ctx)
	}
	return d.failed(t, classOf(err), err)
}

func (d *Driver) failed(t *target, class upstream.Class, err error) error {
	return &upstream.Error{Class: class, Endpoint: t.name, Err: d.scrub(err)}
}

// classOf reads from an error of the wire or the transport how far the attempt came.
func classOf(err error) upstream.Class {
	var none *connectError
	var op *net.OpError
	switch {
	case errors.As(err, &none):
		return upstream.Connect
	case errors.As(err, &op) && (op.Op == "write" || op.Op == "writev"):
		return upstream.Send
	case garbled(err):
		return upstream.Protocol
	}
	return upstream.Header
}

// garbled tells an answer that is not HTTP, or is more header than anybody
// needs. net/http has no types for most of these; a test holds the words.
func garbled(err error) bool {
	var p textproto.ProtocolError
	if errors.As(err, &p) {
		return true
	}
	s := err.Error()
	for _, words := range []string{"malformed HTTP", "headers exceeded", "header list too large", "transfer encoding", "Transfer-Encoding",
		"Content-Length", "informational responses"} {
		if strings.Contains(s, words) {
			return true
		}
	}
	return false
}

// closedWhileIdle tells that the server had closed the connection before the
// request was put to it: net/http found the end of the stream before it began
// to wait for this answer. So the server has not seen the request, and sending
// it again sends it once. (An end that comes later is another error: the server
// may have read the request, and whether to repeat it is the gateway's to
// decide and to count.) The error has no exported value; a test holds the words.
func closedWhileIdle(err error) bool {
	return err.Error() == "http: server closed idle connection"
}

// scrub keeps secrets out of an error's text. The transport puts none there,
// but it quotes what servers send, and a server may send back what it was sent.
func (d *Driver) scrub(err error) error {
	s := err.Error()
	if clean := d.clean(s); clean != s {
		return errors.New(clean)
	}
	return err
}

func (d *Driver) clean(s string) string {
	for _, secret := range d.secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "[secret]")
		}
	}
	return s
}
