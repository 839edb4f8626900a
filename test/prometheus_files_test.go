//go:build tools

package test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// query is one expression of a file under deploy/ or of the page of queries.
type query struct {
	where string
	expr  string
}

// board is a board of Grafana, as far as it matters here.
type board struct {
	UID, Title string
	Panels     []struct {
		Title   string
		Targets []struct{ Expr string }
	}
	Dashboard json.RawMessage // of a file that is not bare
}

func boards(t *testing.T) map[string]board {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, "deploy", "grafana", "dashboards", "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no boards: %v", err)
	}
	found := map[string]board{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var b board
		if err := json.Unmarshal(text, &b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		found[filepath.Base(name)] = b
	}
	return found
}

// boardQueries are the expressions of all boards, with every route chosen.
func boardQueries(t *testing.T) (list []query) {
	for name, b := range boards(t) {
		for _, p := range b.Panels {
			for _, target := range p.Targets {
				list = append(list, query{name + ", " + p.Title, strings.ReplaceAll(target.Expr, "$route", ".*")})
			}
		}
	}
	return list
}

// ruleQueries are the expressions of all rules.
func ruleQueries(t *testing.T) (list []query) {
	t.Helper()
	for _, name := range []string{"rules.yml", "alerts.yml"} {
		text, err := os.ReadFile(filepath.Join(root, "deploy", "prometheus", name))
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			Groups []struct {
				Rules []struct{ Record, Alert, Expr string }
			}
		}
		if err := yaml.Unmarshal(text, &file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, g := range file.Groups {
			for _, r := range g.Rules {
				list = append(list, query{name + ", " + r.Record + r.Alert, r.Expr})
			}
		}
	}
	return list
}

// pageQuery is a query of docs/reference/seed-queries.md.
var pageQuery = regexp.MustCompile("(?m)^<!-- (query|later): (.*) -->\n```text\n(.*)\n```$")

// pageQueries are the queries of the page, by name, and those of features to come.
func pageQueries(t *testing.T) (now, later map[string]string) {
	t.Helper()
	now, later = map[string]string{}, map[string]string{}
	text := readDoc(t, "docs/reference/seed-queries.md")
	for _, found := range pageQuery.FindAllStringSubmatch(text, -1) {
		into := now
		if found[1] == "later" {
			into = later
		}
		into[found[2]] = found[3]
	}
	if blocks := strings.Count(text, "```text"); len(now)+len(later) != blocks {
		t.Fatalf("%d queries are marked, of %d blocks", len(now)+len(later), blocks)
	}
	return now, later
}

func TestPrometheusFiles(t *testing.T) {
	promtool := tool(t, "promtool")
	for _, args := range [][]string{
		{"check", "config", "prometheus.yml"}, {"check", "rules", "rules.yml", "alerts.yml"}, {"test", "rules", "rules_test.yml"},
	} {
		cmd := exec.CommandContext(t.Context(), promtool, args...)
		cmd.Dir = filepath.Join(root, "deploy", "prometheus")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// Every alert has a unit test that sees it fire, and a paragraph that says what to do.
func TestAlertsAreTestedAndExplained(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "deploy", "prometheus", "rules_test.yml"))
	if err != nil {
		t.Fatal(err)
	}
	howto := readDoc(t, "docs/how-to/prometheus.md")
	alerts := 0
	for _, q := range ruleQueries(t) {
		name, isAlert := strings.CutPrefix(q.where, "alerts.yml, ")
		if !isAlert {
			continue
		}
		alerts++
		fires := regexp.MustCompile(`alertname: ` + name + `( #.*)?\n\s+eval_time: \w+\n\s+exp_alerts:\n`)
		if !fires.Match(text) {
			t.Errorf("%s: rules_test.yml never sees it fire", name)
		}
		if !strings.Contains(howto, "`"+name+"`") {
			t.Errorf("%s: docs/how-to/prometheus.md does not say what to do", name)
		}
	}
	if alerts == 0 {
		t.Error("no alerts")
	}
}

func TestBoards(t *testing.T) {
	all := boards(t)
	if len(all) != 3 {
		t.Errorf("%d boards, want 3", len(all))
	}
	seen := map[string]bool{}
	for name, b := range all {
		if b.Dashboard != nil {
			t.Errorf("%s: the board is wrapped in `dashboard`; Grafana's provisioning wants it bare", name)
		}
		if b.UID == "" || b.Title == "" || seen[b.UID] {
			t.Errorf("%s: uid %q and title %q: each board needs its own", name, b.UID, b.Title)
		}
		seen[b.UID] = true
	}
	has := func(title, panel string) bool {
		for _, b := range all {
			for _, p := range b.Panels {
				if (title == "" || b.Title == title) && p.Title == panel && len(p.Targets) > 0 {
					return true
				}
			}
		}
		return false
	}
	for panel, title := range map[string]string{
		"Request Rate by Model Version": "LLM A/B Testing Dashboard", "P95 Latency Comparison": "LLM A/B Testing Dashboard",
		"P99 latency by model": "", "Tokens per minute": "", "Cost per hour by model": "",
	} {
		if !has(title, panel) {
			t.Errorf("no board %q has the panel %q", title, panel)
		}
	}
}

var (
	familyInQuery = regexp.MustCompile(`\b((?:llm|weir)_[a-z0-9_]+)\b`)
	recordedName  = regexp.MustCompile(`\bweir:[a-z0-9_]+:[a-z0-9]+\b`)
	histogramPart = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// What boards and rules ask for exists: a family that Weir has, or a rule here.
func TestQueriesNameWhatExists(t *testing.T) {
	var have []string
	for _, f := range exposed() {
		have = append(have, f.Name)
	}
	queries := append(ruleQueries(t), boardQueries(t)...)
	rules := map[string]bool{}
	for _, q := range queries {
		if _, name, ok := strings.Cut(q.where, "rules.yml, "); ok {
			rules[name] = true
		}
	}
	for _, q := range queries {
		for _, name := range familyInQuery.FindAllString(q.expr, -1) {
			if !slices.Contains(have, name) && !slices.Contains(have, histogramPart.ReplaceAllString(name, "")) {
				t.Errorf("%s asks for %s, which does not exist", q.where, name)
			}
		}
		for _, name := range recordedName.FindAllString(q.expr, -1) {
			if !rules[name] {
				t.Errorf("%s asks for %s, which no rule records", q.where, name)
			}
		}
	}
}
