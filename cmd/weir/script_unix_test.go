//go:build unix

package main

import "testing"

// Scripts that interrupt what they began.
func TestSignals(t *testing.T) {
	t.Parallel()
	runScripts(t, "testdata/script/unix")
}
