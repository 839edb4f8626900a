package gateway

import (
	"bytes"
	"strconv"

	"github.com/weirhq/weir/internal/event"
)

// mostKept bounds what is kept of a request, and of an answer, in bytes.
const mostKept = 256 << 10

// copied is what is kept of an exchange word for word, where definitions ask for
// a share of them to be.
type copied struct {
	answer []byte
	cut    bool
}

// sampled reports whether an exchange is of the share whose bodies are kept: the
// last 32 bits of its id are random.
func sampled(id string, share float64) bool {
	if share <= 0 || len(id) < 8 {
		return false
	}
	n, err := strconv.ParseUint(id[len(id)-8:], 16, 32)
	return err == nil && float64(n) < share*(1<<32)
}

// add keeps more of the answer, as it goes out. A nil copied keeps nothing.
func (c *copied) add(raw []byte) {
	if c == nil {
		return
	}
	if room := mostKept - len(c.answer); len(raw) > room {
		raw, c.cut = raw[:room], true
	}
	c.answer = append(c.answer, raw...)
}

// recordBody keeps what was asked and answered. Nobody waits for it: it is the
// first that is given up.
func (x *Exchange) recordBody() {
	if x.copied == nil || x.body == nil {
		return
	}
	asked := x.body.b
	cut := x.copied.cut || len(asked) > mostKept
	b := &event.Body{ID: x.ID, Time: x.start, Request: bytes.Clone(asked[:min(len(asked), mostKept)]), Response: x.copied.answer, Cut: cut}
	x.guarded(func() { x.g.cfg.Recorder.Record(b) })
}
