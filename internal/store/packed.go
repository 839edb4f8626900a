package store

import (
	"encoding/binary"

	"github.com/weirhq/weir/internal/meter"
)

// packed reads varints and texts; bad says that there was something else, and
// from then on all is zero.
type packed struct {
	rest []byte
	bad  bool
}

func (p *packed) fail() {
	p.rest, p.bad = nil, true
}

func (p *packed) signed() int64 {
	v, n := binary.Varint(p.rest)
	if n <= 0 {
		p.fail()
		return 0
	}
	p.rest = p.rest[n:]
	return v
}

// count reads the length of what follows, which takes a byte an item at least:
// more cannot be there, and is not allocated.
func (p *packed) count() int {
	v, n := binary.Uvarint(p.rest)
	if n <= 0 || v > uint64(len(p.rest)-n) {
		p.fail()
		return 0
	}
	p.rest = p.rest[n:]
	return int(v)
}

func (p *packed) text() string {
	n := p.count()
	s := string(p.rest[:n])
	p.rest = p.rest[n:]
	return s
}

// bytes gives a copy.
func (p *packed) bytes() []byte {
	n := p.count()
	b := append([]byte{}, p.rest[:n]...)
	p.rest = p.rest[n:]
	return b
}

func (p *packed) ledgerSums() LedgerSums {
	return LedgerSums{
		Requests: p.signed(), Errors: p.signed(), Input: p.signed(), Cached: p.signed(), CacheWrite: p.signed(),
		Output: p.signed(), Reasoning: p.signed(), Cost: meter.Micro(p.signed()), Estimated: meter.Micro(p.signed()),
		Guessed: p.signed(), Unpriced: p.signed(),
	}
}

// list gives the sums in the order of their fields, in which they are packed.
func (s *LedgerSums) list() [11]int64 {
	return [...]int64{
		s.Requests, s.Errors, s.Input, s.Cached, s.CacheWrite, s.Output, s.Reasoning,
		int64(s.Cost), int64(s.Estimated), s.Guessed, s.Unpriced,
	}
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
