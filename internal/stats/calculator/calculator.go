// Package calculator offers the methods of package stats by name, with JSON in and
// JSON out: one table for the command, the API and the reference. It binds and
// checks; it computes nothing itself.
//
// A value that is undefined comes back as null, with a status and a reason; an
// infinite one as null, with a status that says which. Wrong input is an *Error
// that names the field, says what came, and what fits.
package calculator

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/weirhq/weir/internal/fault"
)

// Method is one method of the calculator.
type Method struct {
	Name    string
	Summary string   // the formula and its terms, in a line or two
	Source  string   // where the formula is from
	Inputs  []string // names of the fields that may come, sorted
	Outputs []string // names of the fields of an answer, sorted; an answer may hold more
	run     func(in *input) answer
}

// families are the methods by what they are about. Each file binds its own.
var families = [][]Method{
	twoSampleMethods, proportionMethods, clusteredMethods, quantileMethods, describeMethods,
	sequentialMethods, srmMethods, errorRateMethods, powerMethods, decisionMethods, bayesMethods,
}

var methods = sorted(families)

func sorted(families [][]Method) []Method {
	all := slices.Concat(families...)
	slices.SortFunc(all, func(a, b Method) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return all
}

// Methods are all methods, by name.
func Methods() []Method { return slices.Clone(methods) }

// Find gives the method of a name.
func Find(name string) (Method, bool) {
	i := slices.IndexFunc(methods, func(m Method) bool { return m.Name == name })
	if i < 0 {
		return Method{}, false
	}
	return methods[i], true
}

// Named is Find with an error that helps.
func Named(name string) (Method, error) {
	m, known := Find(name)
	if known {
		return m, nil
	}
	mend := "weir stats --list names them"
	if near := Nearest(name); near != "" {
		mend = fmt.Sprintf("did you mean %q?", near)
	}
	what := fmt.Sprintf("there is no method %q", short(name))
	if name == "" {
		what = "no method is named"
	}
	return Method{}, &Error{Field: "method", What: what, Mend: mend}
}

// Nearest is the name of the method that was probably meant, "" when none is near.
func Nearest(name string) string {
	names := make([]string, len(methods))
	for i := range methods {
		names[i] = methods[i].Name
	}
	return fault.Nearest(name, names)
}

// Run computes. The inputs are one JSON object; so is the answer.
func (m Method) Run(inputs json.RawMessage) (answer json.RawMessage, err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case *Error: // what reading a field ends with when it does not fit
			answer, err = nil, v
		default:
			panic(v)
		}
	}()
	return m.run(read(inputs, m.Inputs)).encode()
}

// Error is an input that does not fit.
type Error struct {
	Field string // such as "stages[1].n_a"; "" for the whole
	What  string // what came
	Mend  string // what fits
}

// Error says it all in one line.
func (e *Error) Error() string {
	text := e.What
	if e.Field != "" {
		text = fmt.Sprintf("input %q: %s", e.Field, e.What)
	}
	if e.Mend != "" {
		text += "; " + e.Mend
	}
	return text
}
