package event

import (
	"encoding/binary"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

func putTag(b []byte, n protowire.Number, t protowire.Type) []byte {
	if tag := uint64(n)<<3 | uint64(t); tag < 1<<7 {
		return append(b, byte(tag))
	}
	return protowire.AppendTag(b, n, t)
}

func putText(b []byte, n protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return putEachText(b, n, s)
}

// putEachText also writes an empty string: as an element of a list it counts.
func putEachText(b []byte, n protowire.Number, s string) []byte {
	b = protowire.AppendVarint(putTag(b, n, protowire.BytesType), uint64(len(s)))
	return append(b, s...)
}

func putTexts(b []byte, n protowire.Number, list []string) []byte {
	for _, s := range list {
		b = putEachText(b, n, s)
	}
	return b
}

func putBytes(b []byte, n protowire.Number, data []byte) []byte {
	if len(data) == 0 {
		return b
	}
	b = protowire.AppendVarint(putTag(b, n, protowire.BytesType), uint64(len(data)))
	return append(b, data...)
}

func putInt[T ~int | ~int64](b []byte, n protowire.Number, v T) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(putTag(b, n, protowire.VarintType), uint64(v))
}

func putBool(b []byte, n protowire.Number, v bool) []byte {
	if !v {
		return b
	}
	return append(putTag(b, n, protowire.VarintType), 1)
}

func putFloat(b []byte, n protowire.Number, v float64) []byte {
	if v == 0 {
		return b
	}
	return binary.LittleEndian.AppendUint64(putTag(b, n, protowire.Fixed64Type), math.Float64bits(v))
}

// putTime writes nanoseconds since 1970: from 1678 to 2262, beyond which they
// stay at the nearest that can be written.
func putTime(b []byte, n protowire.Number, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	nano := t.UnixNano()
	switch seconds := t.Unix(); {
	case seconds <= math.MinInt64/int64(time.Second):
		nano = math.MinInt64
	case seconds >= math.MaxInt64/int64(time.Second):
		nano = math.MaxInt64
	}
	return binary.LittleEndian.AppendUint64(putTag(b, n, protowire.Fixed64Type), uint64(nano))
}

// begun opens a message within a message, and gives the place of its length,
// for which it leaves one byte.
func begun(b []byte, n protowire.Number) ([]byte, int) {
	b = append(putTag(b, n, protowire.BytesType), 0)
	return b, len(b)
}

// ended closes it. A length that needs more than its byte moves the message up.
func ended(b []byte, at int) []byte {
	size := len(b) - at
	if size < 1<<7 {
		b[at-1] = byte(size)
		return b
	}
	wide := protowire.SizeVarint(uint64(size))
	for range wide - 1 {
		b = append(b, 0)
	}
	copy(b[at-1+wide:], b[at:at+size])
	protowire.AppendVarint(b[:at-1], uint64(size))
	return b
}
