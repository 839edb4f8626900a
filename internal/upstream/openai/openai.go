// Package openai is the driver for everything that speaks OpenAI's format:
// hosted vendors, vLLM, SGLang, Ollama and the rest of vendors.json. It sends a
// request as it came, with the model and a few parameters spliced in, and hands
// the answer back as frames. Plain endpoints are spoken to over a wire of its
// own, those with TLS over net/http's transport.
//
// It makes one attempt a call. Which endpoint, how often and how long is the
// gateway's business: clocks other than the connection's arrive as a context.
// It never follows a redirect, uses no proxy, and sends no credential but the
// model's own.
package openai

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/upstream"
)

// Limits where a definition names none.
const (
	maxAnswer      = 64 << 20 // bytes of a whole answer, unpacked
	maxErrorBody   = 1 << 20  // bytes kept of an error's body
	maxList        = 4 << 20  // bytes of a list of models
	maxHeaderBytes = 64 << 10 // of an answer's header, informational ones included
)

// Driver speaks to the endpoints of one model.
type Driver struct {
	model     upstream.Model
	targets   map[string]*target // by the endpoint's address
	transport *http.Transport
	quoted    atomic.Pointer[quotedID]
	secrets   []string // what may never be seen in an error
	closed    atomic.Bool
}

var (
	_ upstream.Driver = (*Driver)(nil)
	_ upstream.Chat   = (*Driver)(nil)
	_ upstream.Embed  = (*Driver)(nil)
	_ upstream.Lister = (*Driver)(nil)
)

// New prepares a driver. It checks addresses, headers and the key, and opens no
// connection. A model whose key could not be resolved gets a driver too: it
// refuses its calls, and the other models serve. Errors do not name the model:
// who makes it does.
func New(m upstream.Model) (*Driver, error) {
	m.Clocks = m.Clocks.WithDefaults()
	if m.MaxAnswer <= 0 {
		m.MaxAnswer = maxAnswer
	}
	d := &Driver{model: m, targets: map[string]*target{}}
	fields, err := prepareHeader(&m)
	if err != nil {
		return nil, err
	}
	if len(m.Endpoints) == 0 && m.Vendor.BaseURL == "" {
		return nil, fmt.Errorf("vendor %q has no default endpoint: set `endpoints:`", m.Vendor.Name)
	}
	local := false
	dial := newDialer(m.Clocks.Connect)
	for _, address := range m.Bases() {
		e := upstream.NewEndpoint(address)
		t, err := newTarget(&m, e, fields, dial)
		if err != nil {
			return nil, err
		}
		d.targets[e.Address()] = t
		d.secrets = append(d.secrets, t.secrets...)
		local = local || t.wire == nil && t.chat.URL.Scheme == "http"
	}
	d.secrets = append(d.secrets, secretsOf(&m)...)
	d.transport = newTransport(dial, local)
	return d, nil
}

// Close gives idle connections up. Answers under way end in peace, and their
// connections close after them.
func (d *Driver) Close() {
	d.closed.Store(true)
	d.transport.CloseIdleConnections()
	for _, t := range d.targets {
		if t.wire != nil {
			t.wire.close()
		}
	}
}

// Chat makes one attempt.
func (d *Driver) Chat(ctx context.Context, c *upstream.Call) (*upstream.Reply, error) {
	return d.call(ctx, c, c.Stream)
}

// Embed makes one attempt.
func (d *Driver) Embed(ctx context.Context, c *upstream.Call) (*upstream.Reply, error) {
	return d.call(ctx, c, false)
}

func (d *Driver) call(ctx context.Context, c *upstream.Call, stream bool) (*upstream.Reply, error) {
	t, err := d.target(c.Endpoint)
	if err != nil {
		return nil, err
	}
	out, err := d.outgoing(c, stream)
	if err != nil {
		return nil, fmt.Errorf("model %q: preparing the request: %w", d.model.Name, err)
	}
	res, err := d.send(ctx, t, c, stream, out)
	if err != nil {
		return nil, d.failure(ctx, t, err)
	}
	return d.reply(ctx, t, res, stream, int(c.Request.Head.N))
}

// target finds what was prepared for an endpoint. Only addresses of the model's
// definition are ever called.
func (d *Driver) target(e *upstream.Endpoint) (*target, error) {
	if err := d.model.Ready(); err != nil {
		return nil, err
	}
	if t := d.targets[e.Address()]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("model %q: endpoint %s is not one of its own", d.model.Name, e)
}

// send asks over the endpoint's wire, or over the transport.
func (d *Driver) send(ctx context.Context, t *target, c *upstream.Call, stream bool, out *outgoing) (*http.Response, error) {
	defer out.release()
	p := t.chat
	if c.Request.Op == chat.OpEmbed {
		p = t.embed
	}
	if t.wire == nil {
		return d.transported(ctx, p.Request, t.header(c, stream), out)
	}
	if err := out.address(t, p, c, stream); err != nil {
		return nil, err
	}
	return t.wire.ask(ctx, out, c.Attempt > 1)
}

// transported asks, and asks again when the connection it was given turns out to
// have been closed by the other side before the question was put.
func (d *Driver) transported(ctx context.Context, call *http.Request, h http.Header, out *outgoing) (*http.Response, error) {
	for again := 0; ; again++ {
		req := call.WithContext(ctx)
		req.Header = h
		req.ContentLength = int64(len(out.data))
		// GetBody lets the transport take another connection when not a byte was
		// written; of a POST it never repeats more than that.
		req.GetBody = out.reopen
		if len(out.data) <= smallBody {
			req.GetBody = out.copied()
		}
		req.Body, _ = req.GetBody()
		res, err := d.transport.RoundTrip(req)
		if err == nil || again == maxStale || !closedWhileIdle(err) || ctx.Err() != nil {
			return res, err
		}
	}
}
