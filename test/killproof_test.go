//go:build proof

package test

import (
	"testing"
	"time"
)

// TestKillProof kills Weir TIMES times. scripts/proof/kill.sh runs it.
func TestKillProof(t *testing.T) {
	times := numberFrom(t, "TIMES", 1000)
	out := newFigures(t)
	began := time.Now()
	killAndCompare(t, times)
	out.line("Weir was killed %d times in %.0f s, on one folder, with 16 clients asking without a pause.", times, time.Since(began).Seconds())
}
