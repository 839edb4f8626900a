package chaos

import (
	"bytes"
	"compress/gzip"
	"io"
	"iter"
)

// compressed packs frames one by one, flushed so that each can be unpacked when it arrives.
func compressed(frames iter.Seq[frame]) iter.Seq[frame] {
	return func(yield func(frame) bool) {
		var out bytes.Buffer
		zip := gzip.NewWriter(&out)
		for f := range frames {
			zip.Write(f.bytes)
			zip.Flush()
			f.bytes = take(&out)
			if !yield(f) {
				return
			}
		}
		zip.Close()
		yield(frame{bytes: take(&out)})
	}
}

// bomb is a small body that unpacks to size spaces, which is legal JSON up to its end.
func bomb(size int) iter.Seq[frame] {
	return func(yield func(frame) bool) {
		var out bytes.Buffer
		zip, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is a valid one
		spaces := bytes.Repeat([]byte{' '}, 1<<20)
		for left := size; left > 0; left -= len(spaces) {
			io.Copy(zip, bytes.NewReader(spaces[:min(left, len(spaces))]))
			if out.Len() > 0 && !yield(frame{bytes: take(&out)}) {
				return
			}
		}
		zip.Close()
		yield(frame{bytes: take(&out), event: true})
	}
}

// take empties a buffer and returns what was in it.
func take(b *bytes.Buffer) []byte {
	defer b.Reset()
	return bytes.Clone(b.Bytes())
}
