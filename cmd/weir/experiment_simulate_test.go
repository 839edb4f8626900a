package main

import (
	"bytes"
	"strings"
	"testing"
)

// A person at a terminal sees how far it is, on standard error and on one line
// that goes away; a program sees the result alone.
func TestSimulateShowsProgressOnATerminal(t *testing.T) {
	for _, terminal := range []bool{true, false} {
		var out, said bytes.Buffer
		a := &app{in: strings.NewReader(""), out: &out, err: &said, env: func(string) (string, bool) { return "", false }, terminal: terminal}
		if code := a.run([]string{"experiment", "simulate", "--replicates", "40", "--users", "40", "--looks", "0"}); code != exitOK {
			t.Fatalf("exit %d: %s", code, said.String())
		}
		if !strings.Contains(out.String(), "Weir, by unit") || strings.Contains(out.String(), "\r") {
			t.Errorf("terminal %v: standard output:\n%s", terminal, out.String())
		}
		if shown := strings.Contains(said.String(), "simulating "); shown != terminal {
			t.Errorf("terminal %v: standard error: %q", terminal, said.String())
		}
		if terminal && !strings.HasSuffix(said.String(), "\r\033[K") {
			t.Errorf("the line stays: %q", said.String())
		}
	}
}
