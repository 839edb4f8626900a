package metric

import "github.com/weirhq/weir/internal/event"

// words are of answers that ended well and whose text was looked at.
func words() family {
	return family{
		metrics: []Metric{{
			Name: "response_words", Meaning: "words that the reader sees, of an answer", Kind: Mean, Direction: None, Unit: "words",
			Measure: "words", Scale: 1,
		}},
		measures: []Measure{{Name: "words", Of: func(e *event.Event) (x, y int64) {
			if !read(e) {
				return 0, 0
			}
			return int64(e.Words), 1
		}}},
	}
}

// read reports whether an answer is whole and its text was looked at.
func read(e *event.Event) bool { return e.Outcome == event.OK && e.Read }
