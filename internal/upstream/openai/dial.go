package openai

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/weirhq/weir/internal/offlimits"
)

// How long a connection may wait for its next request. Servers behind uvicorn
// (vLLM, SGLang) and llama.cpp's close theirs after five seconds, and a request
// that meets the close on its way fails; so plain connections, which cost next
// to nothing to make, are given up before. Hosted vendors keep theirs a minute
// and more.
const (
	idleLocal  = 4 * time.Second
	idleHosted = 55 * time.Second
)

// maxStale bounds how often a request moves on from a connection that the other
// side had closed.
const maxStale = 4

// newTransport makes the transport of one model, for TLS and HTTP/2 and for the
// rare plain endpoint that a wire cannot serve. Its buffers are small because
// hundreds of streams hold one each.
func newTransport(d *dialer, local bool) *http.Transport {
	idle := idleHosted
	if local {
		idle = idleLocal
	}
	return &http.Transport{
		Proxy:                  nil, // not from the environment: the address in the definition is the one called
		DialContext:            d.plain,
		DialTLSContext:         d.secure,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdle,
		IdleConnTimeout:        idle,
		MaxResponseHeaderBytes: maxHeaderBytes,
		ReadBufferSize:         4 << 10,
		WriteBufferSize:        8 << 10, // a small body and its header in one write
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerStream: 1 << 20, // a slow reader holds back its model, not our memory
			SendPingTimeout:           20 * time.Second,
			PingTimeout:               10 * time.Second,
		},
	}
}

// dialer makes connections under one clock: resolving, connecting and TLS
// together. Its errors say that there was no connection, which nothing else in
// an error of net/http does for sure.
type dialer struct {
	clock time.Duration
	tls   *tls.Config
}

func newDialer(connect time.Duration) *dialer {
	return &dialer{clock: connect, tls: &tls.Config{
		MinVersion:         tls.VersionTLS12,
		NextProtos:         []string{"h2", "http/1.1"},
		ClientSessionCache: tls.NewLRUClientSessionCache(64),
	}}
}

// connectError is a failure to get a usable connection.
type connectError struct{ err error }

func (e *connectError) Error() string { return e.err.Error() }
func (e *connectError) Unwrap() error { return e.err }

func (d *dialer) plain(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.clock)
	defer cancel()
	c, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, &connectError{d.explain(ctx, "connecting", err)}
	}
	return c, nil
}

func (d *dialer) secure(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.clock)
	defer cancel()
	c, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, &connectError{d.explain(ctx, "connecting", err)}
	}
	cfg := d.tls.Clone()
	cfg.ServerName, _, _ = net.SplitHostPort(address)
	t := tls.Client(c, cfg)
	if err := t.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return nil, &connectError{d.explain(ctx, "TLS handshake", err)}
	}
	return t, nil
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	nd := net.Dialer{ControlContext: refuseMetadata}
	return nd.DialContext(ctx, network, address)
}

// explain says what was being done, and that it was the clock when it was.
func (d *dialer) explain(ctx context.Context, doing string, err error) error {
	if ctx.Err() == context.DeadlineExceeded {
		return fmt.Errorf("%s: not done within %v", doing, d.clock)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// refuseMetadata looks at the address that is about to be called, after names
// are resolved, so that no name can hide it.
func refuseMetadata(_ context.Context, _, address string, _ syscall.RawConn) error {
	return offlimits.Refuse(address)
}
