package definition

import (
	"net/url"
	"slices"
	"time"
)

// TelemetrySpec is the section `telemetry`.
type TelemetrySpec struct {
	OTLP    *OTLPSpec   `json:"otlp,omitzero" doc:"Send traces and metrics to an OpenTelemetry collector, over HTTP. Left out: nothing is sent anywhere."`
	Servers ServersSpec `json:"servers,omitzero" doc:"How model servers' own metrics are read. Which ones: metrics of each model."`
}

// OTLPSpec says where OpenTelemetry goes.
type OTLPSpec struct {
	Endpoint string           `json:"endpoint,omitzero" form:"URL" needed:"yes" doc:"Base URL of the collector; /v1/traces and /v1/metrics are added." example:"http://127.0.0.1:4318"`
	Traces   *bool            `json:"traces,omitzero" default:"true" doc:"Send a trace of each request. It holds names and numbers, never what was said."`
	Metrics  *bool            `json:"metrics,omitzero" default:"true" doc:"Send metrics."`
	Interval Duration         `json:"interval,omitzero" default:"30s" doc:"How often metrics are sent."`
	Headers  map[string]Value `json:"headers,omitempty" name:"HEADER" doc:"Headers to send along. Credentials are given by reference."`
}

// ServersSpec says how model servers are read.
type ServersSpec struct {
	Interval Duration `json:"interval,omitzero" default:"15s" doc:"How often they are read."`
	DCGM     []string `json:"dcgm,omitempty" form:"list of URLs" doc:"Addresses of NVIDIA's dcgm-exporter, for GPU memory and use." example:"[http://gpu-0:9400/metrics]"`
}

// TelemetryOut is the section compiled, with what the models say of their servers.
type TelemetryOut struct {
	OTLP    *OTLP // nil: nothing is sent
	Servers Servers
}

// OTLP is where OpenTelemetry goes.
type OTLP struct {
	Endpoint        string // without a slash at its end
	Traces, Metrics bool
	Interval        time.Duration
	Header          map[string]string    // those given openly
	SecretHeader    map[string]Reference // those given by reference
}

// Servers is which servers' metrics are read.
type Servers struct {
	Interval time.Duration
	Models   []ModelServers // those that name any, by model
	DCGM     []string
}

// ModelServers are the metrics of the servers of one model.
type ModelServers struct {
	Model string
	URLs  []string
}

// shortestInterval keeps readers and senders from becoming a load of their own.
const shortestInterval = time.Second

func (c *compiler) telemetry() TelemetryOut {
	s := &c.doc.Telemetry
	out := TelemetryOut{OTLP: c.otlp(path("telemetry", "otlp"), s.OTLP)}
	out.Servers.Interval = c.interval(path("telemetry", "servers", "interval"), s.Servers.Interval)
	out.Servers.DCGM = c.addressList(path("telemetry", "servers", "dcgm"), s.Servers.DCGM)
	for _, name := range names(c.doc.Models) {
		if !c.doc.whole("models", name) {
			continue
		}
		if urls := c.addressList(path("models", name, "metrics"), c.doc.Models[name].Metrics); len(urls) > 0 {
			out.Servers.Models = append(out.Servers.Models, ModelServers{name, urls})
		}
	}
	return out
}

func (c *compiler) otlp(at []string, s *OTLPSpec) *OTLP {
	if s == nil {
		return nil
	}
	o := &OTLP{Traces: *s.Traces, Metrics: *s.Metrics, Interval: c.interval(with(at, "interval"), s.Interval)}
	o.Endpoint, _ = c.address(with(at, "endpoint"), s.Endpoint)
	o.Header, o.SecretHeader = c.headers(at, s.Headers)
	if !o.Traces && !o.Metrics {
		c.warn(at, "remove it, or let it send traces or metrics", "sends nothing: traces and metrics are both false")
	}
	return o
}

func (c *compiler) interval(at []string, d Duration) time.Duration {
	if time.Duration(d) < shortestInterval {
		c.fail(at, "write 1s or more", "%s is too often", d)
	}
	return time.Duration(d)
}

// addressList checks URLs that are read as they stand.
func (c *compiler) addressList(at, list []string) []string {
	var whole []string
	for i, text := range list {
		u, ok := c.address(with(at, step(i)), text)
		if !ok {
			continue
		}
		if slices.Contains(whole, u) {
			c.fail(with(at, step(i)), "list each once", "%s is listed twice", u)
		}
		whole = append(whole, u)
	}
	return whole
}

// address checks a URL. It may hold credentials, so a wrong one is neither printed
// nor kept.
func (c *compiler) address(at []string, text string) (full string, ok bool) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		c.fail(at, "write http://HOST:PORT/PATH", "is no http or https URL")
		return "", false
	case u.User != nil:
		c.fail(at, "leave it out", "holds a user name or password")
		return "", false
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		c.fail(at, "end it with its path; a secret has no place in an address", "holds a query or a fragment")
		return "", false
	}
	for len(u.Path) > 0 && u.Path[len(u.Path)-1] == '/' {
		u.Path = u.Path[:len(u.Path)-1]
	}
	return u.String(), true
}
