package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
)

// call is one request of this listener on its way to an answer.
type call struct {
	server    *Server
	w         http.ResponseWriter
	r         *http.Request
	endpoint  *endpoint         // nil until it is found
	tail      string            // what stood for the {name} of the endpoint's path
	principal *access.Principal // nil: no keys are declared
	digest    string            // of the key that came with the request; "" with a session
	session   bool              // a browser's session stands for the key
	requestID string
	begun     bool // the answer has
}

// maxBody bounds a request's body, in bytes.
const maxBody = 1 << 20

// clocks bound the parts of a request.
type clocks struct {
	read   time.Duration // the request's body
	write  time.Duration // the answer, once it is made
	reload time.Duration // one reload: no model is waited for
	ping   time.Duration // between comments on an idle stream, for idle proxies
	stream time.Duration // one write on a stream: a reader that takes nothing for so long is cut off
	store  time.Duration // one look into the store: a hung engine must not hang a screen
	long   time.Duration // what reads or writes all of the store
}

var usualClocks = clocks{read: 10 * time.Second, write: 30 * time.Second, reload: time.Minute, ping: 15 * time.Second, stream: 10 * time.Second,
	store: 8 * time.Second, long: time.Hour}

// Handler serves the listener. The http.Server around it should bound the time
// and the size of request headers.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.handle) }

func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	c := &call{server: s, w: w, r: r, requestID: event.NewID(s.cfg.Now())}
	c.setHeaders()
	defer c.recover()
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Now().Add(s.clocks.read))
	_ = rc.SetWriteDeadline(time.Now().Add(s.clocks.read + s.clocks.write))
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := c.serve(); err != nil && !c.begun {
		c.fail(err)
	}
}

// serve takes one request through the listener: is it meant for us, what does
// it want, may it, and then the answer.
func (c *call) serve() error {
	if err := c.checkHost(); err != nil {
		return err
	}
	if err := c.checkOrigin(); err != nil {
		return err
	}
	if err := c.find(); err != nil {
		return err
	}
	if err := c.checkSite(); err != nil {
		return err
	}
	if err := c.authorise(); err != nil {
		return err
	}
	if err := c.checkQuery(); err != nil {
		return err
	}
	return c.endpoint.handler.serve(c)
}

// setHeaders sets what every answer has, errors too. There is never a CORS
// header: no page but our own may read what is served here.
func (c *call) setHeaders() {
	h := c.w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Weir-Request-Id", c.requestID)
	if id := c.r.Header.Get("X-Request-Id"); id != "" && len(id) <= maxClientID {
		h.Set("X-Request-Id", id)
	}
}

// maxClientID bounds the caller's own request id that is echoed.
const maxClientID = 200

// recover turns a panic into an answer, or ends one that had begun.
func (c *call) recover() {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(v)
	}
	c.server.cfg.Log.Error("admin request panicked", "request_id", c.requestID, "operation", c.operation(), "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	if c.begun {
		panic(http.ErrAbortHandler)
	}
	c.fail(errors.New("panic"))
}

// operation names the request in logs: never by its path or query, which are
// the caller's text and may hold a secret.
func (c *call) operation() string {
	if c.endpoint == nil {
		return ""
	}
	return c.endpoint.id
}

// write sends a whole answer.
func (c *call) write(status int, contentType string, body []byte) {
	c.begun = true
	h := c.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.w.WriteHeader(status)
	_, _ = c.w.Write(body) // the reader left: nobody to tell
}

// writeJSON sends v. encoding/json escapes <, > and &, so that even a browser
// that took it for a page would see text.
func (c *call) writeJSON(v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the answer of %s: %w", c.operation(), err)
	}
	c.write(http.StatusOK, "application/json", append(escapeControls(body), '\n'))
	return nil
}

// decode reads the request's JSON body into v; without a body v stays as it is.
func (c *call) decode(v any) error {
	d := json.NewDecoder(c.r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if errors.Is(err, io.EOF) {
		return nil // no body
	}
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more after the first JSON value")
		}
	}
	return c.bodyError(err)
}

func (c *call) bodyError(err error) error {
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &large):
		return fault.New(fault.TooLarge, "body_too_large", "the body is over %d bytes", large.Limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		e := fault.New(fault.Timeout, "body_timeout", "the body did not arrive within %s", c.server.clocks.read)
		e.Status = http.StatusRequestTimeout
		return e
	}
	return fault.New(fault.Invalid, "invalid_body", "the body is not what %s takes: %v", c.endpoint.path, err).
		Mend("GET /openapi.json describes it")
}
