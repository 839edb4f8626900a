package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/weirhq/weir/client"
)

// findExperiments lists experiments; wide, with a row for each arm.
func findExperiments(ctx context.Context, g *getting) (*listing, error) {
	l := &listing{columns: heads("EXPERIMENT", "ROUTE", ">EPOCH", "UNIT", "ARMS", "AUDIENCE", "VARIANT", "MODEL", ">SHARE", "FROM", "TO", "ROLE"), narrow: 6}
	list, err := g.client.Experiments(ctx)
	if err != nil {
		return nil, err
	}
	for i := range list {
		e := &list[i]
		var arms []string
		t := thing{name: e.Name, value: e}
		for _, a := range e.Arms {
			arms = append(arms, fmt.Sprintf("%s %s", a.Variant.Name, percent(a.Probability)))
		}
		about := []string{e.Name, e.Route, fmt.Sprint(e.Epoch), e.Unit, strings.Join(arms, ", "), e.Audience}
		for j := range e.Arms {
			a := &e.Arms[j]
			t.rows = append(t.rows, append(append([]string{}, about...), a.Variant.Name, a.Variant.Model, percent(a.Probability), a.From, a.To, roleText(a)))
		}
		if t.rows == nil {
			t.rows = [][]string{append(about, "", "", "", "", "", "")}
		}
		l.things = append(l.things, t)
	}
	return l, nil
}

func roleText(a *client.Arm) string {
	var words []string
	for _, w := range []struct {
		yes  bool
		word string
	}{{a.Baseline, "baseline"}, {a.Candidate, "candidate"}, {a.Stopped, "STOPPED"}} {
		if w.yes {
			words = append(words, w.word)
		}
	}
	return strings.Join(words, ", ")
}

// describeExperiment says all of one experiment, and how its route's units fell.
func describeExperiment(ctx context.Context, g *getting, t *thing, d *details) error {
	e := t.value.(*client.Experiment)
	d.head("experiment " + e.Name)
	d.line("route", e.Route)
	d.line("phase", phaseText(e))
	d.line("primary", orWord(e.Primary, "none: nothing is decided"))
	if e.Verdict != "" {
		d.line("verdict", e.Verdict)
	}
	d.line("unit", e.Unit)
	d.line("epoch", fmt.Sprint(e.Epoch))
	d.line("salt", e.Salt)
	d.line("audience", orWord(e.Audience, "everyone"))
	if e.TwoEnded {
		d.line("canary", "yes: two groups of one size, the middle is served the baseline and not enrolled")
	}
	d.line("hash", e.Hash)
	list, err := g.client.RoutesWide(ctx, g.from, g.to)
	if err != nil {
		return err
	}
	var split *client.Split
	for i := range list.Routes {
		if r := &list.Routes[i]; r.Name == e.Route {
			split = r.Split
		}
	}
	for i := range e.Arms {
		a := &e.Arms[i]
		d.head("variant " + a.Variant.Name)
		d.line("answers", strings.TrimPrefix(variantText(&a.Variant), a.Variant.Name+", "))
		d.line("role", roleText(a))
		d.line("share", percent(a.Probability))
		if a.From != "" {
			d.line("owns", a.From+" to "+a.To)
		}
		if expected, observed, mark := armText(split, a.Variant.Name); expected != "" {
			d.line("units", fmt.Sprintf("%s expected, %s observed, %s", expected, observed, mark))
		}
	}
	if split != nil {
		d.line("split", split.Text)
	}
	return nil
}

// phaseText is where an experiment is in its life, since when and why.
func phaseText(e *client.Experiment) string {
	s := e.Phase
	if !e.Since.IsZero() {
		s += " since " + e.Since.Local().Format(time.DateTime)
	}
	if e.Why != "" {
		s += ": " + e.Why
	}
	return s
}

func orWord(s, word string) string {
	if s == "" {
		return word
	}
	return s
}
