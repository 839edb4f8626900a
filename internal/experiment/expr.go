package experiment

import (
	"fmt"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
)

// Limits of an expression and of what it reads. The worst cost of an expression
// is computed when it is compiled, from its text and from these sizes, and one
// that could cost more is refused; at run time the sizes are held instead of
// counting the cost, which would double the price of every evaluation.
const (
	maxSource    = 4096   // code points of an expression
	maxCost      = 40_000 // CEL's cost units, of some 100 ns: 4 ms for the worst that is accepted, 1 µs for what people write
	maxValue     = 4096   // bytes of a header, unit, key or route
	maxGroups    = 64     // groups of a key
	maxGroup     = 128    // bytes of a group's name
	maxRegexSize = 256    // instructions of a compiled pattern
)

// Expr is a compiled condition on a request, in CEL: an audience, or when an
// override applies. It reads
//
//	header["x-user-group"]   a header, by name in any case; "" when absent
//	user                     the unit's id when units are users, else ""
//	unit, unit_kind          the unit's id and kind, "" when there is none
//	key, groups              the caller's key and the key's groups
//	group("staff")           whether the key is in a group
//	route                    the route's name
//
// and is true or false. An Expr is immutable and safe for concurrent use; a nil
// one is always true.
type Expr struct {
	source  string
	program cel.Program
}

// Compile checks an expression and makes it ready. The error is an *ExprError,
// which says where and what.
func Compile(source string) (*Expr, error) {
	env, err := environment()
	if err != nil {
		return nil, err
	}
	ast, iss := env.Compile(source)
	if iss.Err() != nil {
		return nil, exprError(source, iss.Errors())
	}
	if ast.OutputType() != cel.BoolType {
		return nil, &ExprError{Source: source, Line: 1, Column: 1, Message: fmt.Sprintf("the expression is a %s, not true or false", ast.OutputType()), Hint: "Compare it with something, as in user == \"ada\""}
	}
	if err := bounded(env, ast, source); err != nil {
		return nil, err
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, &ExprError{Source: source, Line: 1, Column: 1, Message: err.Error()}
	}
	return &Expr{source, program}, nil
}

// String is the expression as it was written.
func (x *Expr) String() string {
	if x == nil {
		return "true"
	}
	return x.source
}

// Eval reports whether the expression holds for a request on the named route.
// An expression that cannot be evaluated is false, and the error says why.
func (x *Expr) Eval(route string, in *Input) (bool, error) {
	if x == nil {
		return true, nil
	}
	v := pool.Get().(*vars)
	v.route, v.in, v.header.get = route, in, in.Header
	out, _, err := x.program.Eval(v)
	*v = vars{}
	pool.Put(v)
	if err != nil {
		return false, err
	}
	return out == types.True, nil
}

// vars gives CEL what a request carried, as it asks.
type vars struct {
	route  string
	in     *Input
	header header
}

var pool = sync.Pool{New: func() any { return new(vars) }}

// ResolveName implements cel.Activation.
func (v *vars) ResolveName(name string) (any, bool) {
	switch name {
	case "header":
		return &v.header, true
	case "user":
		if v.in.Unit.Kind != "user" {
			return types.String(""), true
		}
		return text(name, v.in.Unit.ID), true
	case "unit":
		return text(name, v.in.Unit.ID), true
	case "unit_kind":
		if v.in.Unit.ID == "" {
			return types.String(""), true
		}
		return types.String(v.in.Unit.Kind), true
	case "key":
		return text(name, v.in.Key), true
	case "route":
		return text(name, v.route), true
	case "groups":
		return groups(v.in.Groups), true
	}
	return nil, false
}

// Parent implements cel.Activation.
func (v *vars) Parent() cel.Activation { return nil }

// text is a string value, or an error when it is longer than was reckoned with.
func text(name, s string) any {
	if len(s) > maxValue {
		return types.NewErr("%s is over %d bytes", name, maxValue)
	}
	return types.String(s)
}

func groups(g []string) any {
	if len(g) > maxGroups {
		return types.NewErr("the key is in more than %d groups", maxGroups)
	}
	for _, name := range g {
		if len(name) > maxGroup {
			return types.NewErr("a group's name is over %d bytes", maxGroup)
		}
	}
	return g
}
