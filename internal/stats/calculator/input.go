package calculator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/fault"
)

// input is the fields of an object, read one by one. The first that does not fit ends
// the method with a panic that Run turns into its error: a method needs no check after
// each field, and computes only with what fits.
type input struct {
	fields map[string]json.RawMessage
	path   string // of the object, with a dot at its end; "" for the whole
}

// read takes an object apart. Names that the method does not know are errors: a
// misspelt option would otherwise be a silent default.
func read(text json.RawMessage, known []string) *input {
	in := &input{}
	in.take(text, known)
	return in
}

func (in *input) take(text json.RawMessage, known []string) {
	if len(bytes.TrimSpace(text)) == 0 {
		text = json.RawMessage("{}")
	}
	if err := json.Unmarshal(text, &in.fields); err != nil || in.fields == nil {
		panic(&Error{Field: strings.TrimSuffix(in.path, "."), What: "this is no JSON object: " + brief(text), Mend: `write {"name": value, …} with ` + listed(known)})
	}
	for _, name := range sortedKeys(in.fields) {
		if slices.Contains(known, name) {
			continue
		}
		mend := "it has " + listed(known)
		if near := fault.Nearest(name, known); near != "" {
			mend = fmt.Sprintf("did you mean %q?", near)
		}
		in.wrong(short(name), "there is no such field", mend)
	}
}

func sortedKeys(m map[string]json.RawMessage) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

func listed(names []string) string {
	if len(names) == 0 {
		return "no fields"
	}
	return strings.Join(names, ", ")
}

// wrong says that a field does not fit, and ends the method.
func (in *input) wrong(name, what, mend string) {
	panic(&Error{Field: in.path + name, What: what, Mend: mend})
}

// has reports whether a field came, null counting as not.
func (in *input) has(name string) bool {
	text, came := in.fields[name]
	return came && !isNull(text)
}

func isNull(text json.RawMessage) bool { return string(bytes.TrimSpace(text)) == "null" }

// raw is the text of a field that has to come.
func (in *input) raw(name, fits string) json.RawMessage {
	if !in.has(name) {
		in.wrong(name, "it is missing", "give "+fits)
	}
	return in.fields[name]
}

// number reads a finite number.
func (in *input) number(name string) float64 {
	return in.parse(name, in.raw(name, "a number"))
}

func (in *input) parse(name string, text json.RawMessage) float64 {
	var x float64
	if isNull(text) || json.Unmarshal(text, &x) != nil {
		in.wrong(name, brief(text)+" is not a number that a float64 holds", "give a number, without quotes")
	}
	return x
}

// numberOr reads a number that may be left out.
func (in *input) numberOr(name string, otherwise float64) float64 {
	if !in.has(name) {
		return otherwise
	}
	return in.number(name)
}

// exact reads a number with all the digits that were written: sums of squares lose
// what matters when they are rounded to a float64.
func (in *input) exact(name string) *big.Rat {
	x := in.number(name)
	text := string(bytes.TrimSpace(in.fields[name]))
	if x == 0 {
		return new(big.Rat)
	}
	if r, fits := new(big.Rat).SetString(text); fits && len(text) < 1000 {
		return r
	}
	return new(big.Rat).SetFloat64(x)
}

// within reads a number from least to most, both included.
func (in *input) within(name string, least, most float64) float64 {
	x := in.number(name)
	if x < least || x > most {
		in.wrong(name, fmt.Sprintf("%v does not fit", x), "it is "+span(least, most))
	}
	return x
}

func span(least, most float64) string {
	switch {
	case math.IsInf(most, 1):
		return fmt.Sprintf("at least %v", least)
	case math.IsInf(least, -1):
		return fmt.Sprintf("at most %v", most)
	}
	return fmt.Sprintf("from %v to %v", least, most)
}

// atLeast0 reads a number that is not negative.
func (in *input) atLeast0(name string) float64 { return in.within(name, 0, math.Inf(1)) }

// positive reads a number above 0.
func (in *input) positive(name string) float64 {
	x := in.number(name)
	if x <= 0 {
		in.wrong(name, fmt.Sprintf("%v does not fit", x), "it is above 0")
	}
	return x
}

// share reads a number between 0 and 1, neither included.
func (in *input) share(name string) float64 {
	x := in.number(name)
	if !(x > 0 && x < 1) {
		in.wrong(name, fmt.Sprintf("%v does not fit", x), "it is between 0 and 1, neither included")
	}
	return x
}

// shareOr reads a share that may be left out.
func (in *input) shareOr(name string, otherwise float64) float64 {
	if !in.has(name) {
		return otherwise
	}
	return in.share(name)
}

// alpha is the level, 0.05 when left out.
func (in *input) alpha() float64 { return in.shareOr("alpha", 0.05) }

// maxCount is the largest whole number all of whose neighbours a float64 holds.
const maxCount = 1 << 53

// count reads a whole number from 0.
func (in *input) count(name string) int64 {
	x := in.within(name, 0, maxCount)
	if x != math.Trunc(x) {
		in.wrong(name, fmt.Sprintf("%v is not whole", x), "it counts something: give a whole number from 0")
	}
	return int64(x)
}

// yes reads true or false.
func (in *input) yes(name string, otherwise bool) bool {
	if !in.has(name) {
		return otherwise
	}
	var b bool
	if json.Unmarshal(in.fields[name], &b) != nil {
		in.wrong(name, brief(in.fields[name])+" is neither true nor false", "write true or false, without quotes")
	}
	return b
}

// choice reads one of a few words; the first is meant when it is left out.
func (in *input) choice(name string, words ...string) string {
	if !in.has(name) {
		return words[0]
	}
	var word string
	if json.Unmarshal(in.fields[name], &word) == nil && slices.Contains(words, word) {
		return word
	}
	mend := "it is one of " + strings.Join(words, ", ")
	if near := fault.Nearest(word, words); near != "" {
		mend = fmt.Sprintf("did you mean %q?", near)
	}
	in.wrong(name, brief(in.fields[name])+" is not known", mend)
	return words[0]
}

// short keeps a word of the caller's short enough for a message.
func short(s string) string {
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

// brief shows the beginning of what came, on one line.
func brief(text []byte) string {
	return short(strings.Join(strings.Fields(string(text)), " "))
}
