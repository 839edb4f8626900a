package experiment

import (
	"fmt"
	"regexp"
	"strings"

	"cel.dev/cel-go/cel"
)

// ExprError says where an expression is wrong, what is wrong and how to mend it.
type ExprError struct {
	Source  string
	Line    int // from 1, within Source
	Column  int // from 1, in characters
	Message string
	Hint    string // may be empty
}

// Error is one line: 1:5: no variable or function is named "usr". Did you mean "user"?
func (e *ExprError) Error() string {
	s := fmt.Sprintf("expression %q: %d:%d: %s", e.Source, e.Line, e.Column, e.Message)
	if e.Hint != "" {
		s += ". " + e.Hint
	}
	return s
}

var (
	undeclared = regexp.MustCompile(`^undeclared reference to '([^']*)'(?: \(did you mean '([^']*)')?`)
	oneSign    = regexp.MustCompile(`at: '[=&|]|input '(and|or)'`)
	expecting  = regexp.MustCompile(` expecting [{'<].*$`)
	unfit      = regexp.MustCompile(`^(?:mismatched|extraneous) input ('.*')$`)
)

// exprError puts the compiler's first complaint into our words where it has
// words for machines. Later ones tend to follow from the first.
func exprError(source string, complaints []*cel.Error) *ExprError {
	first := complaints[0]
	e := &ExprError{Source: source, Line: 1, Column: 1, Message: first.Message}
	if at := first.Location; at != nil {
		e.Line, e.Column = max(at.Line(), 1), max(at.Column()+1, 1)
	}
	if m := undeclared.FindStringSubmatch(e.Message); m != nil {
		e.Message = fmt.Sprintf("no variable or function is named %q", m[1])
		e.Hint = "An expression can read " + strings.Join(names, ", ") + " and group(\"...\")"
		if m[2] != "" {
			e.Hint = fmt.Sprintf("Did you mean %q?", m[2])
		}
		return e
	}
	if rest, ok := strings.CutPrefix(e.Message, "Syntax error: "); ok {
		e.Message, e.Hint = misspelt(rest)
		return e
	}
	e.Message = strings.ReplaceAll(e.Message, "'@in'", "'in'")
	return e
}

// misspelt names the mistakes that people make most.
func misspelt(complaint string) (message, hint string) {
	complaint = expecting.ReplaceAllString(complaint, "")
	message = unfit.ReplaceAllString(complaint, "$1 does not fit here")
	switch {
	case strings.Contains(complaint, "<EOF>"):
		return "the expression ends too early", ""
	case oneSign.MatchString(complaint):
		return message, "Compare with ==, join with && and ||"
	}
	return message, ""
}
