package stats

import "math"

// Sizes of samples are not rounded: who plans rounds up. A size that no number of
// units reaches is +Inf; a size that makes no sense (a power not above alpha) is NaN.

// reach is z of alpha and of the power, added: how many standard errors an effect has
// to be for a test at alpha to find it with that power.
func reach(alpha, power float64, alt Alternative) float64 {
	if !(power > alpha) {
		return math.NaN()
	}
	return NormalCritical(alpha, alt) + NormalQuantile(power)
}

// SampleSizeMeans is the size of the first group for a standardised effect d (difference
// over standard deviation) and a second group ratio times as large:
// (1 + 1/ratio) (z_α + z_power)²/d².
func SampleSizeMeans(d, alpha, power, ratio float64, alt Alternative) float64 {
	if !facing(d, alt) {
		return math.Inf(1)
	}
	z := reach(alpha, power, alt)
	return (1 + 1/ratio) * z * z / (d * d)
}

// facing reports whether an effect lies where the alternative looks.
func facing(d float64, alt Alternative) bool {
	return d != 0 && (alt == TwoSided || (d > 0) == (alt == Greater))
}

// SampleSizeMeansT is SampleSizeMeans for the t test: the size at which the noncentral
// t distribution gives the power. It needs two units more or so.
func SampleSizeMeansT(d, alpha, power, ratio float64, alt Alternative) float64 {
	if !facing(d, alt) {
		return math.Inf(1)
	}
	start := SampleSizeMeans(d, alpha, power, ratio, alt)
	if math.IsNaN(start) {
		return start
	}
	short := func(n float64) float64 { return PowerMeansT(d, n, ratio*n, alpha, alt) - power }
	least := 2.05 / (1 + ratio) // a twentieth of a degree of freedom
	most := 2*start + 8
	for short(most) < 0 {
		most *= 2
	}
	if near := start / 2; near > 2*least && short(near) < 0 { // far fewer looks than from least
		least = near
	} else if short(least) > 0 {
		return least
	}
	return root(short, least, most)
}

// PowerMeans is the power of a z test with effect d and groups of n1 and n2.
func PowerMeans(d, n1, n2, alpha float64, alt Alternative) float64 {
	shift := d * math.Sqrt(n1*n2/(n1+n2))
	z := NormalCritical(alpha, alt)
	switch alt {
	case Greater:
		return NormalUpper(z - shift)
	case Less:
		return NormalUpper(z + shift)
	}
	return NormalUpper(z-shift) + NormalUpper(z+shift)
}

// PowerMeansT is the power of the t test, from the noncentral t distribution with
// n1 + n2 - 2 degrees of freedom.
func PowerMeansT(d, n1, n2, alpha float64, alt Alternative) float64 {
	df, shift := n1+n2-2, d*math.Sqrt(n1*n2/(n1+n2))
	t := StudentCritical(alpha, df, alt)
	switch alt {
	case Greater:
		return noncentralUpper(t, df, shift)
	case Less:
		return noncentralUpper(t, df, -shift)
	}
	return noncentralUpper(t, df, shift) + noncentralUpper(t, df, -shift)
}

// SampleSizeProportions is the size of each of two equal groups, three ways: with the
// variance pooled under the hypothesis of no effect, as the pooled z test has it, with
// the variances of both rates, and with the arcsine transformation (which counts both
// tails of a two-sided test, as programs for it do).
func SampleSizeProportions(a, b, alpha, power float64, alt Alternative) (pooled, unpooled, arcsine float64) {
	h := 2*math.Asin(math.Sqrt(b)) - 2*math.Asin(math.Sqrt(a))
	if !facing(b-a, alt) {
		return math.Inf(1), math.Inf(1), math.Inf(1)
	}
	z := reach(alpha, power, alt)
	mean, variance, gap := (a+b)/2, a*(1-a)+b*(1-b), b-a
	zs := NormalCritical(alpha, alt)*math.Sqrt(2*mean*(1-mean)) + NormalQuantile(power)*math.Sqrt(variance)
	pooled = zs * zs / (gap * gap)
	if math.IsNaN(z) {
		pooled = z
	}
	arcsine = 2 * z * z / (h * h)
	if alt == TwoSided && arcsine > 0 {
		// The other tail adds a little power, so a little less will do.
		arcsine = root(func(n float64) float64 { return PowerMeans(h, n, n, alpha, alt) - power }, arcsine/2, arcsine*1.001)
	}
	return pooled, z * z * variance / (gap * gap), arcsine
}

// MDE is the least effect that a two-sided test at alpha finds with the power, for an
// estimate with standard error se: (z_{α/2} + z_power) SE.
func MDE(se, alpha, power float64) float64 { return reach(alpha, power, TwoSided) * se }

// DesignEffect is by how much units that send several requests inflate the variance: that of
// the estimate by unit over that of the same estimate with requests taken as
// independent. A sample has to be so many times as large.
func DesignEffect(byUnit, naive float64) float64 {
	if !(naive > 0) {
		return math.NaN()
	}
	return byUnit / naive
}

// PowerProportions is the power of the pooled two-sided z test with n in each group,
// false alarms in the wrong direction counted, as programs for planning have it.
func PowerProportions(a, b, n, alpha float64) float64 {
	mean, gap := (a+b)/2, (b-a)*math.Sqrt(n)
	z := NormalCritical(alpha, TwoSided) * math.Sqrt(2*mean*(1-mean))
	sd := math.Sqrt(a*(1-a) + b*(1-b))
	return NormalUpper((z-gap)/sd) + NormalUpper((z+gap)/sd)
}

// SampleSizeProportionsZ is the size of each of two equal groups at which
// PowerProportions is the power: the pooled formula less what the other tail adds.
func SampleSizeProportionsZ(a, b, alpha, power float64) float64 {
	pooled, _, _ := SampleSizeProportions(a, b, alpha, power, TwoSided)
	if math.IsNaN(pooled) || math.IsInf(pooled, 0) {
		return pooled
	}
	return root(func(n float64) float64 { return PowerProportions(a, b, n, alpha) - power }, 0, pooled*1.001+1)
}
