package experiment

import (
	"regexp/syntax"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
)

// names are the variables an expression may read.
var names = []string{"header", "user", "unit", "unit_kind", "key", "groups", "route"}

// environment is the language of expressions: standard CEL, the variables, and
// group(name). It is immutable and costs milliseconds to make, so it is made
// once, when first needed.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.Variable("header", headerType),
		cel.Variable("groups", cel.ListType(cel.StringType)),
		cel.Function(operators.Index, cel.Overload("header_index", []*cel.Type{headerType, cel.StringType}, cel.StringType)),
		cel.Macros(cel.GlobalMacro("group", 1, expandGroup)),
		cel.ParserExpressionSizeLimit(maxSource),
		cel.ParserRecursionLimit(64),
		cel.RegexProgramSizeLimit(maxRegexSize),
		cel.ASTValidators(cel.ValidateRegexLiterals()),
	}
	for _, name := range names {
		if name != "header" && name != "groups" {
			options = append(options, cel.Variable(name, cel.StringType))
		}
	}
	return cel.NewEnv(options...)
})

// expandGroup turns group(x) into x in groups. A function could not see the
// request; a macro needs not.
func expandGroup(f cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
	if args[0].Kind() == ast.LiteralKind && args[0].AsLiteral().Type() != types.StringType {
		return nil, f.NewError(args[0].ID(), "group wants a name in quotes, as in group(\"staff\")")
	}
	return f.NewCall(operators.In, args[0], f.NewIdent("groups")), nil
}

// bounded refuses an expression whose worst case is too dear, and patterns that
// are not written out: one that came with the request would be compiled anew
// each time, at a cost the request chooses.
func bounded(env *cel.Env, checked *cel.Ast, source string) error {
	var bad *ExprError
	native := checked.NativeRep()
	ast.PostOrderVisit(native.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != "matches" {
			return
		}
		args := e.AsCall().Args()
		pattern := args[len(args)-1]
		if pattern.Kind() == ast.LiteralKind {
			return
		}
		at := native.SourceInfo().GetStartLocation(pattern.ID())
		bad = &ExprError{Source: source, Line: at.Line(), Column: at.Column() + 1, Message: "the pattern of matches must be written out, in quotes"}
	}))
	if bad != nil {
		return bad
	}
	estimate, err := env.EstimateCost(checked, sizes{})
	if err != nil {
		return &ExprError{Source: source, Line: 1, Column: 1, Message: "its cost cannot be told: " + err.Error()}
	}
	if estimate.Max > maxCost {
		return &ExprError{Source: source, Line: 1, Column: 1, Message: "the expression could take too long on a large request",
			Hint: "Compare whole values, range over groups once and not inside itself, or set a header earlier on the way"}
	}
	return nil
}

// sizes tells CEL how large the variables can be.
type sizes struct{}

var _ cost.Estimator = sizes{}

// EstimateSize implements cost.Estimator.
func (sizes) EstimateSize(node cost.AstNode) *cost.SizeEstimate {
	var max uint64 = maxValue
	switch path := node.Path(); {
	case len(path) == 0:
		return nil
	case path[0] != "groups":
	case len(path) == 1:
		max = maxGroups
	default:
		max = maxGroup
	}
	size := cost.RangedSizeEstimate(0, max)
	return &size
}

// EstimateCallCost implements cost.Estimator.
func (s sizes) EstimateCallCost(function, overload string, target *cost.AstNode, args []cost.AstNode) *cost.CallEstimate {
	switch {
	case overload == "header_index":
		size := cost.RangedSizeEstimate(0, maxValue)
		return cost.NewCallEstimate(cost.FixedCostEstimate(2), &size)
	case function == overloads.Matches:
		if target != nil {
			args = []cost.AstNode{*target, args[0]}
		}
		return cost.NewCallEstimate(s.matchCost(args[0], args[1]), nil)
	}
	return nil
}

// matchCost is that of matching a pattern. CEL reckons with the pattern's
// length, which says little: .{100} has six characters and a hundred states,
// each tried at every byte. A state and byte take some 10 ns, a tenth of what a
// unit of CEL's cost takes elsewhere.
func (s sizes) matchCost(text, pattern cost.AstNode) cost.CostEstimate {
	if pattern.Expr().Kind() != ast.LiteralKind {
		return cost.UnknownCostEstimate() // refused before
	}
	written, _ := pattern.Expr().AsLiteral().Value().(string)
	parsed, err := syntax.Parse(written, syntax.Perl)
	if err != nil {
		return cost.UnknownCostEstimate()
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return cost.UnknownCostEstimate()
	}
	return cost.EstimateSize(s, text).MultiplyByCostFactor(0.1 * float64(len(program.Inst)))
}
