package stats

import "math"

// EventSplit asks of events alone whether the candidate has more than its share of
// them: given that an event happened, it is the candidate's with a probability that
// is the candidate's share of the traffic, whatever the rate of events and however it
// drifts. The test is exact, may be looked at after every event, and needs no
// variance (Lindon and Malek 2022, arXiv 2011.03567). Where events come in bursts from
// the same unit, what is counted is units with a first event.
//
// With t events of the candidate and k of the baseline, w the share of the first
// period, c the concentration and w_i the share at the time of each:
//
//	BF = B(wc + t, (1-w)c + k) / (B(wc, (1-w)c) Π w_i^t_i (1-w_i)^k_i)
type EventSplit struct {
	share, concentration float64
	baseline, candidate  int64
	drift                float64 // Σ ln of the first share over each period's
	expected             float64 // events that would be the candidate's by its shares
	most, harm           float64 // greatest log Bayes factor so far; of moments above the share
}

// NewEventSplit starts with the candidate's share of traffic, between 0 and 1; a
// concentration of 20 makes it quick to see rates that double.
func NewEventSplit(share, concentration float64) *EventSplit {
	return &EventSplit{share: share, concentration: concentration}
}

// Add adds events that happened while the candidate had this share of the traffic. A
// call is one look.
func (s *EventSplit) Add(baseline, candidate int64, share float64) {
	s.baseline += baseline
	s.candidate += candidate
	s.expected += share * float64(baseline+candidate)
	if share != s.share {
		s.drift += float64(candidate)*math.Log(s.share/share) + float64(baseline)*(math.Log1p(-s.share)-math.Log1p(-share))
	}
	log := s.LogBayesFactor()
	s.most = max(s.most, log)
	if s.Above() {
		s.harm = max(s.harm, log)
	}
}

// LogBayesFactor is the evidence, as it stands, that the candidate's events are not its share.
func (s *EventSplit) LogBayesFactor() float64 {
	n := []int64{s.candidate, s.baseline}
	return logDirichletFactor(n, []float64{s.share, 1 - s.share}, s.concentration) + s.drift
}

// Above reports whether the candidate has more events than its share.
func (s *EventSplit) Above() bool { return float64(s.candidate) > s.expected }

// P is the least 1/BF of all looks so far, at most 1: valid at whatever time one stops.
func (s *EventSplit) P() float64 { return math.Exp(-s.most) }

// HarmP is P of the looks at which the candidate had more than its share: harm is
// shown at alpha when it is below alpha, and fewer events never show it.
func (s *EventSplit) HarmP() float64 { return math.Exp(-s.harm) }
