package telemetry

// Kind is what the values of a family mean.
type Kind uint8

// The kinds of families.
const (
	KindCounter   Kind = iota // only ever rises
	KindGauge                 // rises and falls
	KindHistogram             // observations by bucket, with their sum
)

// String returns the kind's name in Prometheus' words.
func (k Kind) String() string {
	switch k {
	case KindCounter:
		return "counter"
	case KindGauge:
		return "gauge"
	case KindHistogram:
		return "histogram"
	}
	return "unknown"
}

// Family is one family as it was when Gather read it. It is a copy, except
// Labels and a histogram's Bounds, which are shared and must not be written to.
type Family struct {
	Name    string
	Help    string
	Kind    Kind
	Labels  []string // names, in the order of Sample.Values
	Samples []Sample // ordered by Values
}

// Sample is one series as it was when Gather read it.
type Sample struct {
	Values  []string // of the labels; valid UTF-8, at most MaxLabelBytes each; shared, read only
	Value   float64  // of a counter or gauge
	Buckets *Buckets // of a histogram, else nil
}

// Buckets is what a histogram held at one reading. Cumulative never falls from
// one bound to the next nor from one reading to the next, and Count is the total
// over all buckets, the one to infinity included.
type Buckets struct {
	Bounds     []float64 // upper ends in seconds, without infinity; shared, read only
	Cumulative []uint64  // observations at or below each of Bounds
	Count      uint64
	Sum        float64 // seconds
}
