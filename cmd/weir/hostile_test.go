package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/client"
)

// corpus is what models, callers and headers may say to get hold of a terminal:
// each kind of control character there is.
var corpus = []string{
	"\x1b[2J\x1b[H", "\x1b]0;owned\x07", "\x1b]8;;http://evil.example\x07link\x1b]8;;\x07", "\x1bP$q\x1b\\", "\u009b31m", "\u009d0;x\u009c",
	"a\rb", "a\nfake  line\n", "a\x08\x08b", "\u202egnp.exe", "\u2066x\u2069", "a\u2028b\u2029c", "\x00", "\x7f", "\x0e\x0f", "a\tb", "\x1b[?1049h", "\x1b[6n",
	"| a | b |", "`x`", "**x**",
}

// spoil fills a value with the corpus, in every text, name and key there is.
func spoil(v reflect.Value, n *int) {
	next := func() string { *n++; return corpus[*n%len(corpus)] }
	switch v.Kind() {
	case reflect.String:
		v.SetString(next())
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(7_000_000)
	case reflect.Uint64:
		v.SetUint(7)
	case reflect.Float64:
		v.SetFloat(0.9)
	case reflect.Bool:
		v.SetBool(*n%2 == 0)
		*n++
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		spoil(v.Elem(), n)
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
			text, _ := json.Marshal(map[string]string{next(): next()})
			v.SetBytes(text)
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range 3 {
			spoil(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 3 {
			value := reflect.New(v.Type().Elem()).Elem()
			spoil(value, n)
			v.SetMapIndex(reflect.ValueOf(next()), value)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)))
			return
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Tag.Get("json") != "-" {
				spoil(v.Field(i), n)
			}
		}
	}
}

// experimentList is what the listing of experiments answers.
type experimentList struct {
	Experiments []client.Experiment `json:"experiments"`
}

// tame gives listings an end, and to the first of each kind a name that can be
// asked for.
func tame(v any) any {
	switch v := v.(type) {
	case *client.Page:
		v.NextPageToken = ""
	case *client.RevisionPage:
		v.NextPageToken = ""
	case *client.DecisionPage:
		v.NextPageToken = ""
	case *client.RouteList:
		v.Routes[0].Name, v.Routes[0].Split.Verdict = "N", "wrong"
		v.Routes[0].Split.Arms[0].Variant = v.Routes[0].Traffic[0].Variant
	case *client.ModelList:
		v.Models[0].Name, v.Models[0].Endpoints[0].URL = "N", v.Models[0].Servers[0].Endpoint
	case *experimentList:
		v.Experiments[0].Name = "N"
	case *client.Revision:
		v.Number = 3
	case *client.Budgets:
		v.Budgets[0].Name = "N"
	case *client.Trace:
		for i := range v.Waterfall {
			v.Waterfall[i].Name = []string{"attempt", "stream", v.Waterfall[i].Name}[i%3]
		}
	case *client.Definitions:
		v.Files = v.Files[:1]
		v.Files[0].Name, v.Files[0].Text = "N", "# \u009b\u202e\nkeys: {N: {sha256: "+strings.Repeat("0", 64)+", project: \"\\e[2J\\u009b\"}}\n"
	}
	return v
}

// answers are the types that the admin API answers with, by path.
var answers = map[string]any{
	"/api/v1/events": client.Page{}, "/api/v1/events/ID": client.Trace{}, "/api/v1/usage": client.UsageTable{}, "/api/v1/usage/months": client.Months{},
	"/api/v1/budgets": client.Budgets{}, "/api/v1/reports/weekly": client.Report{}, "/api/v1/reports/monthly": client.Report{},
	"/api/v1/status": client.Status{}, "/api/v1/routes": client.RouteList{}, "/api/v1/models": client.ModelList{},
	"/api/v1/experiments": experimentList{}, "/api/v1/explain": client.Explanation{}, "/api/v1/definitions": client.Definitions{}, "/api/v1/definitions:diff": client.Compared{},
	"/api/v1/revisions": client.RevisionPage{}, "/api/v1/revisions/3": client.Revision{}, "/api/v1/revisions/3:restore": client.Applied{},
	"/api/v1/decisions": client.DecisionPage{}, "/api/v1/store": client.Store{}, "/api/v1/store:rebuild": client.Rebuilt{}, "/api/v1/store:check": client.Checked{},
	"/api/v1/units:forget": client.Forgotten{}, "/api/v1/links": client.Link{},
}

// hostileWeir answers everything with the corpus, from the given place in it on.
func hostileWeir(t *testing.T, from int) string {
	n := from
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.RawQuery, "format=markdown") {
			_, _ = w.Write([]byte("# " + strings.Join(corpus, "\n") + "\n|a\x1b[2J|\u202eb|\n|---|--:|\n|x\\|y|\u009b|\n"))
			return
		}
		like, ok := answers[r.URL.Path]
		if r.URL.Path == "/api/v1/definitions" && r.Method == http.MethodPost {
			like = client.Applied{}
		}
		if !ok {
			http.NotFound(w, r)
			return
		}
		v := reflect.New(reflect.TypeOf(like))
		spoil(v.Elem(), &n)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(tame(v.Interface()))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// hostileCalls is each command that shows what a running Weir says, in each form.
func hostileCalls(folder string) (calls [][]string) {
	file := filepath.Join(folder, "weir.yaml")
	add := func(forms string, args ...string) {
		for f := range strings.FieldsSeq(forms) {
			calls = append(calls, append(append([]string{}, args...), "-o", f))
		}
	}
	for i := range allKinds {
		k := &allKinds[i]
		name, special := map[string]string{"revisions": "3", "decisions": "x", "store": ""}[k.name]
		if !special {
			name = "N"
		}
		add("text json yaml", "describe", k.one, name)
		add("table wide json yaml name", "get", k.name)
	}
	add("text json yaml", "trace", "ID")
	add("text json yaml", "trace", "ID", "--body")
	add("table wide detail json jsonl name", "logs")
	add("text json name", "explain", "support", "u")
	add("text json name", "explain", "support", "u", "--at", "1h")
	add("table wide json yaml", "cost")
	add("table wide json yaml", "cost", "--by", "tag", "--per", "day")
	add("table wide json yaml", "cost", "--budgets")
	add("table json yaml", "cost", "--forecast")
	add("text json markdown", "report", "weekly")
	add("text json yaml name", "diff", "-f", file)
	add("text json yaml name", "apply", "-f", file)
	add("text json yaml name", "apply", "--revision", "3", "--dry-run")
	add("text json yaml", "rebuild")
	add("text json", "forget", "u", "--yes")
	add("text json", "forget", "u")
	add("text json", "open")
	add("text json", "doctor", "--store")
	return calls
}

// Whatever a Weir says, of whatever models and callers said to it, no command lets
// a control character through: not to standard output, not to standard error.
func TestNothingHostileIsShown(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "weir.yaml"), []byte(simplest), 0o600); err != nil {
		t.Fatal(err)
	}
	shown := 0
	for from := range 4 { // so that each text is of another kind each time
		at := hostileWeir(t, from*5)
		for _, args := range hostileCalls(folder) {
			args = slicesWithout(args, "")
			var out, errs strings.Builder
			a := &app{in: strings.NewReader(""), out: &out, err: &errs, env: func(name string) (string, bool) { return at, name == "WEIR_ADMIN" }}
			code := a.run(args)
			if code == exitUsage && !strings.HasPrefix(args[0], "forget") && !strings.Contains(errs.String(), "there is no") {
				t.Errorf("%q was not understood: %s", args, errs.String())
			}
			shown += out.Len()
			for what, text := range map[string]string{"standard output": out.String(), "standard error": errs.String()} {
				for _, r := range text {
					if r != '\n' && r != '\uFFFD' && hostile(r) && r != '\t' {
						t.Errorf("%q lets %U through to %s:\n%s", args, r, what, firstHostile(text))
						break
					}
				}
			}
		}
	}
	if shown < 100_000 {
		t.Errorf("only %d bytes were shown: were the commands run?", shown)
	}
}

func slicesWithout(list []string, word string) (out []string) {
	for _, w := range list {
		if w != word {
			out = append(out, w)
		}
	}
	return out
}

// firstHostile is the line at fault, in a form that a terminal does not obey.
func firstHostile(text string) string {
	for line := range strings.Lines(text) {
		if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return r != '\uFFFD' && r != '\t' && hostile(r) }) {
			return fmt.Sprintf("%q", line)
		}
	}
	return ""
}
