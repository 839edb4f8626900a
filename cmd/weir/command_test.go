package main

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// each calls f for every command that people see.
func each(cmd *cobra.Command, f func(*cobra.Command)) {
	f(cmd)
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			each(c, f)
		}
	}
}

func quiet() *app {
	return &app{in: strings.NewReader(""), out: io.Discard, err: io.Discard, env: func(string) (string, bool) { return "", false }}
}

// Every command says what it is, in one line and in more, and shows how it is
// called; flags say what they take.
func TestCommandsExplainThemselves(t *testing.T) {
	seen := 0
	each(quiet().root(), func(c *cobra.Command) {
		seen++
		at := c.CommandPath()
		if c.Short == "" || strings.HasSuffix(c.Short, ".") || len(c.Short) > 90 {
			t.Errorf("%s: %q is no short description", at, c.Short)
		}
		own := c.Name() != "help" && !strings.Contains(at, "completion")
		if own && c.Long == "" {
			t.Errorf("%s has no description", at)
		}
		if own && c.Runnable() && !c.HasSubCommands() && c.Name() != "version" && !strings.Contains(c.Example, "weir ") {
			t.Errorf("%s has no example", at)
		}
		for _, line := range strings.Split(c.Long, "\n") {
			if len(line) > 84 && own {
				t.Errorf("%s: a line of %d characters: %s", at, len(line), line)
			}
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			name, about := pflag.UnquoteUsage(f)
			if !f.Hidden && (about == "" || name == "string" || name == "strings" || name == "int" || name == "uint" || name == "float" || name == "duration") && own {
				t.Errorf("%s --%s does not say what it takes: %q %q", at, f.Name, name, about)
			}
		})
	})
	if seen < 20 {
		t.Errorf("only %d commands were looked at", seen)
	}
}

// Examples are calls that the parser accepts.
func TestExamplesParse(t *testing.T) {
	each(quiet().root(), func(c *cobra.Command) {
		for _, line := range strings.Split(c.Example, "\n") {
			for _, call := range strings.FieldsFunc(line, func(r rune) bool { return r == '|' || r == ';' || r == '#' || r == '>' }) {
				_, args, found := strings.Cut(" "+strings.TrimSpace(call), " weir ")
				if !found {
					continue
				}
				root := quiet().root()
				cmd, rest, err := root.Find(fields(args))
				if err != nil || cmd == root {
					t.Errorf("%q: %v", call, err)
					continue
				}
				if err := cmd.ParseFlags(rest); err != nil {
					t.Errorf("%q: %v", call, err)
				} else if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
					t.Errorf("%q: %v", call, err)
				}
			}
		}
	})
}

// fields splits as a shell does, as far as examples need it.
func fields(s string) (list []string) {
	for i, part := range strings.Split(strings.ReplaceAll(s, "'", `"`), `"`) {
		if i%2 == 1 {
			list = append(list, part)
			continue
		}
		list = append(list, strings.Fields(part)...)
	}
	return list
}

func TestBaseURL(t *testing.T) {
	a := &app{env: func(name string) (string, bool) {
		v, ok := map[string]string{"WEIR_SET": "http://variable:1"}[name]
		return v, ok
	}}
	for in, want := range map[string]string{
		"127.0.0.1:8080": "http://127.0.0.1:8080", "http://h:1/": "http://h:1", "http://h:1/v1": "http://h:1", "http://h:1/v1/": "http://h:1",
		"https://h": "https://h", "h/prefix": "http://h/prefix", ":8080": "http://:8080", "[::1]:1": "http://[::1]:1",
		"": "http://usual", "ftp://h": "", "http://": "", "http://u@h": "", "http://h?a=b": "", "http://[::1": "", "a b": "",
	} {
		got, err := a.baseURL("--gateway", in, "WEIR_UNSET", "http://usual")
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v", in, got, err)
		}
		if err != nil && codeOf(err) != exitUsage {
			t.Errorf("%q: exit code %d", in, codeOf(err))
		}
	}
	if got, _ := a.baseURL("--gateway", "", "WEIR_SET", "http://usual"); got != "http://variable:1" {
		t.Errorf("the variable gives %q", got)
	}
	if got, _ := a.baseURL("--gateway", "flag:1", "WEIR_SET", "http://usual"); got != "http://flag:1" {
		t.Errorf("the flag gives %q", got)
	}
}

func TestFreeOr(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := ln.Addr().String()
	if got := freeOr("", at); got != "127.0.0.1:0" {
		t.Errorf("%s is taken, and %s used", at, got)
	}
	if got := freeOr("127.0.0.1:9", at); got != "127.0.0.1:9" {
		t.Errorf("another address than was asked for: %s", got)
	}
	_ = ln.Close()
	if got := freeOr("", at); got != at {
		t.Errorf("%s is free, and %s used", at, got)
	}
}

// The same seed asks the same questions of the same users; another asks others.
func TestSeed(t *testing.T) {
	visits := func(seed uint64) (list []visit) {
		c := newCrowd("", seed)
		for range 50 {
			list = append(list, c.next())
		}
		return list
	}
	a, b, other := visits(7), visits(7), visits(8)
	same := 0
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("visit %d: %v and %v", i, a[i], b[i])
		}
		if a[i] == other[i] {
			same++
		}
	}
	if same > 10 {
		t.Errorf("%d of 50 visits are those of another seed", same)
	}
}

// Nearest rank: the smallest value that at least the share q is not above.
func TestQuantile(t *testing.T) {
	var hundred []time.Duration
	for i := 100; i >= 1; i-- {
		hundred = append(hundred, time.Duration(i)*time.Millisecond)
	}
	for _, c := range []struct {
		d    []time.Duration
		q    float64
		want float64
	}{{hundred, .5, 50}, {hundred, .95, 95}, {hundred, .99, 99}, {hundred[:1], .5, 100}, {hundred[:2], .5, 99}, {hundred[:3], .5, 99}, {hundred[:4], .95, 100}, {nil, .5, 0}} {
		if got := quantile(c.d, c.q); got != c.want {
			t.Errorf("%g of %d values is %g, want %g", c.q, len(c.d), got, c.want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		line    string
		columns int
		want    string
	}{{"abc", 0, "abc"}, {"abc", 4, "abc"}, {"abcd", 4, "ab…"}, {"äöüß€", 4, "äö…"}, {"abc", 1, "abc"}} {
		if got := cut(c.line, c.columns); got != c.want {
			t.Errorf("%q in %d columns is %q", c.line, c.columns, got)
		}
	}
}

// Without a terminal nothing moves.
func TestNothingMovesWithoutATerminal(t *testing.T) {
	var out strings.Builder
	(&app{err: &out}).replaceLine("x")
	(&demo{app: &app{err: &out}}).line(summary{})
	if strings.ContainsAny(out.String(), "\r\x1b") {
		t.Errorf("%q", out.String())
	}
	out.Reset()
	(&demo{app: &app{err: &out, terminal: true}}).line(summary{})
	if !strings.HasPrefix(out.String(), "\r\x1b[K0.0 req/s") {
		t.Errorf("%q", out.String())
	}
}

// Times of another day carry the day.
func TestClock(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.Local)
	if got := clock(now.Add(-time.Hour), now); got != "11:00:00.000" {
		t.Error(got)
	}
	if got := clock(now.AddDate(0, 0, -1), now); got != "03-01 12:00" {
		t.Error(got)
	}
	if got := clock(now.AddDate(-1, 0, 0), now); got != "03-02 12:00" {
		t.Error(got)
	}
}
