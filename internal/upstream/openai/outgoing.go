package openai

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// outgoing is what is sent of a request. Its buffers are used again, but not
// before whoever sends is done: after an error or an early answer the transport,
// or a wire, may still be sending.
type outgoing struct {
	data []byte       // the body
	head []byte       // for the wire: the header, and a short body behind it
	rest []byte       // for the wire: a long body
	held atomic.Int32 // the caller's hold, and one for each who reads or sends
}

// keepOutgoing is the largest buffer that waits for another request.
const keepOutgoing = 256 << 10

var spare = sync.Pool{New: func() any { return new(outgoing) }}

func newOutgoing() *outgoing {
	o := spare.Get().(*outgoing)
	o.data, o.rest = o.data[:0], nil
	o.held.Store(1)
	return o
}

// release gives up one hold.
func (o *outgoing) release() {
	if o.held.Add(-1) == 0 && cap(o.data)+cap(o.head) <= keepOutgoing {
		spare.Put(o)
	}
}

// hold keeps it from being used again until another release.
func (o *outgoing) hold() { o.held.Add(1) }

func (o *outgoing) open() io.ReadCloser {
	o.hold()
	return &outgoingReader{from: o}
}

func (o *outgoing) reopen() (io.ReadCloser, error) { return o.open(), nil }

// smallBody is the largest body that goes out in one write with its header: it
// fits the connection's write buffer.
const smallBody = 7 << 10

// copied gives readers over a copy that nobody uses again. net/http knows their
// type to be memory, so it does not send the header ahead of the body: one write
// where there were two. A copy of a small body costs less than a write.
func (o *outgoing) copied() func() (io.ReadCloser, error) {
	data := bytes.Clone(o.data)
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

// outgoingReader reads it once. The transport may close it from one goroutine
// while another still reads (HTTP/2 does), hence the lock: after Close nobody
// sees the buffer.
type outgoingReader struct {
	mu   sync.Mutex
	from *outgoing
	at   int
}

func (r *outgoingReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.from == nil:
		return 0, http.ErrBodyReadAfterClose
	case r.at == len(r.from.data):
		return 0, io.EOF
	}
	n := copy(p, r.from.data[r.at:])
	r.at += n
	return n, nil
}

func (r *outgoingReader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.from != nil {
		r.from.release()
		r.from = nil
	}
	return nil
}
