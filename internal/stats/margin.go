package stats

import "math"

// MarginTest asks whether an effect, candidate minus baseline, is harmless.
type MarginTest struct {
	NonInferiorP  float64 // one-sided, against an effect as bad as the margin
	NonInferior   bool
	EquivalentP   float64 // the larger of two one-sided tests, against both margins
	Equivalent    bool
	TwoOneSidedCI Interval // at 1 - 2 alpha: within both margins when equivalent
}

// WithinMargin tests an estimate with standard error se and df degrees of freedom (+Inf
// for the normal distribution) against a margin above 0: non-inferiority, one-sided, in
// the harmful direction, and equivalence by two one-sided tests (Schuirmann 1987). Without
// an se above 0 the p-values are NaN and nothing is shown: a constant sample proves no safety.
func WithinMargin(estimate, se, df, margin float64, higherIsBetter bool, alpha float64) MarginTest {
	if !(se > 0) || math.IsInf(se, 1) || math.IsNaN(estimate) || !(df > 0) {
		nan := math.NaN()
		return MarginTest{NonInferiorP: nan, EquivalentP: nan, TwoOneSidedCI: Interval{nan, nan}}
	}
	above := StudentTail((estimate+margin)/se, df, Greater).P // against -margin
	below := StudentTail((estimate-margin)/se, df, Less).P    // against +margin
	half := se * StudentCritical(alpha, df, Greater)
	t := MarginTest{EquivalentP: max(above, below), TwoOneSidedCI: Interval{estimate - half, estimate + half}}
	if t.NonInferiorP = below; higherIsBetter {
		t.NonInferiorP = above
	}
	t.NonInferior, t.Equivalent = t.NonInferiorP < alpha, t.EquivalentP < alpha
	return t
}

// NonInferior reports whether harm of the size of the margin is excluded, and its p.
func NonInferior(estimate, se, df, margin float64, higherIsBetter bool, alpha float64) (shown bool, p float64) {
	t := WithinMargin(estimate, se, df, margin, higherIsBetter, alpha)
	return t.NonInferior, t.NonInferiorP
}

// Equivalent reports whether effects of the size of the margin are excluded both ways, and the p.
func Equivalent(estimate, se, df, margin, alpha float64) (shown bool, p float64) {
	t := WithinMargin(estimate, se, df, margin, true, alpha)
	return t.Equivalent, t.EquivalentP
}
