package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be the program too: scripts and tests that need
// a process of its own run it under the name weir.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"weir": main})
}
