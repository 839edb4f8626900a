package definition

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says whether a problem keeps the document from being applied.
type Severity uint8

// Severities. A warning is a doubt: the document is still a document. A note is
// no doubt either: it says what a section does not do, once all is well.
const (
	Failure Severity = iota
	Warning
	Note
)

func (s Severity) String() string {
	return [...]string{"error", "warning", "note"}[s]
}

// Place is where something was written. Line and Column count from 1, columns
// in characters; Line 0 means the file as a whole.
type Place struct {
	File         string
	Line, Column int
}

func (p Place) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Problem is one thing that is wrong, or doubtful, with where it stands and how
// to mend it.
type Problem struct {
	Place
	Path     string // "routes.support.baseline"; "" for the document as a whole
	Severity Severity
	Message  string
	Hint     string // how to mend it; may be empty
}

// String renders a problem on one line, in the form editors and terminals make
// clickable: weir.yaml:12:5: routes.support: unknown field "untis"; did you mean "unit"?
func (p Problem) String() string {
	parts := make([]string, 0, 4)
	if place := p.Place.String(); place != "" {
		parts = append(parts, place)
	}
	if p.Severity != Failure {
		parts = append(parts, p.Severity.String())
	}
	if p.Path != "" {
		parts = append(parts, p.Path)
	}
	line := strings.Join(append(parts, p.Message), ": ")
	if p.Hint != "" {
		line += "; " + p.Hint
	}
	return line
}

// Problems are all that was found, in the order of the files.
type Problems []Problem

// shownProblems bounds what one error prints: past it a reader mends and runs again.
const shownProblems = 50

// Failed reports whether any of them keeps the document from being applied.
func (ps Problems) Failed() bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return p.Severity == Failure })
}

// Warnings returns the doubts among them.
func (ps Problems) Warnings() Problems { return ps.of(Warning) }

// Failures returns those that keep the document from being applied.
func (ps Problems) Failures() Problems { return ps.of(Failure) }

func (ps Problems) of(s Severity) Problems {
	var some Problems
	for _, p := range ps {
		if p.Severity == s {
			some = append(some, p)
		}
	}
	return some
}

// Err returns an *Error that lists every failure, or nil when there are only
// warnings or nothing at all.
func (ps Problems) Err() error {
	if !ps.Failed() {
		return nil
	}
	return &Error{Problems: ps.Failures()}
}

// Error is a document that cannot be applied, and why.
type Error struct{ Problems Problems }

// Error lists the problems, one a line.
func (e *Error) Error() string {
	lines := make([]string, 0, min(len(e.Problems), shownProblems)+1)
	for i, p := range e.Problems {
		if i == shownProblems {
			lines = append(lines, fmt.Sprintf("and %d more", len(e.Problems)-i))
			break
		}
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

// sorted puts problems in the order of the files given, then of the lines.
func (ps Problems) sorted(files []string) Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(slices.Index(files, a.File), slices.Index(files, b.File)),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column))
	})
	return ps
}
