package stats

import (
	"math"
	"slices"
)

// RankTest is the result of a Mann-Whitney test.
type RankTest struct {
	U              float64 // of b: pairs in which b is greater, ties a half
	P              float64 // normal approximation; NaN when all values are tied
	Log10P         float64
	ExactP         float64 // permutation distribution given the ties; NaN when the samples are too great for it
	CommonLanguage float64 // U/(n_a n_b): the chance that a b exceeds an a
	Status         Status
	Reason         string
}

// MannWhitney tests whether one sample tends to be greater than the other (Mann and
// Whitney 1947), with mid-ranks, the variance corrected for ties and a continuity
// correction of a half. It says nothing of means, misses a pure change of spread,
// and takes each value as independent: not for requests that cluster by user.
func MannWhitney(a, b []float64, alt Alternative) RankTest {
	nan := math.NaN()
	r := RankTest{U: nan, P: nan, Log10P: nan, ExactP: nan, CommonLanguage: nan, Status: Undefined}
	na, nb := float64(len(a)), float64(len(b))
	if na == 0 || nb == 0 {
		r.Reason = "one of the samples is empty"
		return r
	}
	ranksB, ties := midRanks(a, b) // twice the ranks
	twice := 0.0
	for _, x := range ranksB {
		twice += x
	}
	r.U = twice/2 - nb*(nb+1)/2
	r.CommonLanguage = r.U / na / nb
	r.ExactP = exactRank(len(a), len(b), ties, int(twice), alt)
	n := na + nb
	lost := 0.0
	for _, t := range ties {
		t := float64(t)
		lost += t * t * t / n * (1 - 1/t/t) / (n - 1)
	}
	variance := na * nb / 12 * (n + 1 - lost)
	if len(ties) == 1 {
		r.Reason = "all values are tied, so no rank differs"
		return r
	}
	p := NormalTail(corrected(r.U-na*nb/2, alt)/math.Sqrt(variance), alt)
	r.P, r.Log10P, r.Status = p.P, p.Log10P, OK
	return r
}

// corrected moves a deviation by a half towards a greater p-value; two-sided not
// past 0.
func corrected(d float64, alt Alternative) float64 {
	switch {
	case alt == Greater:
		return d - 0.5
	case alt == Less:
		return d + 0.5
	}
	return max(0, math.Abs(d)-0.5)
}

// midRanks gives twice the mid-ranks of b's values among both samples, and the
// sizes of the groups of equal values, least first.
func midRanks(a, b []float64) (ofB []float64, ties []int) {
	type value struct {
		x float64
		b bool
	}
	all := make([]value, 0, len(a)+len(b))
	for _, x := range a {
		all = append(all, value{x, false})
	}
	for _, x := range b {
		all = append(all, value{x, true})
	}
	slices.SortFunc(all, func(p, q value) int {
		switch {
		case p.x < q.x:
			return -1
		case p.x > q.x:
			return 1
		}
		return 0
	})
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].x == all[i].x {
			j++
		}
		for _, v := range all[i:j] {
			if v.b {
				ofB = append(ofB, float64(i+1+j))
			}
		}
		ties = append(ties, j-i)
		i = j
	}
	return ofB, ties
}

// exactSteps bounds the work of the exact distribution: about a tenth of a second.
const exactSteps = 100_000_000

// exactRank is the p-value of twice the rank sum of b among all ways to deal the
// values to samples of these sizes. Two-sided it is twice the smaller tail. Counts
// of ways are added up value by value, by how many went to b and their rank sum;
// they are whole numbers in floats, with relative errors of 1e-14.
func exactRank(na, nb int, ties []int, twice int, alt Alternative) float64 {
	n := na + nb
	most := nb * (na + n + 1) // of twice the rank sum: the last nb ranks
	if float64(n)*float64(nb)*float64(most) > exactSteps || n > 1000 {
		return math.NaN()
	}
	ways := make([][]float64, nb+1) // [how many][twice the sum]
	for i := range ways {
		ways[i] = make([]float64, most+1)
	}
	ways[0][0] = 1
	before := 0
	for _, t := range ties {
		rank := 2*before + t + 1
		for range t {
			before++
			for k := min(before, nb); k >= 1; k-- {
				for s := most; s >= rank; s-- {
					ways[k][s] += ways[k-1][s-rank]
				}
			}
		}
	}
	var below, above, all float64
	for s, w := range ways[nb] {
		all += w
		if s <= twice {
			below += w
		}
		if s >= twice {
			above += w
		}
	}
	switch alt {
	case Less:
		return below / all
	case Greater:
		return above / all
	}
	return min(1, 2*min(below, above)/all)
}
