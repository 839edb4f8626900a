package experiment

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// A weight is kept in billionths, as an integer: 90 of 100 and 0.9 of 1 give
// the very same boundary, and no float is compared when a unit is assigned.
const (
	billion       = 1_000_000_000
	unitTolerance = 0.001 + 1e-9 // of a sum of 1; the second term is for 0.333 × 3 in binary
	percentSlack  = 1e-6         // of a sum of 100: rounding of floats, nothing more
)

// Split shares all units among variants by weight, in the order given, which
// is therefore part of the definition. Weights sum to 1 (± 0.001) or to 100. A
// weight of zero is an Empty arm, which can be forced but gets nobody by chance.
//
// The first variant is marked Baseline and, of two, the other is marked
// Candidate; a definition that says otherwise marks them itself.
//
// With two variants there is one boundary, and a new weight moves only the
// units between the old and the new one. With three or more a new weight moves
// units everywhere, so Set.CheckChange refuses it while the experiment runs.
func Split(variants []*Variant, weights []float64) ([]Arm, error) {
	if err := distinct(variants, len(weights)); err != nil {
		return nil, err
	}
	share, total, err := billionths(variants, weights)
	if err != nil {
		return nil, err
	}
	arms := make([]Arm, len(variants))
	var before uint64
	for i, v := range variants {
		after := before + share[i]
		arms[i] = Arm{Variant: v, Probability: float64(share[i]) / float64(total)}
		arms[i].own(boundary(before, total), boundary(after, total), share[i] > 0)
		before = after
	}
	arms[0].Baseline = true
	if len(arms) == 2 {
		arms[1].Candidate = true
	}
	return arms, nil
}

// TwoEnded shares units for a canary of share w, 0 to 1. Up to one half the
// candidate owns [0, w) and the enrolled baseline [1-w, 1), as many hashes
// exactly; the middle is served the baseline and is not enrolled. Raising w
// therefore only adds users to either end: nobody leaves the candidate, nobody
// crosses over, and the two groups compared stay equal in size and concurrent.
//
// Above one half the candidate owns [0, w) and the rest is served the baseline
// and is not enrolled: some who were the enrolled baseline have become
// candidates, so no comparison is promised there. Absolute limits and drift
// from what one half showed are what is left.
func TwoEnded(baseline, candidate *Variant, share float64) ([]Arm, error) {
	if err := distinct([]*Variant{baseline, candidate}, 2); err != nil {
		return nil, err
	}
	w, err := shareOf(share)
	if err != nil {
		return nil, err
	}
	p := float64(w) / billion
	c := Arm{Variant: candidate, Candidate: true, Probability: p}
	c.own(0, boundary(w, billion), w > 0)
	b := Arm{Variant: baseline, Baseline: true, Empty: true}
	if w <= billion/2 {
		b.Probability = p
		b.own(-boundary(w, billion), 0, w > 0) // 2^64 less the boundary: the mirror image
	}
	return []Arm{c, b}, nil
}

// shareOf reads a share as billionths.
func shareOf(share float64) (uint64, error) {
	if math.IsNaN(share) || share < 0 || share > 1 {
		hint := ""
		if share > 1 && share <= 100 {
			hint = fmt.Sprintf(": for %v %% write %v", share, share/100)
		}
		return 0, fmt.Errorf("share %v is not between 0 and 1%s", share, hint)
	}
	w := uint64(math.Round(share * billion))
	if w == 0 && share > 0 {
		return 0, fmt.Errorf("share %v is less than a billionth", share)
	}
	return w, nil
}

// own gives the arm [from, end). An end of 0 stands for 2^64, one past the
// last hash.
func (a *Arm) own(from, end uint64, some bool) {
	if a.Empty = !some; some {
		a.From, a.To = from, end-1
	}
}

// boundary is floor(part/total × 2^64), and 0 (2^64, wrapped) for the whole.
func boundary(part, total uint64) uint64 {
	if part >= total {
		return 0
	}
	q, _ := bits.Div64(part, 0, total)
	return q
}

// billionths turns weights into integers and says what they sum to. A sum
// within the tolerance counts as whole: the shares are of the sum, so that the
// shortfall is spread over all variants and not given to the last.
func billionths(variants []*Variant, weights []float64) (share []uint64, total uint64, err error) {
	sum := 0.0
	for i, w := range weights {
		if math.IsNaN(w) || math.IsInf(w, 0) || w < 0 {
			return nil, 0, fmt.Errorf("weight %v of variant %q is not a number from 0 up", w, variants[i].Name)
		}
		sum += w
	}
	scale := 0.0
	switch {
	case math.Abs(sum-1) <= unitTolerance:
		scale = billion
	case math.Abs(sum-100) <= percentSlack:
		scale = billion / 100
	default:
		return nil, 0, fmt.Errorf("weights %s sum to %s: they must sum to 1 (± 0.001) or to 100", list(weights), number(sum))
	}
	share = make([]uint64, len(weights))
	for i, w := range weights {
		share[i] = uint64(math.Round(w * scale))
		if share[i] == 0 && w > 0 {
			return nil, 0, fmt.Errorf("weight %v of variant %q is less than a billionth of the whole", w, variants[i].Name)
		}
		total += share[i]
	}
	return share, total, nil
}

// distinct checks that there are variants to compare, each with a name of its own.
func distinct(variants []*Variant, weights int) error {
	if len(variants) < 2 {
		return fmt.Errorf("%d variant(s): a comparison needs at least two", len(variants))
	}
	if len(variants) != weights {
		return fmt.Errorf("%d variants and %d weights: each variant needs one", len(variants), weights)
	}
	seen := make(map[string]bool, len(variants))
	for _, v := range variants {
		if seen[v.Name] {
			return fmt.Errorf("two variants are named %q: give each a name of its own", v.Name)
		}
		seen[v.Name] = true
	}
	return nil
}

func list(weights []float64) string {
	s := make([]string, len(weights))
	for i, w := range weights {
		s[i] = number(w)
	}
	return strings.Join(s, ", ")
}

// number prints at most nine digits, so that 0.1+0.2 reads 0.3.
func number(f float64) string { return strconv.FormatFloat(f, 'g', 9, 64) }
