package stats

import "math"

// BestArmResult says whether one of several variants may be declared the best.
type BestArmResult struct {
	Leader    int     // with the greatest mean; the first of equals
	Least     float64 // the likelihood ratio against the closest other: +Inf where there is no variance
	Threshold float64
	Stop      bool
}

// BestArm is the stopping rule of track-and-stop (Garivier and Kaufmann 2016):
//
//	GLR = (gap + ε)²/(2 (v1/n1 + v2/n2)) > ln((1 + ln N)/δ)
//
// against every other variant, N being all observations. It takes rewards as
// independent: no units that come again, no drift.
func BestArm(means, variances []float64, counts []int64, epsilon, delta float64) BestArmResult {
	r := BestArmResult{Least: math.Inf(1)}
	total := 0.0
	for i, m := range means {
		total += float64(counts[i])
		if m > means[r.Leader] {
			r.Leader = i
		}
	}
	r.Threshold = math.Log((1 + math.Log(total)) / delta)
	one := r.Leader
	for i, m := range means {
		if i == one {
			continue
		}
		gap := means[one] - m + epsilon
		r.Least = min(r.Least, gap*gap/(2*(variances[one]/float64(counts[one])+variances[i]/float64(counts[i]))))
	}
	r.Stop = r.Least > r.Threshold
	return r
}
