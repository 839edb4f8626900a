package journal

import (
	"bytes"
	"io"

	"github.com/weirhq/weir/internal/event"
)

// scanner finds frames in a segment, window by window.
type scanner struct {
	file io.ReaderAt
	seed uint32
	end  int64 // nothing beyond it is looked at

	buf  []byte // bytes of the file from base on
	base int64
}

// window is how much is read at once.
const window = 256 << 10

// at gives up to n bytes from off on, fewer only at the end.
func (s *scanner) at(off int64, n int) ([]byte, error) {
	n = int(min(int64(n), s.end-off))
	if off >= s.base && off+int64(n) <= s.base+int64(len(s.buf)) {
		return s.buf[off-s.base:], nil
	}
	size := int(min(int64(max(n, window)), s.end-off))
	if cap(s.buf) < size {
		s.buf = make([]byte, max(size, window))
	}
	s.buf, s.base = s.buf[:size], off
	got, err := s.file.ReadAt(s.buf, off)
	s.buf = s.buf[:got]
	if err == io.EOF || got >= n { // the file may be shorter than it should be: what is missing is not there
		err = nil
	}
	return s.buf, err
}

// frame gives the record at off, and where the next begins; ok is false if there
// is none. The payload is good until the next call.
func (s *scanner) frame(off int64) (kind event.Kind, payload []byte, next int64, ok bool, err error) {
	b, err := s.at(off, frameSize)
	if err != nil {
		return 0, nil, off, false, err
	}
	n, v := examine(b, s.seed)
	if v == short && off+int64(n) <= s.end {
		if b, err = s.at(off, n); err != nil {
			return 0, nil, off, false, err
		}
		n, v = examine(b, s.seed)
	}
	if v != whole {
		return 0, nil, off, false, nil
	}
	return kindOf(b), b[frameSize:n], off + int64(n), true, nil
}

// seek gives the place of the first frame at off or later; end if there is none.
func (s *scanner) seek(off int64) (int64, error) {
	for off < s.end {
		b, err := s.at(off, frameSize)
		if err != nil {
			return off, err
		}
		at := bytes.IndexByte(b, mark0)
		if at < 0 {
			if len(b) == 0 {
				break
			}
			off += int64(len(b))
			continue
		}
		off += int64(at)
		if _, _, _, ok, err := s.frame(off); ok || err != nil {
			return off, err
		}
		off++
	}
	return s.end, nil
}
