// Package client speaks to the admin API of a running Weir: events and their
// stream, usage and money, what is in force and how it came to be, why a unit gets
// its variant, the changing of definitions, the looking after of the store. It is
// the one package of this module that other programs may import and rely on; its
// types are its own and change only by gaining fields.
//
// Texts of callers and models come as they are, control characters too: whoever
// prints them to a terminal takes those out first. Amounts named Micro are
// millionths of a US dollar.
//
// It is not for the models behind Weir: those are called with any OpenAI client.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client calls one Weir. It may be used by many goroutines.
type Client struct {
	base string
	sign func(http.Header) // adds the key; a function, so that printing a Client shows none
	http *http.Client
}

// Option changes a Client as it is made.
type Option func(*Client)

// WithKey sends a key of the definitions, with the scope `read` or, to change
// something, `operate` or `admin`. Weir without keys serves callers on its own machine only.
func WithKey(key string) Option {
	return func(c *Client) { c.sign = func(h http.Header) { h.Set("Authorization", "Bearer "+key) } }
}

// WithHTTPClient makes calls with h. Its Timeout should be zero: calls are bounded
// one by one, and Follow has no end.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// New makes a client of the admin listener at baseURL, such as
// http://127.0.0.1:8081. A URL that makes no sense is an error of the first call.
func New(baseURL string, options ...Option) *Client {
	c := &Client{base: strings.TrimRight(baseURL, "/"), sign: func(http.Header) {}}
	for _, o := range options {
		o(c)
	}
	if c.http == nil {
		// A redirect would carry the key to wherever it points.
		c.http = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return c
}

// Bounds of a call.
const (
	timeout      = 10 * time.Second // of one attempt
	reloadWithin = 2 * time.Minute
	longWithin   = 2 * time.Hour // what reads or writes all of the store
	attempts     = 3             // of a call that changes nothing
	maxAnswer    = 64 << 20
)

// get asks, and asks again where that may help: nothing is changed by asking.
func (c *Client) get(ctx context.Context, path string, query url.Values, into any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	for try := 1; ; try++ {
		err := c.once(ctx, http.MethodGet, path, nil, into, timeout)
		if err == nil || try == attempts || !worthRetrying(ctx, err) {
			return err
		}
		if sleep(ctx, pause(try, err)) != nil {
			return err
		}
	}
}

// post changes something, or may: it is sent once.
func (c *Client) post(ctx context.Context, path string, body, into any, within time.Duration) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode the body of %s: %w", path, err)
	}
	return c.once(ctx, http.MethodPost, path, data, into, within)
}

// once makes one attempt.
func (c *Client) once(ctx context.Context, method, path string, body []byte, into any, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	resp, err := c.send(ctx, method, path, body, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return &lost{fmt.Errorf("read the answer of %s %s: %w", method, path, err)}
	case len(data) > maxAnswer:
		return fmt.Errorf("read the answer of %s %s: it is over %d bytes", method, path, maxAnswer)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("decode the answer of %s %s: %w: is this the admin listener of Weir?", method, path, err)
	}
	return nil
}

// send makes a request; an answer other than 200 becomes an Error.
func (c *Client) send(ctx context.Context, method, path string, body []byte, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("call Weir: %w", err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	c.sign(req.Header)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, &lost{fmt.Errorf("call Weir: %w", err)}
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, errorOf(resp)
	}
	return resp, nil
}

// lost is a call that got no answer.
type lost struct{ err error }

func (l *lost) Error() string { return l.err.Error() }
func (l *lost) Unwrap() error { return l.err }

// worthRetrying reports whether the same call may fare better: no answer came,
// or one that says it is about this moment.
func worthRetrying(ctx context.Context, err error) bool {
	var e *Error
	var l *lost
	switch {
	case ctx.Err() != nil:
		return false
	case errors.As(err, &e):
		return e.Status == http.StatusTooManyRequests || e.Status == http.StatusBadGateway ||
			e.Status == http.StatusServiceUnavailable || e.Status == http.StatusGatewayTimeout
	}
	return errors.As(err, &l)
}

// maxPause bounds what a server may make us wait before another attempt.
const maxPause = 5 * time.Second

// pause is how long to wait before the next attempt: what the server asked for,
// else 100 ms, 300 ms, 900 ms, ..., each times 0.5 to 1.5.
func pause(try int, err error) time.Duration {
	var e *Error
	if errors.As(err, &e) && e.retryAfter > 0 {
		return min(e.retryAfter, maxPause)
	}
	d := 100 * time.Millisecond
	for range min(try, 6) - 1 {
		d *= 3
	}
	return min(time.Duration(float64(d)*(0.5+rand.Float64())), maxPause)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// retryAfter reads the header in its form of seconds.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(n) * time.Second
}
