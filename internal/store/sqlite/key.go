package sqlite

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// Rows of events, bodies and decisions have for their number the bits of their
// id that tell: of a UUIDv7 the milliseconds (47 bits, which last until the year
// 6429), the 12 bits that count within one, and 4 random ones. Numbers grow as
// ids do, so the table itself is the list by time. Ids of one process never share
// a number; those of two may, once in a long while, and then the later takes the
// next free one (window).
const (
	keyBits = 16  // of the number, below the milliseconds
	window  = 256 // numbers that are looked at from an id's own on
)

// keyOf gives the number of an id, and the id as it is kept: 16 bytes, or as
// text when it is no UUIDv7 in its usual spelling. Such a one, which Weir does
// not make, is numbered by its time.
func keyOf(id string, at time.Time) (int64, any) {
	u, ok := parseID(id)
	if !ok {
		h := sha256.Sum256([]byte(id))
		return clampMilli(at.UnixMilli())<<keyBits | int64(binary.BigEndian.Uint16(h[:])), id
	}
	high, low := binary.BigEndian.Uint64(u[:8]), binary.BigEndian.Uint64(u[8:])
	return clampMilli(int64(high>>16))<<keyBits | int64(high&0xfff)<<4 | int64(low>>58)&0xf, u[:]
}

// idValue is an id as it is kept.
func idValue(id string) any {
	if u, ok := parseID(id); ok {
		return u[:]
	}
	return id
}

// idOf reads an id that was kept.
func (r *row) id(i int) string {
	b := r.bytes(i)
	if r.isText(i) || len(b) != 16 {
		return string(b)
	}
	return idText([16]byte(b))
}

// parseID reads a UUIDv7 in its usual spelling, and no other.
func parseID(id string) (u [16]byte, ok bool) {
	if len(id) != 36 || id[14] != '7' {
		return u, false
	}
	digits := make([]byte, 0, 32)
	for i, part := range []struct{ from, to int }{{0, 8}, {9, 13}, {14, 18}, {19, 23}, {24, 36}} {
		if i > 0 && id[part.from-1] != '-' {
			return u, false
		}
		digits = append(digits, id[part.from:part.to]...)
	}
	return u, unhex(u[:], digits)
}

// unhex reads small hexadecimal digits; others are refused, so that what is kept
// as bytes comes back as it was.
func unhex(into, digits []byte) bool {
	for _, d := range digits {
		if (d < '0' || d > '9') && (d < 'a' || d > 'f') {
			return false
		}
	}
	_, err := hex.Decode(into, digits)
	return err == nil
}

func idText(u [16]byte) string {
	b := make([]byte, 36)
	hex.Encode(b, u[:4])
	hex.Encode(b[9:], u[4:6])
	hex.Encode(b[14:], u[6:8])
	hex.Encode(b[19:], u[8:10])
	hex.Encode(b[24:], u[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b)
}

// clampMilli keeps milliseconds within the 47 bits that a number has for them.
func clampMilli(ms int64) int64 { return min(max(ms, 0), 1<<47-1) }

// milliOf is the time in a number.
func milliOf(key int64) int64 { return key >> keyBits }

const dayMilli = 24 * 60 * 60 * 1000

// dayOf is the day of a number, counted from 1970.
func dayOf(key int64) int64 { return milliOf(key) / dayMilli }

// unitValue is a keyed hash as it is kept: in half the bytes when it is small
// hexadecimal digits, as the gateway makes them.
func unitValue(unit string) any {
	if len(unit) == 0 || len(unit)%2 != 0 {
		return unit
	}
	b := make([]byte, len(unit)/2)
	if !unhex(b, []byte(unit)) {
		return unit
	}
	return b
}

// unit reads a keyed hash that was kept.
func (r *row) unit(i int) string {
	if r.isText(i) {
		return r.text(i)
	}
	return hex.EncodeToString(r.bytes(i))
}

// unixNano is t in nanoseconds, 0 for the zero time.
func unixNano(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// timeOf reads what unixNano wrote.
func timeOf(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}
