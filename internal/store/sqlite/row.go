package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	lite "zombiezen.com/go/sqlite"

	"github.com/weirhq/weir/internal/store"
)

// Each row of each table ends with a checksum of its other columns, because
// SQLite has none of its own: a bit that flips on disk within a value is a valid
// value to it. The checksum is computed over the values as they are bound and as
// they are read, and compared whenever a row is read: what does not agree is
// never shown. Structure (pages, indexes) is what SQLite's own check is for.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errSum says that a row is not what was written.
var errSum = errors.New("a row does not agree with its checksum")

// Tags of values within what is summed.
const (
	tagInt  = 'i'
	tagText = 't'
	tagBlob = 'b'
	tagNull = 'n'
)

func appendInt(b []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(append(b, tagInt), uint64(v))
}

func appendSized(b []byte, tag byte, n int) []byte {
	return binary.BigEndian.AppendUint32(append(b, tag), uint32(n))
}

// sumOf is the checksum of a row with these values.
func sumOf(values ...any) int64 {
	b := make([]byte, 0, 256)
	for _, v := range values {
		switch v := v.(type) {
		case int64:
			b = appendInt(b, v)
		case int:
			b = appendInt(b, int64(v))
		case string:
			b = append(appendSized(b, tagText, len(v)), v...)
		case []byte:
			b = append(appendSized(b, tagBlob, len(v)), v...)
		}
	}
	return int64(crc32.Checksum(b, castagnoli))
}

// row is a row as it was read. Its bytes are good until the next one is.
type row struct {
	all    []byte // the values, tagged, one after the other
	values []cell
	last   int // where the last value begins: what is before it is summed
}

type cell struct {
	kind     lite.ColumnType
	n        int64
	from, to int // of text or blob, in all
}

func (r *row) read(stmt *lite.Stmt) {
	r.all, r.values = r.all[:0], r.values[:0]
	for i := range stmt.ColumnCount() {
		r.last = len(r.all)
		c := cell{kind: stmt.ColumnType(i)}
		switch c.kind {
		case lite.TypeInteger:
			c.n = stmt.ColumnInt64(i)
			r.all = appendInt(r.all, c.n)
		case lite.TypeText, lite.TypeBlob:
			tag := byte(tagText)
			if c.kind == lite.TypeBlob {
				tag = tagBlob
			}
			size := stmt.ColumnLen(i)
			r.all = appendSized(r.all, tag, size)
			c.from, c.to = len(r.all), len(r.all)+size
			r.all = append(r.all, make([]byte, size)...)
			stmt.ColumnBytes(i, r.all[c.from:])
		default:
			r.all = append(r.all, tagNull)
		}
		r.values = append(r.values, c)
	}
}

// sealed checks the row against its checksum, which is its last value.
func (r *row) sealed(table string) error {
	return r.agrees(table, int64(crc32.Checksum(r.all[:r.last], castagnoli)))
}

// sealedShort is sealed for the narrow rows of lookups.
func (r *row) sealedShort(table string) error {
	return r.agrees(table, short(int64(crc32.Checksum(r.all[:r.last], castagnoli))))
}

func (r *row) agrees(table string, sum int64) error {
	if r.int(len(r.values)-1) != sum {
		return fmt.Errorf("%w: table %s: %w", store.ErrDamaged, table, errSum)
	}
	return nil
}

// short is a checksum of 15 bits, which takes two bytes in a row.
func short(sum int64) int64 { return sum & 0x7fff }

func (r *row) int(i int) int64 { return r.values[i].n }

func (r *row) text(i int) string { return string(r.bytes(i)) }

// bytes are those of a text or a blob, until the next row is read.
func (r *row) bytes(i int) []byte { return r.all[r.values[i].from:r.values[i].to] }

// isText tells a text from a blob.
func (r *row) isText(i int) bool { return r.values[i].kind == lite.TypeText }
