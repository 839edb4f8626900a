package definition

import (
	"errors"

	"github.com/weirhq/weir/internal/experiment"
)

// expression compiles a condition and reports a mistake at the very letter of
// the file, where the text stands there as it is.
func (c *compiler) expression(at []string, source string) *experiment.Expr {
	x, err := experiment.Compile(source)
	var wrong *experiment.ExprError
	switch {
	case err == nil:
		return x
	case !errors.As(err, &wrong):
		c.fail(at, "", "%s", err)
		return nil
	}
	place := c.doc.place(at)
	if n := c.doc.root.at(at); n != nil && n.literal && wrong.Line == 1 {
		place.Column += n.quote + wrong.Column - 1
	}
	c.problems = append(c.problems, Problem{Place: place, Path: show(at),
		Message: "in the expression: " + wrong.Message, Hint: lowerFirst(wrong.Hint)})
	return nil
}

// lowerFirst fits a sentence of its own into a line of ours.
func lowerFirst(s string) string {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return s
	}
	return string(s[0]+'a'-'A') + s[1:]
}
