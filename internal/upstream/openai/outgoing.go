package openai

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// outgoing is the body of a request. Its buffer is used again, but not before
// the transport has closed the last reader it was given: after an error or an
// early answer it may still be sending.
type outgoing struct {
	data []byte
	held atomic.Int32 // the sender's hold, and one for each open reader
}

// keepOutgoing is the largest buffer that waits for another request.
const keepOutgoing = 256 << 10

var spare = sync.Pool{New: func() any { return new(outgoing) }}

func newOutgoing() *outgoing {
	o := spare.Get().(*outgoing)
	o.data = o.data[:0]
	o.held.Store(1)
	return o
}

// release gives up one hold.
func (o *outgoing) release() {
	if o.held.Add(-1) == 0 && cap(o.data) <= keepOutgoing {
		spare.Put(o)
	}
}

func (o *outgoing) open() io.ReadCloser {
	o.held.Add(1)
	return &outgoingReader{from: o}
}

func (o *outgoing) reopen() (io.ReadCloser, error) { return o.open(), nil }

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

// writeTo writes what is left, up to most bytes.
func (r *outgoingReader) writeTo(w io.Writer, most int64) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.from == nil {
		return 0, http.ErrBodyReadAfterClose
	}
	rest := r.from.data[r.at:]
	n, err := w.Write(rest[:min(int64(len(rest)), most)])
	r.at += n
	return int64(n), err
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
