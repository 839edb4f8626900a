package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/weirhq/weir/client"
)

// findRoutes lists routes; wide, what went where.
func findRoutes(ctx context.Context, g *getting) (*listing, error) {
	if g.wide() {
		return findWideRoutes(ctx, g)
	}
	list, err := g.client.Routes(ctx)
	if err != nil {
		return nil, err
	}
	l := &listing{columns: heads("ROUTE", "BASELINE", "MODEL", "EXPERIMENT", "UNIT", "FALLBACK"), narrow: 6}
	for i := range list {
		r := &list[i]
		l.things = append(l.things, thing{name: r.Name, value: r, rows: [][]string{
			{r.Name, r.Baseline.Name, r.Baseline.Model, r.Experiment, unitText(r.Unit), strings.Join(r.Fallback, ",")}}})
	}
	return l, nil
}

// findWideRoutes has a row for each variant and endpoint.
func findWideRoutes(ctx context.Context, g *getting) (*listing, error) {
	list, err := g.client.RoutesWide(ctx, g.from, g.to)
	if err != nil {
		return nil, err
	}
	l := &listing{columns: heads("ROUTE", "VARIANT", ">EXPECTED", ">OBSERVED", "SPLIT", ">ASSIGNED", ">SENT", ">ANSWERED", "ENDPOINT")}
	for i := range list.Routes {
		r := &list.Routes[i]
		l.things = append(l.things, thing{name: r.Name, value: r, rows: wideRoute(r)})
		l.notes = append(l.notes, splitNote(r)...)
	}
	if list.Window != nil {
		l.notes = append(l.notes, windowNote(list.Window))
		l.partial = list.Window.Partial
	}
	return l, nil
}

// wideRoute has a row for each variant, and one for each endpoint of it where there
// are several.
func wideRoute(r *client.Route) (rows [][]string) {
	for i := range r.Traffic {
		v := &r.Traffic[i]
		expected, observed, mark := armText(r.Split, v.Variant)
		row := []string{r.Name, v.Variant, expected, observed, mark, thousands(v.Assigned), thousands(v.Sent), thousands(v.Answered), ""}
		if len(v.Endpoints) == 1 {
			row[8] = endpointText(&v.Endpoints[0])
		}
		rows = append(rows, row)
		for j := range v.Endpoints {
			if e := &v.Endpoints[j]; len(v.Endpoints) > 1 {
				rows = append(rows, []string{r.Name, v.Variant, "", "", "", "", thousands(e.Sent), thousands(e.Answered), endpointText(e)})
			}
		}
	}
	if rows == nil {
		rows = [][]string{{r.Name, r.Baseline.Name, "", "", "", "", "", "", ""}}
	}
	return rows
}

func endpointText(e *client.EndpointTraffic) string {
	return strings.TrimSpace(e.Model + " " + e.Endpoint)
}

// splitMarks are seen without colour.
var splitMarks = map[string]string{"as_expected": "✓ ok", "wrong": "✗ WRONG", "too_few": "? few"}

// armText says of a variant which share of the units it should have and has.
func armText(s *client.Split, variant string) (expected, observed, mark string) {
	if s == nil {
		return "", "", ""
	}
	for _, a := range s.Arms {
		if a.Variant == variant {
			mark = splitMarks[s.Verdict]
			if mark == "" {
				mark = s.Verdict
			}
			if s.Units > 0 {
				observed = percent(a.Observed)
			}
			return percent(a.Expected), observed, mark
		}
	}
	return "", "", ""
}

// splitNote says more of a split that is not as it should be.
func splitNote(r *client.Route) []string {
	if r.Split == nil || r.Split.Verdict == "as_expected" {
		return nil
	}
	notes := []string{fmt.Sprintf("split of route %s: %s", r.Name, r.Split.Text)}
	if r.Split.Verdict == "wrong" {
		notes = append(notes, fmt.Sprintf("next: weir describe route %s; look for a bot, a cache in front, or units that change their id", r.Name))
	}
	return notes
}

// windowNote says of when counts are. They are requests; shares of a split are of units.
func windowNote(w *client.TrafficWindow) string {
	return fmt.Sprintf("requests from %s to %s; expected and observed are shares of units", w.From.UTC().Format("2006-01-02 15:04"), w.To.UTC().Format("2006-01-02 15:04 UTC"))
}

// unitText lists where a unit comes from.
func unitText(sources []client.UnitSource) string {
	var list []string
	for _, s := range sources {
		text := s.From
		if s.Name != "" {
			text += ":" + s.Name
		}
		list = append(list, text)
	}
	return strings.Join(list, ",")
}

// describeRoute says all of one route.
func describeRoute(_ context.Context, _ *getting, t *thing, d *details) error {
	r := t.value.(*client.Route)
	d.head("route " + r.Name)
	d.line("baseline", variantText(&r.Baseline))
	d.line("unit", unitText(r.Unit))
	for _, o := range r.Overrides {
		who := "for callers with scope force"
		if o.Open {
			who = "for anyone"
		}
		d.line("override", fmt.Sprintf("%s when %s, %s", o.Variant, o.When, who))
	}
	d.line("fallback", strings.Join(r.Fallback, ", "))
	d.line("retries", strconv.Itoa(r.Retries))
	d.line("expose", r.Expose)
	if r.Blind {
		d.line("blind", "yes: model in the reply is the route's name")
	}
	d.line("experiment", r.Experiment)
	for i := range r.Traffic {
		v := &r.Traffic[i]
		d.head("variant " + v.Variant)
		expected, observed, mark := armText(r.Split, v.Variant)
		if expected != "" {
			d.line("units", fmt.Sprintf("%s expected, %s observed, %s", expected, observed, mark))
		}
		d.line("requests", fmt.Sprintf("%s assigned (%s of the route's), %s sent, %s answered", thousands(v.Assigned), percent(v.Share), thousands(v.Sent), thousands(v.Answered)))
		for j := range v.Endpoints {
			e := &v.Endpoints[j]
			d.line("endpoint", fmt.Sprintf("%s: %s sent, %s answered", endpointText(e), thousands(e.Sent), thousands(e.Answered)))
		}
	}
	if s := r.Split; s != nil {
		d.head("split of " + s.Experiment)
		d.line("verdict", s.Text)
		d.line("looked at", fmt.Sprintf("%s of %s, epoch %d", count(int(s.Requests), "request"), count(int(s.Units), "unit"), s.Epoch))
		if s.Verdict != "too_few" { // of so few it says nothing
			d.line("chi-square", fmt.Sprintf("%.3g with %s of freedom, p = %.3g", s.ChiSquare, count(s.Degrees, "degree"), s.P))
		}
	}
	return nil
}

func variantText(v *client.Variant) string {
	text := v.Name + ", model " + v.Model
	for _, name := range sorted(v.Parameters) {
		text += fmt.Sprintf("\n%s: %s", name, v.Parameters[name])
	}
	return text
}
