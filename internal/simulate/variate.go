package simulate

import (
	"math"
	"math/rand/v2"
)

// count draws how many requests a user makes, at least one.
func (c Count) count(r *rand.Rand) int {
	n := c.Mean
	switch c.Kind {
	case Poisson:
		n = 1 + poisson(r, c.Mean-1) // who makes none is not seen
	case Pareto:
		least := c.Mean * (c.Shape - 1) / c.Shape
		n = least * math.Pow(1-r.Float64(), -1/c.Shape)
	}
	return int(min(max(math.Round(n), 1), float64(c.Most)))
}

// poisson multiplies uniforms (Knuth, volume 2, 3.4.1), in parts of at most 30 so
// that e^-mean stays a number: Poisson variables add up to one.
func poisson(r *rand.Rand, mean float64) (n float64) {
	for mean > 0 {
		part := min(mean, 30)
		mean -= part
		for p := r.Float64(); p > math.Exp(-part); p *= r.Float64() {
			n++
		}
	}
	return n
}

// beta draws a probability, as a ratio of gamma variables. Both may be so small
// that they vanish; the smaller the parameters are, the surer it is 0 or 1.
func beta(r *rand.Rand, a, b float64) float64 {
	x, y := gamma(r, a), gamma(r, b)
	if x+y == 0 {
		if r.Float64() < a/(a+b) {
			return 1
		}
		return 0
	}
	return x / (x + y)
}

// gamma draws by Marsaglia and Tsang (2000), with their boost below 1.
func gamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(r, shape+1) * math.Pow(1-r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// upperNormal is the share of a normal distribution above z, with its digits.
func upperNormal(z float64) float64 { return math.Erfc(z/math.Sqrt2) / 2 }
