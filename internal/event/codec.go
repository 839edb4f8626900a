package event

import "fmt"

// Records in bytes, as the journal and the stores keep them: messages in the
// wire format of Protocol Buffers, written by hand since a field is then a line
// and nothing is generated. Field numbers are in docs/reference/journal.md and
// are never used again. What is zero is left out, what is unknown is skipped, so
// an older binary reads what a newer one wrote.

// AppendRecord appends the bytes of r to b. The kind is not within them. A nil
// record, or one of a kind that is not ours, has none.
func AppendRecord(b []byte, r Record) []byte {
	switch r := r.(type) {
	case *Event:
		return appendEvent(b, r)
	case *Begin:
		return appendBegin(b, r)
	case *Score:
		return appendScore(b, r)
	case *Decision:
		return appendDecision(b, r)
	case *Entry:
		return appendEntry(b, r)
	case *Body:
		return appendBody(b, r)
	}
	return b
}

// ParseRecord reads the bytes of a record. It keeps no part of b; strings of one
// record share one copy of it, so whoever keeps a short one for long clones it.
// Times come back in UTC.
func ParseRecord(kind Kind, b []byte) (Record, error) {
	r := newReader(b)
	var record Record
	switch kind {
	case KindBegin:
		record = readBegin(&r)
	case KindEvent:
		record = readEvent(&r)
	case KindScore:
		record = readScore(&r)
	case KindDecision:
		record = readDecision(&r)
	case KindEntry:
		record = readEntry(&r)
	case KindBody:
		record = readBody(&r)
	default:
		return nil, fmt.Errorf("reading a record: kind %d is not known to this version", kind)
	}
	if r.bad {
		return nil, fmt.Errorf("reading a record of kind %d: %d bytes do not parse, from byte %d on", kind, len(b), r.at)
	}
	return record, nil
}
