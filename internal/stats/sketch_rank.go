package stats

import "math"

// ranks is a sketch read as a distribution: counts of bins in order, the values of
// one bin taken as spread evenly over its width of 2 %. Bins alone would make the
// distance of two neighbouring ranks 0 or 2 %, and a standard error of that.
type ranks struct {
	bins  []rankBin
	total float64
}

type rankBin struct {
	index     int // leastBin-1 holds the zeros
	low, high float64
	before, n float64 // values below, values in it
}

func (s *Sketch) ranks() ranks {
	var r ranks
	if z := s.bins.GetZeroCount(); z > 0 {
		r.add(rankBin{index: leastBin - 1, n: z})
	}
	s.bins.GetPositiveValueStore().ForEach(func(bin int, n float64) bool {
		r.add(rankBin{index: bin, low: scale.LowerBound(bin), high: scale.LowerBound(bin + 1), n: n})
		return false
	})
	return r
}

func (r *ranks) add(b rankBin) {
	b.before = r.total
	r.bins = append(r.bins, b)
	r.total += b.n
}

// at gives the bin that holds a rank from 0 to total, and how far in it is.
func (r ranks) at(rank float64) (b rankBin, into float64) {
	for _, b = range r.bins {
		if rank <= b.before+b.n {
			break
		}
	}
	return b, min(max((rank-b.before)/b.n, 0), 1)
}

// value is the value at a rank; infinite beyond the ranks there are.
func (r ranks) value(rank float64) float64 {
	switch {
	case rank < 0:
		return math.Inf(-1)
	case rank > r.total:
		return math.Inf(1)
	}
	b, into := r.at(rank)
	return b.low + into*(b.high-b.low)
}

// CountBelow is how many values are at most v, give or take those within 1 % of it.
func (s *Sketch) CountBelow(v float64) int64 {
	n := int64(0)
	for _, b := range s.ranks().bins {
		if math.Sqrt(b.low*b.high) > v {
			break
		}
		n += int64(b.n)
	}
	return n
}
