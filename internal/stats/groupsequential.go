package stats

import (
	"math"
	"slices"
)

// The score of a test with t of its information is a Brownian motion B(t), and
// B(t)/√t is its z: scores of two looks correlate with √(t1/t2). Boundaries come from
// carrying the density of B, where no look has stopped it yet, from look to look
// (Armitage, McPherson and Rowe 1969).

// OBrienFleming gives the nominal p-value of each look: the test stops with a p below
// it, and the chance of a false alarm at any look is alpha. fractions are the shares of
// the information at each look, rising, the last one 1. z_k = C/√t_k (O'Brien and Fleming
// 1979); two equal looks at .05, two-sided: .0052 and .0480. What does not rise
// gives NaN throughout.
func OBrienFleming(fractions []float64, alpha float64, sides int) []float64 {
	if !rising(fractions) {
		return allNaN(len(fractions))
	}
	spent := func(c float64) float64 {
		w, total := newWalk(sides), 0.0
		for i, t := range fractions {
			total += w.crossing(c, t)
			w.advance(c, t, next(fractions, i))
		}
		return total
	}
	// One look would need the quantile itself, looks that know nothing of each other Bonferroni's.
	most := -NormalQuantile(alpha / float64(sides*len(fractions)))
	c := root(func(c float64) float64 { return alpha - spent(c) }, -NormalQuantile(alpha/float64(sides)), most)
	out := make([]float64, len(fractions))
	for i, t := range fractions {
		out[i] = float64(sides) * NormalUpper(c/math.Sqrt(t))
	}
	return out
}

// Spending says how much of alpha may be spent by a share t of the information.
type Spending func(t, alpha float64) float64

// PowerSpending spends αt² (Kim and DeMets 1987 with ρ = 2): between Pocock's and
// O'Brien and Fleming's.
func PowerSpending(t, alpha float64) float64 { return alpha * t * t }

// OBrienFlemingSpending spends 2 P(Z > z_{α/2}/√t) (Lan and DeMets 1983).
func OBrienFlemingSpending(t, alpha float64) float64 {
	return 2 * NormalUpper(-NormalQuantile(alpha/2)/math.Sqrt(t))
}

// SpendAlpha gives the nominal p-value of each look (Lan and DeMets 1983). With two
// sides each spends alpha/2 on its own, as programs for trials have it. A look that
// brings less than a hundred-thousandth of the information has the value of the one before it.
func SpendAlpha(fractions []float64, alpha float64, sides int, spend Spending) []float64 {
	if !slices.IsSorted(fractions) || len(fractions) > 0 && !(fractions[0] > 0) {
		return allNaN(len(fractions))
	}
	w, spent := newWalk(1), 0.0
	out := make([]float64, len(fractions))
	for i, t := range fractions {
		if i > 0 && t-w.t < 1e-5 {
			out[i] = out[i-1]
			continue
		}
		now := spend(t, alpha/float64(sides))
		b := w.boundary(t, now-spent)
		spent = now
		out[i] = float64(sides) * NormalUpper(b/math.Sqrt(t))
		w.advance(b, t, next(fractions, i))
	}
	return out
}

// next is the look after i that brings information, or i itself.
func next(fractions []float64, i int) float64 {
	for _, t := range fractions[i:] {
		if t-fractions[i] >= 1e-5 {
			return t
		}
	}
	return fractions[i]
}

func rising(fractions []float64) bool {
	before := 0.0
	for _, t := range fractions {
		if !(t > before) {
			return false
		}
		before = t
	}
	return len(fractions) > 0
}

func allNaN(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
	}
	return out
}

// walk is the density of a score that no look has stopped: points with their masses.
type walk struct {
	sides    int
	t        float64 // of the last look
	at, mass []float64
}

func newWalk(sides int) *walk { return &walk{sides: sides, at: []float64{0}, mass: []float64{1}} }

// crossing is the chance to go beyond b, at the look at t, and not before.
func (w *walk) crossing(b, t float64) float64 {
	sd, sum := math.Sqrt(t-w.t), 0.0
	for i, y := range w.at {
		p := NormalUpper((b - y) / sd)
		if w.sides == 2 {
			p += NormalUpper((b + y) / sd)
		}
		sum += w.mass[i] * p
	}
	return sum
}

// boundary is the b that spends this much at the look at t.
func (w *walk) boundary(t, much float64) float64 {
	if !(much > 0) {
		return math.Inf(1)
	}
	end := 40 * math.Sqrt(t)
	return root(func(b float64) float64 { return w.crossing(b, t) - much }, -end, end)
}

// advance goes on to the look at t, which stops what is beyond b; the look after it is
// at after. Points are as close as the narrower of the two steps asks for.
func (w *walk) advance(b, t, after float64) {
	if after <= t { // no look comes any more that brings something
		w.t = t
		return
	}
	sd := math.Sqrt(t - w.t)
	width := min(sd, math.Sqrt(after-t))
	high, low := min(b, 9*math.Sqrt(t)), -9*math.Sqrt(t)
	if w.sides == 2 {
		low = -high
	}
	panels := int(math.Ceil((high - low) / (1.5 * width)))
	step := (high - low) / float64(panels)
	var at, mass []float64
	for k := range panels {
		mid := low + (float64(k)+0.5)*step
		for i, x := range gauss16.at {
			y := mid + x*step/2
			at = append(at, y)
			mass = append(mass, gauss16.weight[i]*step/2*w.density(y, sd))
		}
	}
	w.t, w.at, w.mass = t, at, mass
}

// density is that of the next score at y; the steps have standard deviation sd. Points
// beyond 9 of them add nothing.
func (w *walk) density(y, sd float64) float64 {
	from, _ := slices.BinarySearch(w.at, y-9*sd)
	sum := 0.0
	for i := from; i < len(w.at) && w.at[i] <= y+9*sd; i++ {
		z := (y - w.at[i]) / sd
		sum += w.mass[i] * math.Exp(-z*z/2)
	}
	return sum / (sd * math.Sqrt(2*math.Pi))
}
