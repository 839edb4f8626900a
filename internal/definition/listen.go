package definition

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// ListenSpec is the section `listen`.
type ListenSpec struct {
	Data           string    `json:"data,omitzero" form:"HOST:PORT" default:"127.0.0.1:8080" doc:"Address for applications: /v1/chat/completions and the rest. Port 0 picks a free one."`
	Admin          string    `json:"admin,omitzero" form:"HOST:PORT" default:"127.0.0.1:8081" doc:"Address for people and commands."`
	Telemetry      string    `json:"telemetry,omitzero" form:"HOST:PORT" default:"127.0.0.1:8082" doc:"Address for /metrics, /healthz and /readyz. It asks for no token and shows names, never content."`
	TLS            *TLSSpec  `json:"tls,omitzero" doc:"Certificate for all three listeners. Beyond loopback it is required, unless insecure is set."`
	Insecure       bool      `json:"insecure,omitzero" doc:"Allow addresses beyond loopback without TLS and without keys. For a network you trust, or behind a proxy that adds both."`
	Secret         Reference `json:"secret,omitzero" doc:"Seals cookies and conversation pins, and hashes users in records: at least 32 bytes, the same on every replica. Left out: made at the first start and kept in store.dir."`
	PreviousSecret Reference `json:"previous_secret,omitzero" doc:"The secret before the last change. Its signatures are still accepted, so a change loses no session."`
	SessionTTL     Duration  `json:"session_ttl,omitzero" default:"1h" doc:"How long the cookie llm-session lives, counted from when it was set."`
	Drain          Duration  `json:"drain,omitzero" default:"5m" doc:"How long answers in progress may take to finish after a stop was asked for."`
	BodyLimit      Size      `json:"body_limit,omitzero" default:"32MiB" doc:"The largest request body."`
	HeaderTimeout  Duration  `json:"header_timeout,omitzero" default:"10s" doc:"How long a client may take to send the headers of a request."`
	BodyTimeout    Duration  `json:"body_timeout,omitzero" default:"1m" doc:"How long a client may take to send the body of a request."`
	IdleTimeout    Duration  `json:"idle_timeout,omitzero" default:"2m" doc:"How long a connection without a request is kept."`
}

// TLSSpec names the two files of a certificate.
type TLSSpec struct {
	Cert Reference `json:"cert,omitzero" needed:"yes" doc:"The certificate chain, PEM, as file:PATH."`
	Key  Reference `json:"key,omitzero" needed:"yes" doc:"Its private key, PEM, as file:PATH."`
}

// Listen is the section compiled.
type Listen struct {
	Data, Admin, Telemetry                  string
	TLS                                     *TLS
	Insecure                                bool
	Secret, PreviousSecret                  Reference
	SessionTTL                              time.Duration
	Drain                                   time.Duration
	BodyLimit                               int64
	HeaderTimeout, BodyTimeout, IdleTimeout time.Duration
	MetricsOnData                           bool // /metrics on the data listener too
}

// TLS is a certificate by its two files.
type TLS struct{ Cert, Key Reference }

func (c *compiler) listen() Listen {
	s := &c.doc.Listen
	l := Listen{
		Data: s.Data, Admin: s.Admin, Telemetry: s.Telemetry,
		Insecure: s.Insecure || c.options.Insecure,
		Secret:   s.Secret, PreviousSecret: s.PreviousSecret,
		SessionTTL: time.Duration(s.SessionTTL), Drain: time.Duration(s.Drain), BodyLimit: int64(s.BodyLimit),
		HeaderTimeout: time.Duration(s.HeaderTimeout), BodyTimeout: time.Duration(s.BodyTimeout),
		IdleTimeout: time.Duration(s.IdleTimeout), MetricsOnData: c.doc.Environment,
	}
	if s.TLS != nil {
		l.TLS = &TLS{s.TLS.Cert, s.TLS.Key}
		c.file(s.TLS.Cert, "listen", "tls", "cert")
		c.file(s.TLS.Key, "listen", "tls", "key")
	}
	if s.Secret.IsZero() && !s.PreviousSecret.IsZero() {
		c.fail(path("listen", "previous_secret"), "give the new one as secret", "there is no secret that it could be previous to")
	}
	if !s.Secret.IsZero() && s.Secret == s.PreviousSecret {
		c.fail(path("listen", "previous_secret"), "leave it out, or name the one before", "is the same as secret")
	}
	c.addresses(l)
	return l
}

func (c *compiler) file(r Reference, at ...string) {
	if r.Variable() != "" {
		c.fail(at, "write file:PATH", "must be a file, not a variable")
	}
}

// addresses checks each listener, and that none is open by oversight: a gateway
// that answers anyone spends somebody's money.
func (c *compiler) addresses(l Listen) {
	seen := map[string]string{}
	for _, a := range []struct{ name, address string }{{"data", l.Data}, {"admin", l.Admin}, {"telemetry", l.Telemetry}} {
		at := path("listen", a.name)
		host, port, ok := splitAddress(a.address)
		if !ok {
			c.fail(at, "write HOST:PORT, as in 127.0.0.1:8080", "%q is no address", a.address)
			continue
		}
		if other := seen[a.address]; other != "" && port != 0 {
			c.fail(at, "give each listener a port of its own", "%s is the address of %s already", a.address, other)
		}
		seen[a.address] = a.name
		if !loopback(host) && !l.Insecure {
			c.exposed(at, a.name, a.address, l.TLS != nil)
		}
	}
}

// exposed refuses an address beyond loopback that is not protected.
func (c *compiler) exposed(at []string, name, address string, encrypted bool) {
	if !encrypted {
		c.fail(at, "add listen.tls, or set listen.insecure: true (or --insecure) if the network is trusted",
			"%s can be reached from other machines, without TLS", address)
	}
	wanted := map[string]string{"data": "call", "admin": "read operate admin"}[name]
	if wanted != "" && !c.anyKeyFor(strings.Fields(wanted)) {
		c.fail(at, fmt.Sprintf("add a key with scope %s (weir key create prints one), or set listen.insecure: true (or --insecure) if the network is trusted",
			strings.ReplaceAll(wanted, " ", ", ")),
			"%s can be reached from other machines, and no key guards it", address)
	}
}

func (c *compiler) anyKeyFor(scopes []string) bool {
	for _, k := range c.doc.Keys {
		for _, have := range k.Scopes {
			for _, want := range scopes {
				if have == want {
					return true
				}
			}
		}
	}
	return false
}

func splitAddress(address string) (host string, port int, ok bool) {
	i := strings.LastIndexByte(address, ':')
	if i < 0 {
		return "", 0, false
	}
	n, err := strconv.ParseUint(address[i+1:], 10, 16)
	host = address[:i]
	if inner, found := strings.CutPrefix(host, "["); found {
		host, found = strings.CutSuffix(inner, "]")
		if _, err := netip.ParseAddr(host); err != nil || !found {
			return "", 0, false
		}
	} else if strings.ContainsAny(host, ":/ @") {
		return "", 0, false
	}
	return host, int(n), err == nil
}

// loopback reports whether only this machine can reach the host. A name other
// than localhost may resolve to anything.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
