package upstream

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
)

// Endpoint is one address that answers for a model: a replica. Its counters are
// kept by whoever makes the attempts, through Begin and End.
type Endpoint struct {
	// URL is the base URL without credentials: fit to be shown, logged and kept.
	URL string

	address  string // as defined
	inFlight atomic.Int64
	failures atomic.Int64
}

// NewEndpoint makes one from a base URL as defined.
func NewEndpoint(address string) *Endpoint {
	address = strings.TrimRight(address, "/")
	return &Endpoint{URL: Redact(address), address: address}
}

// Address is the base URL as defined, credentials included: for the driver that
// calls it, and nobody else.
func (e *Endpoint) Address() string { return e.address }

// String is the URL, so that printing an endpoint gives no secret away.
func (e *Endpoint) String() string { return e.URL }

// Begin counts an attempt that starts here.
func (e *Endpoint) Begin() { e.inFlight.Add(1) }

// End counts the end of an attempt, and whether the endpoint was at fault.
func (e *Endpoint) End(failed bool) {
	e.inFlight.Add(-1)
	if failed {
		e.failures.Add(1)
		return
	}
	if e.failures.Load() != 0 { // no write to a shared line while all is well
		e.failures.Store(0)
	}
}

// InFlight is the number of attempts under way.
func (e *Endpoint) InFlight() int64 { return e.inFlight.Load() }

// Failures is the number of failed attempts since the last that succeeded.
func (e *Endpoint) Failures() int64 { return e.failures.Load() }

// ParseEndpoint reads a base URL as defined. Its errors never quote a password
// or a query.
func ParseEndpoint(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, fmt.Errorf("endpoint %q: %w", Redact(address), unquoted(err))
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("endpoint %q: must begin with http:// or https://", Redact(address))
	case u.Hostname() == "":
		return nil, fmt.Errorf("endpoint %q: has no host", Redact(address))
	case u.Fragment != "":
		return nil, fmt.Errorf("endpoint %q: a base URL has no #fragment", Redact(address))
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	return u, nil
}

// Redact takes out of a URL what may be secret: user, password, query, fragment.
func Redact(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(unreadable URL)"
	}
	if u.Opaque != "" { // "localhost:8000", and "user:secret@host" too, parse as a scheme and a rest
		if strings.ContainsAny(address, "@?#") {
			return u.Scheme + ":..."
		}
		return address
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	return u.String()
}

// unquoted drops the URL that net/url puts into its errors. What it says of the
// part at fault may quote it too, so only the general words are kept.
func unquoted(err error) error {
	var e *url.Error
	if errors.As(err, &e) && strings.Contains(e.Err.Error(), "port") {
		return errors.New("the port is not a number")
	}
	return errors.New("is not a URL")
}
