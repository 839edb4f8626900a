package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// A segment begins with its header, and again on the next page, so that one
// damaged page never costs a segment. Frames follow from firstFrame on. The
// layout of the first 16 bytes, and the sum at the end, are the same in every
// version.
const (
	headerSize  = 128
	secondCopy  = 4096
	firstFrame  = 8192
	replicaSize = 64

	formatMajor = 1 // what an older binary cannot read
	formatMinor = 0
)

const magic = "weirjrnl"

// header says what a segment is, and where the one before it ended: whatever lies
// beyond that end was not written, or was written again.
type header struct {
	number  uint64
	salt    uint64
	made    time.Time
	prev    event.Position
	replica string
}

func (h *header) encode() []byte {
	b := make([]byte, headerSize)
	copy(b, magic)
	le := binary.LittleEndian
	le.PutUint16(b[8:], formatMajor)
	le.PutUint16(b[10:], formatMinor)
	b[12] = byte(len(h.replica))
	le.PutUint64(b[16:], h.number)
	le.PutUint64(b[24:], h.salt)
	le.PutUint64(b[32:], uint64(h.made.UnixNano()))
	le.PutUint64(b[40:], h.prev.Segment)
	le.PutUint64(b[48:], uint64(h.prev.Offset))
	copy(b[56:56+replicaSize], h.replica)
	le.PutUint32(b[124:], crc32.Checksum(b[:124], castagnoli))
	return b
}

// errHeader says that bytes are not a header.
var errHeader = errors.New("the header is damaged")

func parseHeader(b []byte) (*header, error) {
	le := binary.LittleEndian
	if len(b) < headerSize || string(b[:8]) != magic || le.Uint32(b[124:]) != crc32.Checksum(b[:124], castagnoli) {
		return nil, errHeader
	}
	if major := le.Uint16(b[8:]); major > formatMajor {
		return nil, &newerError{major: major, minor: le.Uint16(b[10:])}
	}
	if b[12] > replicaSize {
		return nil, errHeader
	}
	return &header{
		number: le.Uint64(b[16:]), salt: le.Uint64(b[24:]), made: time.Unix(0, int64(le.Uint64(b[32:]))),
		prev:    event.Position{Segment: le.Uint64(b[40:]), Offset: int64(le.Uint64(b[48:]))},
		replica: string(b[56 : 56+int(b[12])]),
	}, nil
}

// seed is what the checksums of the segment's frames begin with.
func (h *header) seed() uint32 {
	b := binary.LittleEndian.AppendUint64(nil, h.salt)
	return crc32.Checksum(binary.LittleEndian.AppendUint64(b, h.number), castagnoli)
}

// newerError says that a segment is of a later version.
type newerError struct{ major, minor uint16 }

func (e *newerError) Error() string {
	return fmt.Sprintf("its format is %d.%d, and this version of Weir reads up to %d: start the newer version once more, so that it takes in what is left, or move the folder away",
		e.major, e.minor, formatMajor)
}

// readHeader gives whichever copy is sound.
func readHeader(f file) (*header, error) {
	var b [headerSize]byte
	for _, at := range [...]int64{0, secondCopy} {
		n, err := f.ReadAt(b[:], at)
		if n < headerSize && err != nil {
			continue // the other copy may be readable
		}
		h, err := parseHeader(b[:])
		if err == nil || !errors.Is(err, errHeader) {
			return h, err
		}
	}
	return nil, errHeader
}

// writeHeader writes both copies at once, so that the segment is one or is not.
func writeHeader(f file, h *header) error {
	b := make([]byte, secondCopy+headerSize)
	copy(b, h.encode())
	copy(b[secondCopy:], h.encode())
	_, err := f.WriteAt(b, 0)
	return err
}
