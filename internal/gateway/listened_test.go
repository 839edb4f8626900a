package gateway_test

import (
	"strings"
	"testing"
)

// What experiments want to know of an answer's text is told of units that take
// part, and of nobody else.
func TestWordsOfAnAnswerAreTold(t *testing.T) {
	r := newRig(t, setup{})
	n := 0
	for _, stream := range []bool{false, true} {
		a := r.chat("ab", stream, "X-User-Id", "u1")
		n++
		e := r.last(n)
		if want := len(strings.Fields(a.text(t))); want == 0 || !e.Read || e.Words != want || e.Refusal {
			t.Errorf("stream %v: %q: read %v, %d words, refusal %v", stream, a.text(t), e.Read, e.Words, e.Refusal)
		}
		for _, route := range []string{"ab", "r"} { // without a unit, and without an experiment
			r.chat(route, stream)
			n++
			if e := r.last(n); e.Read || e.Words != 0 {
				t.Errorf("%s, stream %v: listened to what takes no part: %+v", route, stream, e)
			}
		}
	}
}
