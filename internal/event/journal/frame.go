package journal

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/weirhq/weir/internal/event"
)

// A frame is 12 bytes before a record:
//
//	0  2  F9 57; the first of them is never found in UTF-8
//	2  1  kind of record
//	3  1  check of kind and length, so that a search passes most chance finds quickly
//	4  4  length of the record, little endian
//	8  4  CRC-32C over the segment's salt and number, bytes 2 to 7, and the record
//
// Since every segment has its own salt, bytes that an earlier file left on the
// disk are never taken for a record, nor is a record that holds the bytes of one.
const (
	frameSize = 12
	mark0     = 0xF9
	mark1     = 0x57

	// longest is the longest record. A body that is longer is shed.
	longest = 16 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendFrame appends a frame and r within. The checksums are put in when it is
// known which segment it goes to.
func appendFrame(b []byte, r event.Record) []byte {
	at := len(b)
	b = append(b, mark0, mark1, byte(r.Kind()), 0, 0, 0, 0, 0, 0, 0, 0, 0)
	b = event.AppendRecord(b, r)
	binary.LittleEndian.PutUint32(b[at+4:], uint32(len(b)-at-frameSize))
	return b
}

// sizeOf is the size of the first of frames, its record included.
func sizeOf(frames []byte) int {
	return frameSize + int(binary.LittleEndian.Uint32(frames[4:]))
}

func kindOf(frames []byte) event.Kind { return event.Kind(frames[2]) }

// seal puts in the checksums of all frames.
func seal(frames []byte, seed uint32) {
	for len(frames) > 0 {
		n := sizeOf(frames)
		frames[3] = check(frames, seed)
		binary.LittleEndian.PutUint32(frames[8:], sum(frames[:n], seed))
		frames = frames[n:]
	}
}

// check depends on the seed, so that nobody can make many bodies full of frames
// that a search would have to look at closely.
func check(frame []byte, seed uint32) byte {
	x := (binary.LittleEndian.Uint32(frame[4:]) ^ seed ^ uint32(frame[2])<<24) * 0x9E3779B1
	return byte(x >> 24)
}

func sum(frame []byte, seed uint32) uint32 {
	return crc32.Update(crc32.Update(seed, castagnoli, frame[2:8]), castagnoli, frame[frameSize:])
}

// verdict is what the bytes at a place are.
type verdict uint8

const (
	bad   verdict = iota // not a frame
	whole                // a frame with its record
	short                // perhaps a frame, of which the end is missing
)

// examine looks for a frame at the beginning of b. n is its size, where whole or short.
func examine(b []byte, seed uint32) (n int, v verdict) {
	if len(b) < frameSize {
		return frameSize, short
	}
	if b[0] != mark0 || b[1] != mark1 || b[3] != check(b, seed) {
		return 0, bad
	}
	length := binary.LittleEndian.Uint32(b[4:])
	if length > longest {
		return 0, bad
	}
	n = frameSize + int(length)
	if len(b) < n {
		return n, short
	}
	if binary.LittleEndian.Uint32(b[8:]) != sum(b[:n], seed) {
		return 0, bad
	}
	return n, whole
}
