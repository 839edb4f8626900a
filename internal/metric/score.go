package metric

import "github.com/weirhq/weir/internal/event"

// ScoreMeasure names the measure of the scores of a name from a source: their sum
// in micro-units, over how many there are. A name holds no colon; a source may.
func ScoreMeasure(name, source string) string { return "score:" + name + ":" + source }

// Score is the metric of the scores of a name from a source: an evaluator, a
// judge, or an outcome of the caller's own that comes through feedback. Of kind
// Rate it reads what is 0 or 1, of kind Mean any number.
func Score(name, source string, kind Kind, direction Direction) Metric {
	m := Metric{
		Name: name, Meaning: "score " + name + " from " + source + ", of those given", Kind: kind, Direction: direction, Unit: "points",
		Measure: ScoreMeasure(name, source), Scale: 1e-6,
	}
	if kind == Rate {
		m.Unit = "share"
	}
	return m
}

// Amount is what a score adds to a measure.
type Amount struct {
	Measure string
	X, Y    int64
}

// OfScore gives what a score adds to the measures of what its event counted for.
// Those whose denominator are requests had it from the event, and get x alone. A
// text has no value: of thumbs it counts as an answer, and of all else not at all.
func OfScore(s *event.Score) []Amount {
	if s.Name == Continued && s.Source == ContinuedSource {
		return []Amount{{"continuation", one(s.Value > 0), 0}}
	}
	var amounts []Amount
	if s.Counts() {
		amounts = append(amounts, Amount{ScoreMeasure(s.Name, s.Source), s.Value, 1})
	}
	if s.Name != Thumbs || s.Source != FeedbackSource {
		return amounts
	}
	amounts = append(amounts, Amount{"thumbs_response", 1, 0})
	if s.Counts() {
		up := one(s.Value > 0)
		amounts = append(amounts, Amount{"thumbs_up", up, 1}, Amount{"thumbs_down", 1 - up, 0})
	}
	return amounts
}

// asked makes a measure whose x comes with scores: a request is one of y.
func asked(name string) Measure {
	return Measure{Name: name, Of: func(*event.Event) (x, y int64) { return 0, 1 }}
}
