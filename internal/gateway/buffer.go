package gateway

import (
	"errors"
	"io"
	"sync"
)

// buffer is a pooled byte slice for a request's body. It is given back when the
// exchange has ended and nobody can read it any more.
type buffer struct{ b []byte }

// maxPooled bounds what is kept: one large prompt must not hold memory for ever.
const maxPooled = 1 << 20

var buffers = sync.Pool{New: func() any { return &buffer{b: make([]byte, 0, 8<<10)} }}

func getBuffer() *buffer { return buffers.Get().(*buffer) }

func (b *buffer) release() {
	if cap(b.b) <= maxPooled {
		b.b = b.b[:0]
		buffers.Put(b)
	}
}

var errBodyTooLarge = errors.New("body over the limit")

// readFrom reads a body of the declared size (-1: unknown) up to limit bytes.
// Memory grows with what arrives, not with what was declared.
func (b *buffer) readFrom(r io.Reader, size, limit int64) error {
	if size > limit {
		return errBodyTooLarge
	}
	if want := min(size, maxPooled); want > int64(cap(b.b)) {
		b.b = make([]byte, 0, want+512)
	}
	most := size
	if size < 0 {
		most = limit + 1
	}
	for {
		if int64(len(b.b)) == size {
			return nil
		}
		if int64(len(b.b)) > limit {
			return errBodyTooLarge
		}
		if len(b.b) == cap(b.b) {
			b.grow(most)
		}
		n, err := r.Read(b.b[len(b.b):cap(b.b)])
		b.b = b.b[:len(b.b)+n]
		if errors.Is(err, io.EOF) {
			if int64(len(b.b)) > limit {
				return errBodyTooLarge
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// grow makes twice the room, or all of it when it is not much more than that: what
// is allocated on the way stays under twice the most.
func (b *buffer) grow(most int64) {
	room := 2 * int64(cap(b.b))
	if 2*room > most {
		room = most
	}
	b.b = append(make([]byte, 0, room), b.b...)
}
