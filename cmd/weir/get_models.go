package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/meter"
)

// sorted gives the names of a map in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// findModels lists models; wide, with a row for each endpoint.
func findModels(ctx context.Context, g *getting) (*listing, error) {
	l := &listing{columns: heads("MODEL", "VENDOR", "ID", "READY", ">ENDPOINTS", ">INPUT", ">OUTPUT", "BASIS", "PRICE FROM", ">SENT", ">ANSWERED", ">QUEUE", ">KV", ">GPU", "ENDPOINT"), narrow: 8}
	list := client.ModelList{}
	var err error
	if g.wide() {
		list, err = g.client.ModelsWide(ctx, g.from, g.to)
	} else {
		list.Models, err = g.client.Models(ctx)
	}
	if err != nil {
		return nil, err
	}
	unpriced := 0
	for i := range list.Models {
		m := &list.Models[i]
		if !m.Price.Known {
			unpriced++
		}
		l.things = append(l.things, thing{name: m.Name, value: m, rows: modelRows(m)})
		if !m.Ready {
			l.notes = append(l.notes, fmt.Sprintf("model %s is not ready: %s", m.Name, joined(m.Reason, m.Next)))
		}
	}
	l.notes = append(l.notes, "prices are US dollars per million tokens")
	if unpriced > 0 {
		l.notes = append(l.notes, fmt.Sprintf("%s without a known price: what their answers cost is not in any sum\nnext: give each a price, or name a list under prices.list", count(unpriced, "model")))
	}
	if list.Window != nil {
		l.notes = append(l.notes, fmt.Sprintf("attempts from %s to %s", list.Window.From.UTC().Format("2006-01-02 15:04"), list.Window.To.UTC().Format("2006-01-02 15:04 UTC")))
		l.partial = list.Window.Partial
	}
	return l, nil
}

func modelRows(m *client.Model) (rows [][]string) {
	ready := "yes"
	if !m.Ready {
		ready = "NO"
	}
	input, output := priceText(&m.Price, m.Price.Input), priceText(&m.Price, m.Price.Output)
	about := []string{m.Name, m.Vendor, m.ID, ready, strconv.Itoa(len(m.Endpoints)), input, output, basisText(&m.Price), m.Price.From}
	for i := range m.Endpoints {
		e := &m.Endpoints[i]
		queue, kv, gpu := serverText(serverOf(m, e.URL))
		rows = append(rows, append(slices.Clone(about), countOf(e.Sent), countOf(e.Answered), queue, kv, gpu, e.URL))
	}
	if rows == nil {
		rows = [][]string{append(about, "", "", "", "", "", "")}
	}
	return rows
}

// priceText is a price, where there is one.
func priceText(p *client.Price, micro int64) string {
	if !p.Known && p.Basis != "estimated" {
		return ""
	}
	return meter.Micro(micro).Decimal()
}

// basisText says what a cost rests on; a model that is refused for lack of a price
// says so.
func basisText(p *client.Price) string {
	if p.Refused {
		return "REFUSED: no price"
	}
	return p.Basis
}

func countOf(n *int64) string {
	if n == nil {
		return ""
	}
	return thousands(*n)
}

func serverOf(m *client.Model, endpoint string) *client.ServerState {
	for i := range m.Servers {
		if m.Servers[i].Endpoint == endpoint {
			return &m.Servers[i]
		}
	}
	if len(m.Endpoints) == 1 && len(m.Servers) == 1 {
		return &m.Servers[0] // its metrics may be at an address of their own
	}
	return nil
}

// serverText is what a model's server says of itself, as cells.
func serverText(s *client.ServerState) (queue, kv, gpu string) {
	if s == nil {
		return "", "", ""
	}
	if s.Queued != nil {
		queue = strconv.FormatFloat(*s.Queued, 'f', -1, 64)
	}
	var busy []string
	for i := range s.GPUs {
		if b := s.GPUs[i].Busy; b != nil {
			busy = append(busy, strconv.FormatFloat(*b*100, 'f', 0, 64))
		}
	}
	if len(busy) > 0 {
		gpu = strings.Join(busy, "/") + " %"
	}
	return queue, maybePercent(s.KVCache), gpu
}

func joined(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), "; ")
}

// describeModel says all of one model.
func describeModel(_ context.Context, _ *getting, t *thing, d *details) error {
	m := t.value.(*client.Model)
	d.head("model " + m.Name)
	d.line("vendor", fmt.Sprintf("%s, driver %s", m.Vendor, m.Driver))
	d.line("id", cmp.Or(m.ID, "asked from the endpoint"))
	d.line("key", m.Key)
	if m.Context > 0 {
		d.line("context", thousands(m.Context)+" tokens")
	}
	if m.Ready {
		d.line("ready", "yes")
	} else {
		d.line("ready", "NO: "+joined(m.Reason, m.Next))
	}
	describePrice(d, &m.Price)
	for i := range m.Endpoints {
		e := &m.Endpoints[i]
		d.head("endpoint " + e.URL)
		d.line("in flight", thousands(e.InFlight))
		d.line("failures", fmt.Sprintf("%s since the last success", thousands(e.Failures)))
		if e.Sent != nil {
			d.line("attempts", fmt.Sprintf("%s sent, %s answered", countOf(e.Sent), countOf(e.Answered)))
		}
	}
	for i := range m.Servers {
		describeServer(d, &m.Servers[i])
	}
	return nil
}

func describePrice(d *details, p *client.Price) {
	d.head("price, US dollars per million tokens")
	d.line("basis", basisText(p))
	if p.Known || p.Basis == "estimated" {
		d.line("input", meter.Micro(p.Input).Decimal())
		d.line("output", meter.Micro(p.Output).Decimal())
		d.line("cached input", meter.Micro(p.Cached).Decimal())
		d.line("cache write", meter.Micro(p.Written).Decimal())
	}
	d.line("from", p.From)
	d.line("source", p.Source)
	if !p.ListAsOf.IsZero() {
		d.line("list as of", p.ListAsOf.Format(time.DateOnly))
	}
	if !p.Until.IsZero() {
		d.line("until", p.Until.Format(time.DateOnly))
	}
	if !p.Known {
		d.line("unpriced", p.Policy)
	}
}

func describeServer(d *details, s *client.ServerState) {
	d.head(fmt.Sprintf("server %s (%s)", s.Endpoint, s.Kind))
	d.line("heard", fmt.Sprintf("%.0f s ago", s.Age))
	d.line("error", s.Error)
	for _, n := range []struct {
		name  string
		value *float64
	}{{"running", s.Running}, {"queued", s.Queued}} {
		if n.value != nil {
			d.line(n.name, strconv.FormatFloat(*n.value, 'f', -1, 64))
		}
	}
	d.line("KV cache", maybePercent(s.KVCache))
	for i := range s.GPUs {
		g := &s.GPUs[i]
		text := joined(g.Name, maybePercent(g.Busy))
		if g.MemoryUsed != nil && g.MemoryTotal != nil {
			text += fmt.Sprintf("; %s of %s", size(*g.MemoryUsed), size(*g.MemoryTotal))
		}
		d.line("GPU", text)
	}
}
