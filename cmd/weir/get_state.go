package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/definition"
)

// findDefinitions lists the files in force.
func findDefinitions(ctx context.Context, g *getting) (*listing, error) {
	l := &listing{columns: heads("FILE", ">LINES", ">BYTES"), narrow: 3}
	d, err := g.client.Definitions(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range d.Files {
		l.things = append(l.things, thing{name: f.Name, value: f, text: f.Text,
			rows: [][]string{{f.Name, strconv.Itoa(strings.Count(f.Text, "\n")), strconv.Itoa(len(f.Text))}}})
	}
	l.notes = append(l.notes, inForceText(d.Owner, d.Source, &d.Revision))
	return l, nil
}

// findKeys reads the keys out of the definitions in force.
func findKeys(ctx context.Context, g *getting) (*listing, error) {
	l := &listing{columns: heads("KEY", "SCOPES", "EXPIRES", "GROUPS", "ROUTES", "PROJECT", "SHA256"), narrow: 5}
	d, err := g.client.Definitions(ctx)
	if err != nil {
		return nil, err
	}
	var files []definition.File
	for _, f := range d.Files {
		files = append(files, definition.File{Name: f.Name, Text: []byte(f.Text)})
	}
	doc, problems := definition.Parse(files)
	if doc == nil {
		return nil, fmt.Errorf("read the definitions in force: %w", problems.Err())
	}
	for _, name := range sorted(doc.Keys) {
		k := doc.Keys[name]
		expires := "never"
		if at := time.Time(k.Expires); !at.IsZero() {
			expires = at.UTC().Format("2006-01-02 15:04 UTC")
		}
		routes := "all"
		if len(k.Routes) > 0 {
			routes = strings.Join(k.Routes, ",")
		}
		l.things = append(l.things, thing{name: name, value: struct {
			Name string `json:"name"`
			*definition.KeySpec
		}{name, k}, rows: [][]string{{name, strings.Join(k.Scopes, ","), expires, strings.Join(k.Groups, ","), routes, k.Project, fitted(k.SHA256, 16)}}})
	}
	if len(l.things) == 0 {
		l.notes = append(l.notes, "callers on the machine of Weir may do everything")
	}
	return l, nil
}

// findRevisions lists the newest, or finds the one of a number.
func findRevisions(ctx context.Context, g *getting) (*listing, error) {
	l := &listing{columns: heads(">REVISION", "SINCE", "BY", "OWNER", "NOTE", "RESTORED FROM", "HASH"), narrow: 5}
	add := func(r client.Revision) {
		restored := ""
		if r.Restored > 0 {
			restored = strconv.Itoa(r.Restored)
		}
		n := strconv.Itoa(r.Number)
		l.things = append(l.things, thing{name: n, value: r, rows: [][]string{{n, r.Time.Local().Format(clockFormat), r.Author, r.Owner, r.Note, restored, r.Hash}}})
	}
	if g.name != "" {
		n, err := strconv.Atoi(g.name)
		if err != nil || n < 1 {
			return nil, usage(fmt.Errorf("%s is not the number of a revision", shown(g.name)))
		}
		g.name = strconv.Itoa(n)
		r, err := g.client.Revision(ctx, n)
		if err == nil {
			add(r)
		}
		return l, err
	}
	for token := ""; len(l.things) < g.limit; {
		page, err := g.client.Revisions(ctx, min(g.limit-len(l.things), maxPage), token)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Revisions {
			add(r)
		}
		if token = page.NextPageToken; token == "" {
			break
		}
	}
	return l, nil
}

// describeRevision shows what was applied, whole.
func describeRevision(_ context.Context, _ *getting, t *thing, d *details) error {
	r := t.value.(client.Revision)
	d.head(fmt.Sprintf("revision %d", r.Number))
	d.line("since", r.Time.Local().Format(clockFormat))
	d.line("by", r.Author)
	d.line("owner", r.Owner)
	d.line("note", r.Note)
	if r.Restored > 0 {
		d.line("restored from", fmt.Sprintf("revision %d", r.Restored))
	}
	d.line("hash", r.Hash)
	for _, f := range r.Files {
		d.head("file " + f.Name)
		d.text(f.Text)
	}
	return nil
}

// findDecisions lists the newest; a name is a subject, or the id of one.
func findDecisions(ctx context.Context, g *getting) (*listing, error) {
	l := &listing{columns: heads("TIME", "SUBJECT", "ACTION", "BY", "REASON", "ID", "PROJECT"), narrow: 5}
	subject := g.name
	if isUUID(g.name) {
		subject = ""
	}
	err := g.addDecisions(ctx, l, subject, subject != "")
	if err == nil && subject != "" && len(l.things) == 0 {
		err = g.addDecisions(ctx, l, "", true) // to say which subjects there are
	}
	return l, err
}

// addDecisions adds those of a subject, or all, each by the name of its subject or
// by its own id.
func (g *getting) addDecisions(ctx context.Context, l *listing, subject string, bySubject bool) error {
	for token := ""; len(l.things) < g.limit; {
		page, err := g.client.Decisions(ctx, subject, min(g.limit-len(l.things), maxPage), token)
		if err != nil {
			return err
		}
		for _, one := range page.Decisions {
			name := one.ID
			if bySubject {
				name = one.Subject
			}
			l.things = append(l.things, thing{name: name, value: one,
				rows: [][]string{{one.Time.Local().Format(clockFormat), one.Subject, one.Action, one.By, one.Reason, one.ID, one.Project}}})
		}
		l.partial = page.Partial
		if token = page.NextPageToken; token == "" {
			break
		}
	}
	return nil
}

// isUUID tells an id from a subject.
func isUUID(s string) bool { return len(s) == 36 && strings.Count(s, "-") == 4 }

func describeDecision(_ context.Context, _ *getting, t *thing, d *details) error {
	one := t.value.(client.Decision)
	d.head("decision " + one.ID)
	d.line("time", one.Time.Local().Format(clockFormat))
	d.line("subject", one.Subject)
	d.line("action", one.Action)
	d.line("by", one.By)
	d.line("reason", one.Reason)
	d.line("project", one.Project)
	if len(one.Report) > 0 {
		text, err := json.MarshalIndent(one.Report, "", "  ")
		if err != nil {
			text = one.Report
		}
		d.line("report", string(text))
	}
	return nil
}

// findStore shows the one store.
func findStore(ctx context.Context, g *getting) (*listing, error) {
	l := &listing{columns: heads("STATE", "ENGINE", "DURABILITY", ">SIZE", ">JOURNAL", ">LAG", ">AT RISK", ">SHED", ">SCHEMA", "VERSION", ">LAG SECONDS", ">SEGMENTS", ">FAILED"), narrow: 8}
	s, err := g.client.Store(ctx)
	if err != nil {
		return nil, err
	}
	name := orWord(s.Engine, "store")
	j := &s.Journal
	l.things = []thing{{name: name, value: s, rows: [][]string{{s.State, s.Engine, s.Durability, size(s.Bytes), size(j.Bytes), thousands(j.LagRecords), thousands(j.AtRisk),
		thousands(total(s.Shed)), strconv.Itoa(s.Schema), s.Version, fmt.Sprintf("%.0f", j.LagSeconds), thousands(j.Segments), thousands(j.Failed)}}}}
	if s.Reason != "" {
		l.notes = append(l.notes, s.Reason)
	}
	if s.Error != "" {
		l.notes = append(l.notes, "the engine cannot be asked: "+s.Error)
	}
	g.name = "" // there is only one
	return l, nil
}

func total(counts map[string]int64) (sum int64) {
	for _, n := range counts {
		sum += n
	}
	return sum
}

func describeStore(_ context.Context, _ *getting, t *thing, d *details) error {
	s := t.value.(client.Store)
	d.head("store")
	d.line("state", joined(s.State, s.Reason))
	if !s.Since.IsZero() && s.State != "ok" {
		d.line("since", s.Since.Local().Format(clockFormat))
	}
	if !s.AsOf.IsZero() {
		d.line("last written", s.AsOf.Local().Format(clockFormat))
	}
	d.line("durability", s.Durability)
	d.line("engine", joined(s.Engine, s.Version))
	d.line("error", s.Error)
	if s.Engine != "" {
		d.line("schema", strconv.Itoa(s.Schema))
		d.line("size", size(s.Bytes))
	}
	var rows []string
	for _, name := range sorted(s.Rows) {
		rows = append(rows, fmt.Sprintf("%s of %s", thousands(s.Rows[name]), name))
	}
	d.line("rows", strings.Join(rows, "\n"))
	j := &s.Journal
	d.head("journal")
	d.line("size", fmt.Sprintf("%s of at most %s, %s", size(j.Bytes), size(j.Limit), count(int(j.Segments), "segment")))
	d.line("lag", fmt.Sprintf("%s, %s, the oldest %.0f s old", count(int(j.LagRecords), "record"), size(j.LagBytes), j.LagSeconds))
	d.line("at risk", fmt.Sprintf("%s went out before they were written", count(int(j.AtRisk), "answer")))
	d.line("failed", fmt.Sprintf("%s could not be written", count(int(j.Failed), "record")))
	for _, name := range sorted(s.Shed) {
		d.line("shed", fmt.Sprintf("%s of %s; their money is kept", thousands(s.Shed[name]), name))
	}
	return nil
}
