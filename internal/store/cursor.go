package store

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
)

// Cursor makes the cursor of the page that begins behind the row named after.
// What is paged ("events") is part of it, and so is a checksum: a cursor of
// another list, or one with a typing mistake, is refused rather than misread.
func Cursor(of, after string) string {
	b := binary.BigEndian.AppendUint32(nil, cursorSum(of, after))
	return base64.RawURLEncoding.EncodeToString(append(b, after...))
}

// ParseCursor reads what Cursor made. ErrCursor.
func ParseCursor(of, cursor string) (after string, err error) {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) < 5 {
		return "", ErrCursor
	}
	after = string(b[4:])
	if binary.BigEndian.Uint32(b) != cursorSum(of, after) {
		return "", ErrCursor
	}
	return after, nil
}

func cursorSum(of, after string) uint32 {
	return crc32.ChecksumIEEE([]byte(of + "\x00" + after))
}
