package store

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/weirhq/weir/internal/stats"
)

// Rows that are many are kept packed, in one column. The encodings below are
// those of every engine. Numbers are varints (of both signs: zigzag), texts and
// lists begin with their length; Parse takes exactly what Append wrote.

// ErrPacked says that bytes are not those of a packed row.
var ErrPacked = errors.New("read a packed row: the bytes are not those of one")

// AppendValues appends the values of a unit.
func AppendValues(b []byte, values []Value) []byte {
	b = binary.AppendUvarint(b, uint64(len(values)))
	for _, v := range values {
		b = appendText(b, v.Metric)
		b = binary.AppendVarint(b, v.N)
		b = binary.AppendVarint(b, v.Sum)
	}
	return b
}

// ParseValues reads what AppendValues wrote, and gives the rest.
func ParseValues(b []byte) (values []Value, rest []byte, err error) {
	p := packed{rest: b}
	n := p.count()
	if n > 0 {
		values = make([]Value, 0, n)
	}
	for range n {
		values = append(values, Value{Metric: p.text(), N: p.signed(), Sum: p.signed()})
	}
	if p.bad {
		return nil, nil, ErrPacked
	}
	return values, p.rest, nil
}

// AppendSegments appends the segment values of a unit.
func AppendSegments(b []byte, segments []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(segments)))
	for _, s := range segments {
		b = appendText(b, s)
	}
	return b
}

// ParseSegments reads what AppendSegments wrote, and gives the rest.
func ParseSegments(b []byte) (segments []string, rest []byte, err error) {
	p := packed{rest: b}
	n := p.count()
	if n > 0 {
		segments = make([]string, 0, n)
	}
	for range n {
		segments = append(segments, p.text())
	}
	if p.bad {
		return nil, nil, ErrPacked
	}
	return segments, p.rest, nil
}

// AppendMoments appends the sums of a variant row: the units, five integers of
// 128 bits, and the units with a hit, 96 bytes.
func AppendMoments(b []byte, m stats.Moments) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(m.Units))
	for _, v := range []stats.Int128{m.X, m.Y, m.XX, m.YY, m.XY} {
		b, _ = v.AppendBinary(b) // never fails
	}
	return binary.BigEndian.AppendUint64(b, uint64(m.Hits))
}

// oldMoments is how long moments were before they had Hits. A row of then is read
// with none; a rebuild finds them.
const oldMoments = 8 + 5*16

// ParseMoments reads what AppendMoments wrote.
func ParseMoments(b []byte) (m stats.Moments, err error) {
	if len(b) != oldMoments && len(b) != oldMoments+8 {
		return m, ErrPacked
	}
	m.Units = int64(binary.BigEndian.Uint64(b))
	b = b[8:]
	for _, into := range []*stats.Int128{&m.X, &m.Y, &m.XX, &m.YY, &m.XY} {
		*into, b, _ = stats.ParseInt128(b)
	}
	if len(b) > 0 {
		m.Hits = int64(binary.BigEndian.Uint64(b))
	}
	return m, nil
}

// AppendRollup appends all of a roll-up but its key.
func AppendRollup(b []byte, r *Rollup) []byte {
	words := make([]string, 0, len(r.Outcomes))
	for word := range r.Outcomes {
		words = append(words, word)
	}
	slices.Sort(words)
	b = binary.AppendUvarint(b, uint64(len(words)))
	for _, word := range words {
		b = appendText(b, word)
		b = binary.AppendVarint(b, r.Outcomes[word])
	}
	b = binary.AppendVarint(b, r.Fallback)
	for _, v := range r.LedgerSums.list() {
		b = binary.AppendVarint(b, v)
	}
	for _, sketch := range [][]byte{r.Duration, r.TTFT, r.TPOT} {
		b = appendText(b, string(sketch))
	}
	return b
}

// ParseRollup reads what AppendRollup wrote into r.
func ParseRollup(b []byte, r *Rollup) error {
	p := packed{rest: b}
	n := p.count()
	r.Outcomes = make(map[string]int64, n)
	for range n {
		word := p.text()
		r.Outcomes[word] = p.signed()
	}
	r.Fallback = p.signed()
	r.LedgerSums = p.ledgerSums()
	for _, into := range []*[]byte{&r.Duration, &r.TTFT, &r.TPOT} {
		*into = p.bytes()
	}
	if p.bad || len(p.rest) > 0 {
		return ErrPacked
	}
	return nil
}

// AppendSums appends the sums of a ledger row.
func AppendSums(b []byte, s *LedgerSums) []byte {
	for _, v := range s.list() {
		b = binary.AppendVarint(b, v)
	}
	return b
}

// ParseSums reads what AppendSums wrote.
func ParseSums(b []byte) (LedgerSums, error) {
	p := packed{rest: b}
	s := p.ledgerSums()
	if p.bad || len(p.rest) > 0 {
		return LedgerSums{}, ErrPacked
	}
	return s, nil
}
