package journal

import (
	"bytes"
	"testing"

	"github.com/weirhq/weir/internal/event"
)

// Whatever lies in a segment's file, a scan ends, and gives only what carries the
// right checksum, in order.
func FuzzScan(f *testing.F) {
	const seed = 7
	good := appendFrame(appendFrame(nil, anEvent(1)), &event.Begin{ID: "b"})
	seal(good, seed)
	f.Add(good)
	f.Add(append(bytes.Clone(good[:len(good)-3]), good...))
	f.Add(append([]byte{mark0, mark1, 2, 0, 0xff, 0xff, 0, 0}, good...))
	f.Add(bytes.Repeat([]byte{mark0, mark1}, 300))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := scanner{file: bytes.NewReader(b), seed: seed, end: int64(len(b))}
		at := int64(0)
		for at < s.end {
			kind, payload, next, ok, err := s.frame(at)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				if next, err = s.seek(at + 1); err != nil || next <= at || next > s.end {
					t.Fatalf("from %d the search goes to %d of %d: %v", at, next, s.end, err)
				}
				at = next
				continue
			}
			if n, v := examine(b[at:next], seed); v != whole || int64(n) != next-at || byte(kind) != b[at+2] || !bytes.Equal(payload, b[at+frameSize:next]) {
				t.Fatalf("at %d: %d bytes, verdict %d", at, n, v)
			}
			event.ParseRecord(kind, payload)
			at = next
		}
	})
}

// Both headers may hold anything.
func FuzzHeader(f *testing.F) {
	h := header{number: 5, salt: 9, prev: event.Position{Segment: 4, Offset: 8200}, replica: "a"}
	f.Add(h.encode())
	newer := h.encode()
	setMajor(newer, 7)
	f.Add(newer)
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := parseHeader(b); err == nil {
			h.seed()
			if again, err := parseHeader(h.encode()); err != nil || *again != *h {
				t.Errorf("%+v is not %+v: %v", again, h, err)
			}
		}
	})
}
