package stats

// Interval holds what is between two bounds; one of them may be infinite.
type Interval struct{ Low, High float64 }
