package openai

import (
	"bytes"
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
