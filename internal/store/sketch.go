package store

import (
	"fmt"

	"github.com/weirhq/weir/internal/stats"
)

// MergeSketches gives the sketch of the values of both, encoded; an empty one is
// no values. What is no sketch is refused even where it meets nothing: kept, it
// would fail every batch that came after.
func MergeSketches(a, b []byte) ([]byte, error) {
	if len(a) == 0 {
		a, b = b, nil
	}
	if len(a) == 0 {
		return nil, nil
	}
	into, err := stats.ParseSketch(a)
	if err != nil {
		return nil, fmt.Errorf("merge a sketch: %w", err)
	}
	if len(b) == 0 {
		return a, nil
	}
	from, err := stats.ParseSketch(b)
	if err != nil {
		return nil, fmt.Errorf("merge a sketch: %w", err)
	}
	if err := into.Merge(from); err != nil {
		return nil, fmt.Errorf("merge a sketch: %w", err)
	}
	return into.AppendBinary(make([]byte, 0, len(a)+len(b)))
}
