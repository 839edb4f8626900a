package main

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/admin"
	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/telemetry"
	"github.com/weirhq/weir/internal/telemetry/otel"
	"github.com/weirhq/weir/internal/telemetry/servers"
)

// outgoing is what asks or tells others beside the models: model servers' own
// metrics are read, OpenTelemetry is sent. Both are off unless definitions name
// where.
type outgoing struct {
	otlp    *otel.Sender // nil: nothing is sent
	servers *servers.Reader
}

func newOutgoing(t definition.TelemetryOut, registry *telemetry.Registry, secret func(definition.Reference) (string, error)) (*outgoing, error) {
	o := &outgoing{}
	var err error
	if o.servers, err = servers.New(servers.Config{Targets: targets(t.Servers), Every: t.Servers.Interval}); err != nil {
		return nil, err
	}
	telemetry.NewServers(registry, o.servers.Telemetry)
	if t.OTLP == nil {
		return o, nil
	}
	header := map[string]string{}
	for name, value := range t.OTLP.Header {
		header[name] = value
	}
	for name, ref := range t.OTLP.SecretHeader {
		if header[name], err = secret(ref); err != nil {
			return nil, fmt.Errorf("resolve telemetry.otlp.headers.%s: %w", name, err)
		}
	}
	o.otlp, err = otel.New(otel.Config{
		Endpoint: t.OTLP.Endpoint, Header: header, Traces: t.OTLP.Traces, Metrics: t.OTLP.Metrics, Interval: t.OTLP.Interval, Version: versionText(),
	})
	if err != nil {
		return nil, err
	}
	telemetry.NewOTLP(registry, o.otlp.Telemetry)
	return o, nil
}

// targets are the pages that definitions name.
func targets(s definition.Servers) (list []servers.Target) {
	for _, m := range s.Models {
		for _, u := range m.URLs {
			list = append(list, servers.Target{Model: m.Model, URL: u})
		}
	}
	for _, u := range s.DCGM {
		list = append(list, servers.Target{URL: u, Kind: servers.DCGM})
	}
	return list
}

func (o *outgoing) run(ctx context.Context) { o.servers.Run(ctx) }

// close sends what is left, as far as the collector takes it.
func (o *outgoing) close() {
	if o.otlp == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = o.otlp.Close(ctx) // what it did not take is counted
}

// states are the last readings, as the admin API shows them.
func (o *outgoing) states() map[string][]admin.ServerState {
	out := map[string][]admin.ServerState{}
	for model, list := range o.servers.States() {
		for _, s := range list {
			v := admin.ServerState{
				Endpoint: s.Endpoint, Kind: s.Kind, At: s.ReadAt, Age: s.Age.Seconds(), Error: s.Error,
				Running: s.Running, Waited: s.QueueWait, Queued: s.Waiting, KVCache: s.KVUse,
			}
			for _, g := range s.GPUs {
				v.GPUs = append(v.GPUs, admin.GPU{Name: g.ID, Busy: g.Use, MemoryUsed: bytesOf(g.MemoryUsed), MemoryTotal: bytesOf(g.MemoryTotal)})
			}
			out[model] = append(out[model], v)
		}
	}
	return out
}

func bytesOf(v *float64) *int64 {
	if v == nil {
		return nil
	}
	n := int64(*v)
	return &n
}
