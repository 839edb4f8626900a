package definition

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// whole is what must hold of any text: no panic, a document or a failure and
// never neither, and what is good survives being written out.
func whole(t *testing.T, text []byte) {
	doc, problems := Parse([]File{{"weir.yaml", text}})
	if (doc == nil) != problems.Failed() {
		t.Fatalf("document %v, problems %v", doc != nil, problems)
	}
	for _, p := range problems {
		if p.Message == "" || p.File == "" {
			t.Fatalf("a problem that says nothing: %+v", p)
		}
	}
	if doc == nil {
		return
	}
	c, problems := doc.Compile(Options{})
	if (c == nil) != problems.Failed() {
		t.Fatalf("compiled %v, problems %v", c != nil, problems)
	}
	if c == nil {
		return
	}
	written := doc.Canonical()
	again, problems := Parse([]File{{"weir.yaml", written}})
	if again == nil || !bytes.Equal(again.Canonical(), written) {
		t.Fatalf("changed by writing and reading: %v\n%s", problems, written)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range examples(f) {
		f.Add(text)
	}
	for _, m := range mistakes {
		f.Add([]byte(m.text))
	}
	f.Fuzz(whole)
}

// Slips of the hand in good files: a letter lost, doubled or replaced, a line
// moved, cut or indented. The seed is fixed; FuzzParse goes on from here.
func TestMutatedExamples(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	signs := []byte(":{}[]-,&*!|>'\"%@` \t\n#?<0a\x00\xff")
	for name, text := range examples(t) {
		t.Run(name, func(t *testing.T) {
			for range 400 {
				mutant := bytes.Clone(text)
				for range 1 + r.IntN(3) {
					mutant = mutate(r, mutant, signs)
				}
				whole(t, mutant)
			}
		})
	}
}

func mutate(r *rand.Rand, text, signs []byte) []byte {
	if len(text) == 0 {
		return text
	}
	i := r.IntN(len(text))
	lines := bytes.SplitAfter(text, []byte("\n"))
	a, b := r.IntN(len(lines)), r.IntN(len(lines))
	switch r.IntN(6) {
	case 0:
		return append(text[:i:i], text[i+1:]...)
	case 1:
		text[i] = signs[r.IntN(len(signs))]
	case 2:
		return append(append(text[:i:i], signs[r.IntN(len(signs))]), text[i:]...)
	case 3:
		lines[a], lines[b] = lines[b], lines[a]
		return bytes.Join(lines, nil)
	case 4:
		lines[a] = append([]byte("  "), lines[a]...)
		return bytes.Join(lines, nil)
	default:
		return text[:i]
	}
	return text
}
