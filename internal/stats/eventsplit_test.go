package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Looked at after every event, with a share that grows and a base rate that does not
// matter, the test must alarm in at most alpha of the runs.
func TestEventSplitHoldsUnderPeeking(t *testing.T) {
	const alpha, runs, events = 0.05, 4000, 400
	r := rand.New(rand.NewPCG(5, 6))
	alarms, harms := 0, 0
	for range runs {
		s := NewEventSplit(0.05, 20)
		for i := range events {
			share := []float64{0.05, 0.1, 0.25, 0.5}[i*4/events]
			if r.Float64() < share {
				s.Add(0, 1, share)
			} else {
				s.Add(1, 0, share)
			}
		}
		alarms += one(s.P() < alpha)
		harms += one(s.HarmP() < alpha)
	}
	if alarms > alpha*runs || harms > alarms {
		t.Errorf("%d alarms and %d of harm in %d runs", alarms, harms, runs)
	}
	if alarms == 0 {
		t.Error("no alarm at all: the simulation shows nothing")
	}
}

// A canary at 5 % with errors at 10 % for 1 %: found after a median of 70 to 110 of its
// requests at alpha .0017 (90 in the plan's simulation), nearly always within 400.
func TestEventSplitFindsHarm(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	const runs = 300
	within, early := 0, 0
	for range runs {
		s, canary := NewEventSplit(0.05, 20), 0
		for canary < 400 && s.HarmP() >= 0.0017 {
			if r.Float64() < 0.05 {
				if canary++; r.Float64() < 0.10 {
					s.Add(0, 1, 0.05)
				}
			} else if r.Float64() < 0.01 {
				s.Add(1, 0, 0.05)
			}
		}
		within, early = within+one(canary < 400), early+one(canary < 90)
	}
	if within < runs*95/100 || early < runs*35/100 || early > runs*65/100 {
		t.Errorf("found in %d of %d runs, in %d before the 90th request", within, runs, early)
	}
}

func TestFewerEventsAreNoHarm(t *testing.T) {
	s := NewEventSplit(0.5, 20)
	s.Add(300, 0, 0.5)
	if s.HarmP() != 1 || s.P() > 1e-10 || s.Above() {
		t.Errorf("harm p %v, p %v", s.HarmP(), s.P())
	}
	// The running p does not rise again; the evidence as it stands may fall.
	p := s.P()
	s.Add(0, 300, 0.5)
	if s.P() != p || s.LogBayesFactor() > 1 {
		t.Errorf("p %v after %v, log BF %v", s.P(), p, s.LogBayesFactor())
	}
}

// One event at a time, or all at once: the evidence is the same.
func TestEventSplitDoesNotDependOnBatches(t *testing.T) {
	a, b := NewEventSplit(0.1, 20), NewEventSplit(0.1, 20)
	a.Add(90, 10, 0.1)
	a.Add(30, 12, 0.25)
	for range 10 {
		b.Add(9, 1, 0.1)
		b.Add(3, 0, 0.25)
	}
	b.Add(0, 12, 0.25)
	if math.Abs(a.LogBayesFactor()-b.LogBayesFactor()) > 1e-12 {
		t.Errorf("%v, %v", a.LogBayesFactor(), b.LogBayesFactor())
	}
}
