package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/client"
)

// remote is where commands find a running Weir's admin listener.
type remote struct {
	admin string
	key   string // the name of a variable, never the key: it would show in the process list
	scope string // that the key needs; "": read
}

// Where a Weir on this machine listens, unless it was told otherwise.
const (
	usualGateway = "http://127.0.0.1:8080"
	usualAdmin   = "http://127.0.0.1:8081"
)

func (r *remote) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.admin, "admin", "", "`URL` of the running Weir's admin listener (default $WEIR_ADMIN, else "+usualAdmin+")")
	keyFlag(cmd, &r.key, "`env:NAME` of the variable that holds a key with scope "+cmp.Or(r.scope, "read"))
}

// keyFlag adds --key, which takes the name of a variable.
func keyFlag(cmd *cobra.Command, key *string, about string) {
	cmd.Flags().StringVar(key, "key", "env:WEIR_KEY", about)
}

// client reaches the admin API.
func (r *remote) client(a *app) (*client.Client, error) {
	base, err := a.baseURL("--admin", r.admin, "WEIR_ADMIN", usualAdmin)
	if err != nil {
		return nil, err
	}
	r.admin = base
	key, err := a.keyFrom(r.key)
	if err != nil {
		return nil, err
	}
	if key == "" {
		return client.New(base), nil
	}
	return client.New(base, client.WithKey(key)), nil
}

// mend says what to do about a call of the admin API that failed.
func (r *remote) mend(err error) error {
	var weir *client.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &weir):
		if weir.Status == http.StatusUnauthorized || weir.Status == http.StatusForbidden {
			return advise(err, "set %s to a key with scope %s, or name another variable with --key env:NAME", strings.TrimPrefix(r.key, "env:"), cmp.Or(r.scope, "read"))
		}
		if weir.Code == "revision_not_found" {
			return advise(err, "weir get revisions lists them")
		}
		return err
	case unreachable(err):
		return advise(fmt.Errorf("reach the admin listener at %s: %w", r.admin, cause(err)),
			"weir serve or weir demo starts one; --admin URL names another")
	}
	return err
}

// baseURL is the address of a listener: the flag's, else the variable's, else
// the usual one. It may lack the scheme and end in /v1.
func (a *app) baseURL(flag, s, variable, usual string) (string, error) {
	from := flag
	if s == "" {
		from = variable
		s, _ = a.env(variable)
	}
	if s == "" {
		return usual, nil
	}
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.Fragment != "":
		return "", usage(fmt.Errorf("the address in %s cannot be used: write http://HOST:PORT", from))
	case u.User != nil:
		return "", usage(fmt.Errorf("the address in %s holds a name or password, which others could see: a key goes into a variable, see --key", from))
	}
	return strings.TrimSuffix(strings.TrimSuffix(u.String(), "/"), "/v1"), nil
}

// keyFrom reads a key from where the flag says; "" when the default is not set.
func (a *app) keyFrom(ref string) (string, error) {
	name, ok := strings.CutPrefix(ref, "env:")
	if !ok {
		return "", advise(usage(errors.New("--key takes env:NAME, the name of a variable that holds the key: a key on the command line can be seen by others")),
			"export WEIR_KEY=..., which is read without --key; if a real key was typed, replace it: it is in the shell's history")
	}
	v, set := a.env(name)
	if !set && ref != "env:WEIR_KEY" {
		return "", usage(fmt.Errorf("--key env:%s: the variable is not set", plain(name)))
	}
	return strings.TrimSpace(v), nil
}

// headers are --header flags, NAME=VALUE. Credentials do not come this way: the
// command line can be seen by others.
type headers map[string]string

// Set reads one header.
func (h headers) Set(s string) error {
	name, value, ok := strings.Cut(s, "=")
	name = strings.TrimSpace(name)
	if !ok || name == "" || strings.ContainsAny(name, " \t\r\n:") || strings.ContainsAny(value, "\r\n") {
		return errors.New("write NAME=VALUE, as in x-user-group=staff")
	}
	switch strings.ToLower(name) {
	case "authorization", "x-api-key", "proxy-authorization", "cookie":
		return fmt.Errorf("%s is refused: the command line can be seen by others; a key goes into a variable, see --key", strings.ToLower(name))
	}
	h[name] = value
	return nil
}

// String is empty: headers may be many, and help texts show no default.
func (h headers) String() string { return "" }

// Type names the value in help texts.
func (h headers) Type() string { return "NAME=VALUE" }

// addTo sets the headers of a request.
func (h headers) addTo(to http.Header) {
	for name, value := range h {
		to.Set(name, value)
	}
}

// newHTTPClient makes calls of the data listener. It follows no redirect, which
// would carry the key to wherever it points. Without a limit an answer may take
// as long as it likes.
func newHTTPClient(connections int, limit time.Duration) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = connections
	return &http.Client{Transport: t, Timeout: limit, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// unreachable reports whether no connection came about.
func unreachable(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial" || errors.Is(err, syscall.ECONNREFUSED)
}

// cause is the innermost error: of the layers of "Get: dial tcp: connect: refused"
// only the last says something that the caller did not know.
func cause(err error) error {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return os.ErrDeadlineExceeded
	}
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
