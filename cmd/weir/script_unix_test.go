//go:build unix

package main

import "testing"

// Scripts that interrupt what they began.
func TestSignals(t *testing.T) { runScripts(t, "testdata/script/unix") }
