package chaos

import (
	"bytes"
	"slices"
)

// Stream is a golden stream: bytes as a server sends them, and what they mean.
type Stream struct {
	Name  string
	Bytes []byte

	Complete bool // it has a finish_reason for every choice, or [DONE]
	// CompleteAt is how many bytes make it complete: up to the blank line after the last
	// finish_reason, or after [DONE] where there is none. Zero when it never is. A reader
	// that does not wait for the blank line may say so up to four bytes earlier.
	CompleteAt int

	Text   string // of choice 0
	Finish string // of choice 0; empty when it has none
	Usage  *Usage // the last that is told; nil when none is
}

// Golden returns the golden streams. Each call makes new ones.
func Golden() []Stream {
	streams := slices.Concat(goldenTexts(), goldenFields(), goldenUsage(), goldenForms(), goldenEndings())
	for i := range streams {
		if streams[i].Complete {
			streams[i].CompleteAt = completeAt(streams[i].Bytes)
		}
	}
	return streams
}

// goldenNamed returns the golden stream of that name.
func goldenNamed(name string) (Stream, bool) {
	for _, s := range Golden() {
		if s.Name == name {
			return s, true
		}
	}
	return Stream{}, false
}

// goldenNames lists the names.
func goldenNames() []string {
	var names []string
	for _, s := range Golden() {
		names = append(names, s.Name)
	}
	return names
}

// completeAt finds the end of the event that completes a stream. Golden streams write
// their JSON without spaces, so a text search will do.
func completeAt(raw []byte) int {
	finish, end := 0, 0
	for at := 0; at < len(raw); {
		n, _ := block(raw[at:])
		text := raw[at : at+n]
		at += n
		if bytes.Contains(text, []byte(`"finish_reason":"`)) {
			finish = at
		}
		if bytes.Contains(text, done) {
			end = at
		}
	}
	if finish > 0 {
		return finish
	}
	return end
}

// The pieces that the golden streams are written in. Texts within are JSON already, so
// that an escape stands as it will on the wire.

// goldenHead begins each chunk.
const goldenHead = `{"id":"chatcmpl-golden","object":"chat.completion.chunk","created":1760000000,"model":"golden-1",`

// roleDelta is the first chunk of choice 0.
var roleDelta = delta(`"role":"assistant","content":""`)

// delta is a chunk that changes choice 0.
func delta(fields string) string { return choices(choiceOf(0, fields, "null")) }

// say is a chunk with text for choice 0.
func say(text string) string { return delta(`"content":"` + text + `"`) }

// finish is the chunk that ends choice 0.
func finish(reason string) string { return choices(choiceOf(0, "", `"`+reason+`"`)) }

// choiceOf is one entry of choices.
func choiceOf(index int, fields, reason string) string {
	return `{"index":` + string(rune('0'+index)) + `,"delta":{` + fields + `},"logprobs":null,"finish_reason":` + reason + `}`
}

// choices is a chunk with these entries.
func choices(entries string) string { return goldenHead + `"choices":[` + entries + `]}` }

// with puts one more field into a chunk.
func with(chunk, field string) string { return chunk[:len(chunk)-1] + "," + field + "}" }

// sse writes chunks as the plainest of streams.
func sse(chunks ...string) []byte { return written(Style{}, chunks...) }

// written writes chunks down in a style; n counts from one.
func written(style Style, chunks ...string) []byte {
	var out bytes.Buffer
	for i, c := range chunks {
		if style.Comments {
			out.Write(style.comment())
		}
		out.Write(style.write([]byte(c), i+1))
	}
	return out.Bytes()
}
