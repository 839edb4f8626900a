package store

import (
	"slices"

	"github.com/weirhq/weir/internal/meter"
)

// Add adds o to s. A sum beyond what can be counted stays at the end of the range
// (meter.Plus): engines add alike, and Beyond tells.
func (s *LedgerSums) Add(o LedgerSums) {
	s.Requests = meter.Plus(s.Requests, o.Requests)
	s.Errors = meter.Plus(s.Errors, o.Errors)
	s.Input = meter.Plus(s.Input, o.Input)
	s.Cached = meter.Plus(s.Cached, o.Cached)
	s.CacheWrite = meter.Plus(s.CacheWrite, o.CacheWrite)
	s.Output = meter.Plus(s.Output, o.Output)
	s.Reasoning = meter.Plus(s.Reasoning, o.Reasoning)
	s.Cost = meter.Plus(s.Cost, o.Cost)
	s.Estimated = meter.Plus(s.Estimated, o.Estimated)
	s.Guessed = meter.Plus(s.Guessed, o.Guessed)
	s.Unpriced = meter.Plus(s.Unpriced, o.Unpriced)
}

// Beyond reports that one of the sums is more, or less, than can be counted, and
// by how much nobody knows.
func (s *LedgerSums) Beyond() bool {
	list := s.list()
	return slices.ContainsFunc(list[:], meter.Beyond[int64])
}
