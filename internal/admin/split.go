package admin

import (
	"fmt"
	"math"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
)

// Split holds the units that the arms of an experiment got against those they
// should have got. Units are counted, each once: users who ask often weigh no
// more than others, as chance has it.
type Split struct {
	Experiment string     `json:"experiment"`
	Epoch      int        `json:"epoch"`
	From       time.Time  `json:"from,omitzero" doc:"when the first of the requests came"`
	To         time.Time  `json:"to,omitzero" doc:"when the last of them came"`
	Requests   int64      `json:"requests" doc:"that were looked at: the last ones, of units that take part"`
	Units      int64      `json:"units" doc:"that made them"`
	Arms       []SplitArm `json:"arms"`
	ChiSquare  float64    `json:"chi_square" doc:"Pearson's, of units against expected units"`
	Degrees    int        `json:"degrees"`
	P          float64    `json:"p_value" doc:"how likely a split as far off, or further, is by chance"`
	Verdict    string     `json:"verdict" enum:"as_expected,wrong,too_few" doc:"wrong: p_value is below 0.001. Look for a bot, a cache in front, or units that change their id"`
	Text       string     `json:"text" doc:"the verdict as a sentence"`
}

// SplitArm is one arm of a Split.
type SplitArm struct {
	Variant  string  `json:"variant"`
	Expected float64 `json:"expected_share" doc:"of the units that take part"`
	Observed float64 `json:"observed_share"`
	Units    int64   `json:"units"`
}

// Of a split: below wrongSplit it is called wrong (Fabijan et al. 2019, "Diagnosing
// Sample Ratio Mismatch", use 0.0005 to 0.01); below fewestExpected units in an arm
// chi-square says nothing.
const (
	wrongSplit     = 0.001
	fewestExpected = 5
)

// splitOf compares the events of an experiment with its arms. Events from before
// the arms had the shares they have now are left out.
func splitOf(e *experiment.Experiment, events []*event.Event) Split {
	s := Split{Experiment: e.Name, Epoch: e.Epoch, P: 1, Arms: []SplitArm{}}
	at := map[string]int{}
	total := 0.0
	for _, a := range e.Arms {
		if a.Stopped || a.Empty || a.Probability <= 0 {
			continue
		}
		at[a.Variant.Name] = len(s.Arms)
		s.Arms = append(s.Arms, SplitArm{Variant: a.Variant.Name, Expected: a.Probability})
		total += a.Probability
	}
	seen := map[string]bool{}
	for _, ev := range events {
		i, ok := s.countable(ev, at)
		if !ok {
			continue
		}
		s.Requests++
		if s.To.IsZero() {
			s.To = ev.Time
		}
		s.From = ev.Time
		if !seen[ev.Unit] {
			seen[ev.Unit] = true
			s.Units++
			s.Arms[i].Units++
		}
	}
	for i := range s.Arms {
		s.Arms[i].Expected /= total
	}
	s.judge()
	return s
}

// countable finds the arm of an event that takes part in the experiment as it is.
func (s *Split) countable(e *event.Event, at map[string]int) (arm int, ok bool) {
	if e.Unit == "" || len(e.Assignments) == 0 {
		return 0, false
	}
	a := &e.Assignments[0]
	arm, known := at[a.Variant]
	return arm, known && a.Enrolled && a.Experiment == s.Experiment && a.Epoch == s.Epoch && math.Abs(a.Probability-s.Arms[arm].Expected) < 1e-9
}

// judge computes Pearson's chi-square and says what it means.
func (s *Split) judge() {
	s.Degrees = max(len(s.Arms)-1, 0)
	enough := s.Degrees > 0
	for i := range s.Arms {
		a := &s.Arms[i]
		expected := a.Expected * float64(s.Units)
		enough = enough && expected >= fewestExpected
		if s.Units > 0 {
			a.Observed = float64(a.Units) / float64(s.Units)
			s.ChiSquare += (float64(a.Units) - expected) * (float64(a.Units) - expected) / expected
		}
	}
	if !enough {
		s.Verdict, s.Text = "too_few", fmt.Sprintf("too few units to say: %d", s.Units)
		return
	}
	s.P = chiSquareTail(s.ChiSquare, s.Degrees)
	s.Verdict, s.Text = "as_expected", fmt.Sprintf("the split of %d units is as expected (p = %.2g)", s.Units, s.P)
	if s.P < wrongSplit {
		s.Verdict, s.Text = "wrong", fmt.Sprintf("the split of %d units is not the one that was asked for (p = %.2g): do not trust the comparison until this is explained", s.Units, s.P)
	}
}

// chiSquareTail is the chance that a chi-square variable is at least x: the closed
// forms for whole degrees (Abramowitz and Stegun 1964, 26.4.4 and 26.4.5).
func chiSquareTail(x float64, degrees int) float64 {
	if x <= 0 {
		return 1
	}
	sum, term, tail := 0.0, math.Exp(-x/2), 0.0
	first := 2
	if degrees%2 == 1 {
		tail = math.Erfc(math.Sqrt(x / 2))
		term *= math.Sqrt(2 * x / math.Pi)
		first = 3
	}
	for i := first; i <= degrees; i += 2 {
		sum += term
		term *= x / float64(i)
	}
	return min(tail+sum, 1)
}
