package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/fault"
)

// failures are errors as commands give them, with their exit codes, and what is
// said of them as text and as JSON.
var failures = []struct {
	name string
	err  error
	code int
	text string
	json string
}{
	{"none", nil, 0, "", ""},
	{"unknown", errors.New("disk on fire"), 1, "weir: disk on fire\n", `{"code":"error","message":"disk on fire"}`},
	{"usage", usage(errors.New("no")), 2, "weir: no\nnext: weir logs --help\n", `{"code":"usage","message":"no","next":"weir logs --help"}`},
	{"advice", advise(usage(errors.New("no")), "do %s", "this"), 2, "weir: no\nnext: do this\n", `{"code":"usage","message":"no","next":"do this"}`},
	{"said already", exit(exitFindings), 3, "", ""},
	{"conflict", &exitErr{exitConflict, errors.New("there")}, 6, "weir: there\n", `{"code":"conflict","message":"there"}`},
	{"interrupted", fmt.Errorf("ask: %w", context.Canceled), 130, "", ""},
	{"deadline", fmt.Errorf("ask: %w", context.DeadlineExceeded), 124, "weir: ask: context deadline exceeded\n", `{"code":"timeout","message":"ask: context deadline exceeded"}`},
	{"timeout of a connection", fmt.Errorf("ask: %w", os.ErrDeadlineExceeded), 124, "weir: ask: i/o timeout\n", `{"code":"timeout","message":"ask: i/o timeout"}`},
	{"admin 401", &client.Error{Status: 401, Code: "missing_api_key", Message: "m", Next: "n", RequestID: "r"}, 4, "weir: m\nnext: n\n", `{"code":"missing_api_key","message":"m","next":"n","request_id":"r"}`},
	{"admin 403", &client.Error{Status: 403, Code: "scope_missing", Message: "m"}, 4, "weir: m\n", `{"code":"scope_missing","message":"m"}`},
	{"admin 404", &client.Error{Status: 404, Code: "route_not_found", Message: "m"}, 5, "weir: m\n", `{"code":"route_not_found","message":"m"}`},
	{"admin 409", &client.Error{Status: 409, Code: "x", Message: "m"}, 6, "weir: m\n", `{"code":"x","message":"m"}`},
	{"unknown variant", &client.Error{Status: 400, Code: "unknown_variant", Message: "m"}, 5, "weir: m\n", `{"code":"unknown_variant","message":"m"}`},
	{"admin 400", &client.Error{Status: 400, Code: "invalid_parameter", Message: "m", Next: "n"}, 2, "weir: m\nnext: n\n", `{"code":"invalid_parameter","message":"m","next":"n"}`},
	{"admin 500", &client.Error{Status: 500, Message: "m"}, 1, "weir: m\n", `{"code":"error","message":"m"}`},
	{"gateway 504", &refusal{504, "timeout_first_token", "m", "r"}, 124, "weir: m\n", `{"code":"timeout_first_token","message":"m","request_id":"r"}`},
	{"gateway 401 with advice", advise(&refusal{401, "invalid_api_key", "m", "r"}, "n"), 4, "weir: m\nnext: n\n", `{"code":"invalid_api_key","message":"m","next":"n","request_id":"r"}`},
	{"our own fault", fault.New(fault.NotFound, "route_not_found", "m").Mend("n"), 5, "weir: m\nnext: n\n", `{"code":"route_not_found","message":"m","next":"n"}`},
	{"definitions", usage(&definition.Error{Problems: definition.Problems{{Place: definition.Place{File: "a.yaml", Line: 2, Column: 3}, Message: "bad"}}}), 2,
		"weir: the definitions cannot be used\na.yaml:2:3: bad\nnext: mend them: weir validate checks them without running anything\n", `{"code":"usage","message":"the definitions cannot be used\na.yaml:2:3: bad","next":"mend them: weir validate checks them without running anything"}`},
	{"hostile", &client.Error{Status: 500, Message: "\x1b[2J\u009b", Next: "\x07"}, 1, "weir: \uFFFD[2J\uFFFD\nnext: \uFFFD\n", `{"code":"error","message":"\u001b[2J\u009b","next":"\u0007"}`},
}

func TestErrorsAsTextAndJSON(t *testing.T) {
	for _, f := range failures {
		for _, asJSON := range []bool{false, true} {
			var out strings.Builder
			a := &app{err: &out, json: asJSON}
			if code := a.report(f.err, "weir logs"); code != f.code {
				t.Errorf("%s: exit code %d, want %d", f.name, code, f.code)
			}
			want := f.text
			if asJSON && f.json != "" {
				want = f.json + "\n"
				if !json.Valid([]byte(out.String())) {
					t.Errorf("%s: not JSON: %s", f.name, out.String())
				}
			}
			if out.String() != want {
				t.Errorf("%s, JSON %t:\n got %q\nwant %q", f.name, asJSON, out.String(), want)
			}
		}
	}
}

// Each code has one meaning, and one word.
func TestExitCodesAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range exitCodes {
		if seen[c.word] || seen[fmt.Sprint(c.code)] || c.meaning == "" {
			t.Errorf("%+v", c)
		}
		seen[c.word], seen[fmt.Sprint(c.code)] = true, true
	}
	for _, code := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 124, 130} {
		if !seen[fmt.Sprint(code)] {
			t.Errorf("%d is not in the table", code)
		}
	}
}

func TestAsksJSON(t *testing.T) {
	for line, want := range map[string]bool{
		"logs -o json": true, "logs -ojson": true, "logs -o=json": true, "logs --output json": true, "logs --output=jsonl": true,
		"logs": false, "logs -o table": false, "logs -o": false, "logs -- -o json": false, "chat json": false, "logs --outcome=json": false,
	} {
		if got := asksJSON(strings.Fields(line)); got != want {
			t.Errorf("%q: %t", line, got)
		}
	}
}
