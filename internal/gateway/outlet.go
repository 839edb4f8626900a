package gateway

import (
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/event"
)

// outlet writes a stream to its client. While the client is waited for, the idle
// clock of the model stands still, and each write has a time of its own
// (Config.WriteGrace): a reader that stops is the client's doing. So is an answer
// whose total ran out while it was the client that was waited for.
type outlet struct {
	x       *Exchange
	control *http.ResponseController
	armed   time.Time // when the bound of the writes was last set
}

// send writes a frame, and flushes when no other is at hand. taken is false when
// the client does not take it: the exchange is settled then.
func (o *outlet) send(f *chat.Frame) (flushed, taken bool) {
	x := o.x
	x.clock.hold()
	defer x.clock.resume()
	o.arm()
	var err error
	if !f.UsageOnly || x.Request.Head.IncludeUsage {
		raw := f.Raw
		if f.Kind > chat.Done && x.concealed() {
			raw = x.concealing(f)
		}
		x.copied.add(raw)
		_, err = x.w.Write(raw)
	}
	if err == nil && !x.answer.Buffered() {
		flushed, err = true, o.control.Flush()
	}
	if err != nil {
		x.settle(event.Cancelled, notTaken(err))
	}
	return flushed, err == nil
}

// notTaken says why a client did not take what was written.
func notTaken(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return clientTooSlow().With(err)
	}
	return clientLeft().With(err)
}

// arm gives the next write its time, unless it was given so a moment ago. In
// HTTP/2 the bound would end the stream while nothing is written too, so there
// that of the whole exchange holds.
func (o *outlet) arm() {
	if o.x.r.ProtoMajor > 1 {
		return
	}
	grace, now := o.x.g.cfg.WriteGrace, time.Now()
	if now.Sub(o.armed) > min(time.Second, grace/8) {
		o.armed = now
		_ = o.control.SetWriteDeadline(now.Add(grace))
	}
}
