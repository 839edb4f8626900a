package openai

import "math/bits"

// tracker follows which choices of a stream have been seen and which are
// finished. It has room for the 128 choices that a request may ask for.
type tracker struct{ seen, finished [2]uint64 }

func (t *tracker) note(index int64, finished bool) {
	if index < 0 || index > 127 {
		return
	}
	bit := uint64(1) << (index & 63)
	t.seen[index>>6] |= bit
	if finished {
		t.finished[index>>6] |= bit
	}
}

// count is how many choices were seen.
func (t *tracker) count() int { return bits.OnesCount64(t.seen[0]) + bits.OnesCount64(t.seen[1]) }

// add takes over what one event said. There is nothing to follow when t is nil.
func (t *tracker) add(o tracker) {
	if t == nil {
		return
	}
	for i := range t.seen {
		t.seen[i] |= o.seen[i]
		t.finished[i] |= o.finished[i]
	}
}

// complete reports whether there was a choice and every one of them finished.
func (t *tracker) complete() bool {
	return t.seen != [2]uint64{} && t.seen == t.finished
}
