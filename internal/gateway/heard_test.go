package gateway

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/chat"
)

// Words are counted as strings.Fields counts them, however the text is cut.
func TestWordsAreCountedOverPieces(t *testing.T) {
	for _, text := range []string{
		"", " ", "one", "one two", "  one\n\ntwo\tthree \r\n", `a "quoted" back\slash \n`, "éà ü, naïve 日本語 word", "end\n", strings.Repeat("many words ", 500),
	} {
		raw, _ := json.Marshal(text)
		inside := string(raw[1 : len(raw)-1])
		for size := range 7 {
			h := &heard{}
			for _, piece := range pieces(inside, size) {
				h.hear(&chat.Frame{Visible: true, Said: []byte(piece)})
			}
			if want := len(strings.Fields(text)); h.words != want {
				t.Errorf("%q in pieces of %d: %d words, want %d", text, size, h.words, want)
			}
			if len(h.beginning) > maxBeginning {
				t.Errorf("%d bytes are kept", len(h.beginning))
			}
		}
	}
}

// pieces cuts the inside of a JSON string, never within an escape; by words when
// the size is 0.
func pieces(inside string, size int) (list []string) {
	if size == 0 {
		return strings.SplitAfter(inside, " ")
	}
	for len(inside) > 0 {
		n := 0
		for n < len(inside) && n < size {
			if inside[n] == '\\' {
				n++
				if inside[n] == 'u' {
					n += 4
				}
			}
			n++
		}
		list, inside = append(list, inside[:n]), inside[n:]
	}
	return list
}

func TestARefusalIsHeardOverPieces(t *testing.T) {
	for said, want := range map[string]bool{
		`I\u2019m sorry, but I can\u2019t help with that.`: true,
		`Sure.\n\nFirst, open the lid.`:                    false,
		strings.Repeat("x ", 300) + "I cannot say more.":   false,
	} {
		h := &heard{}
		for _, piece := range pieces(said, 3) {
			h.hear(&chat.Frame{Visible: true, Said: []byte(piece)})
		}
		h.hear(&chat.Frame{Reasoning: true, Said: []byte("I cannot tell")}) // nobody sees it
		if h.refuses() != want {
			t.Errorf("%q: %v", said, !want)
		}
	}
}
