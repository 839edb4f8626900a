package openai

import (
	"io"
	"net/http"
	"sync/atomic"
)

// wireBody is the body of an answer, and what remains to be done when it ends.
type wireBody struct {
	conn     *wireConn
	from     io.Reader
	rest     *sending    // of the request; nil when all was sent at once
	stop     func() bool // ends the watch over the context
	reusable bool        // as far as the header tells
	end      error       // what ended the reading
	over     atomic.Bool // the connection is no longer ours
}

// Read reads the body. The connection goes back to the pool with the last byte,
// so nothing here may touch it afterwards.
func (b *wireBody) Read(p []byte) (int, error) {
	switch {
	case b.end != nil:
		return 0, b.end
	case b.over.Load():
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.from.Read(p)
	if err != nil {
		b.end = err
		b.finish(err == io.EOF)
	}
	return n, err
}

// Close ends it. Before the end was read, the connection is closed: reading on
// would keep a model at work for nobody. It may be called while another
// goroutine reads, whose read it ends.
func (b *wireBody) Close() error {
	b.finish(false)
	return nil
}

// finish lets go of the connection, once. It can be used again when the body was
// read to its end, nothing came behind it, the request was sent to its end, and
// the context had no reason to close it.
func (b *wireBody) finish(whole bool) {
	if b.over.Swap(true) {
		return
	}
	c := b.conn
	again := whole && b.reusable && c.in.Buffered() == 0 && b.rest.finished(c)
	if b.stop() && again {
		c.home.put(c)
		return
	}
	_ = c.Close()
	b.rest.wait()
}
