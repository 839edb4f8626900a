package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/chat/openai"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/upstream"
)

const errorsFile = "../../docs/reference/errors.md"

// codes collects the codes of failures out of the code: all calls of fault.New
// and all literals of fault.Error.
type codes struct {
	t     *testing.T
	found map[string][]codeUse
}

// codeUse is where a code is given to a failure, and of which kind that is.
type codeUse struct {
	at   string // file and line
	kind string // "NotFound"
	pkg  string // folder below internal
}

// composed are the codes that are put together of a word and one of a list.
func composed(t *testing.T) map[string][]string {
	var classes []string
	for c := upstream.Class(0); c <= upstream.TooLarge; c++ {
		classes = append(classes, c.String())
	}
	return map[string][]string{"upstream_": classes, "timeout_": clocksOf(t)}
}

// clocksOf reads the names of the clocks out of the gateway.
func clocksOf(t *testing.T) (names []string) {
	files, _ := filepath.Glob("../../internal/gateway/*.go")
	name := regexp.MustCompile(`(?:enter|until)\("([a-z_]+)"|clockError\{"([a-z_]+)"`)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range name.FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1]+m[2])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func collectCodes(t *testing.T) *codes {
	c := &codes{t: t, found: map[string][]codeUse{}}
	err := filepath.WalkDir("../../internal", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || d.Name() == "testdata" {
			return err
		}
		return c.folder(path)
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *codes) folder(folder string) error {
	names, _ := filepath.Glob(filepath.Join(folder, "*.go"))
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	pkg := filepath.ToSlash(strings.TrimPrefix(folder, filepath.Join("..", "..", "internal")+string(filepath.Separator)))
	words := variables(files)
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "New" && isName(s.X, "fault") && len(n.Args) > 1 {
					c.note(n.Args[1], codeUse{set.Position(n.Pos()).String(), kindName(n.Args[0]), pkg}, words)
				}
			case *ast.CompositeLit:
				if isName(n.Type, "Error") && pkg == "fault" {
					for _, e := range n.Elts {
						if kv, ok := e.(*ast.KeyValueExpr); ok && isName(kv.Key, "Code") && literal(kv.Value) != "" {
							c.note(kv.Value, codeUse{set.Position(n.Pos()).String(), "Internal", pkg}, words)
						}
					}
				}
			}
			return true
		})
	}
	return nil
}

// note files a use under each code that the expression can be.
func (c *codes) note(e ast.Expr, use codeUse, words []string) {
	switch e := e.(type) {
	case *ast.BasicLit:
		c.found[literal(e)] = append(c.found[literal(e)], use)
		return
	case *ast.BinaryExpr:
		for _, end := range composed(c.t)[literal(e.X)] {
			code := literal(e.X) + end
			c.found[code] = append(c.found[code], use)
			words = nil
		}
		if words == nil {
			return
		}
	case *ast.SelectorExpr:
		if e.Sel.Name == "Code" { // of another failure, which has its own use
			return
		}
	case *ast.Ident:
		for _, w := range words {
			c.found[w] = append(c.found[w], use)
		}
		if e.Name == "code" && len(words) > 0 {
			return
		}
	}
	c.t.Errorf("%s: which codes this can be is not seen by this test: write them as literals, or in a variable called code", use.at)
}

// variables are the literals that a package gives to variables and parameters
// called code.
func variables(files []*ast.File) (words []string) {
	parameter := map[string]int{} // function → which of its parameters is code
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if fn, ok := n.(*ast.FuncDecl); ok {
				i := 0
				for _, field := range fn.Type.Params.List {
					for _, name := range field.Names {
						if name.Name == "code" {
							parameter[fn.Name.Name] = i
						}
						i++
					}
				}
			}
			return true
		})
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					if isName(left, "code") && i < len(n.Rhs) && literal(n.Rhs[i]) != "" {
						words = append(words, literal(n.Rhs[i]))
					}
				}
			case *ast.CallExpr:
				name := ""
				switch fn := n.Fun.(type) {
				case *ast.Ident:
					name = fn.Name
				case *ast.SelectorExpr:
					name = fn.Sel.Name
				}
				if i, ok := parameter[name]; ok && i < len(n.Args) && literal(n.Args[i]) != "" {
					words = append(words, literal(n.Args[i]))
				}
			}
			return true
		})
	}
	slices.Sort(words)
	return slices.Compact(words)
}

func isName(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

func kindName(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok {
		return s.Sel.Name
	}
	return ""
}

func literal(e ast.Expr) string {
	if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
		s, _ := strconv.Unquote(l.Value)
		return s
	}
	return ""
}

// kinds by the names of their constants, for the status that each has.
var kinds = map[string]fault.Kind{"Internal": fault.Internal, "Invalid": fault.Invalid, "Unauthorized": fault.Unauthorized, "Forbidden": fault.Forbidden,
	"NotFound": fault.NotFound, "Method": fault.Method, "TooLarge": fault.TooLarge, "Unsupported": fault.Unsupported, "Limited": fault.Limited,
	"Upstream": fault.Upstream, "Timeout": fault.Timeout, "Unavailable": fault.Unavailable, "Cancelled": fault.Cancelled}

// ownStatus are codes whose status is not that of their kind.
var ownStatus = map[string]string{"body_timeout": "408", "upstream_rejected": "4xx", "nothing_to_reload": "409", "definition_invalid": "422", "unknown_vendor": "never",
	"feedback_window_over": "410", "illegal_move": "409", "underpowered": "409", "epoch_used": "409", "idempotency_key_reused": "409",
	"revision_conflict": "409", "owned_by_file": "409", "owned_by_environment": "409", "revision_without_files": "409"}

func statusOf(code string, u codeUse) string {
	if own := ownStatus[code]; own != "" {
		return own
	}
	if u.pkg == "admin" && u.kind == "Unsupported" {
		return "415" // the admin API's own choice
	}
	return strconv.Itoa(openai.Status(&fault.Error{Kind: kinds[u.kind]}))
}

// listeners that a package's failures reach.
func listenerOf(u codeUse) string {
	switch u.pkg {
	case "admin", "reconcile":
		return "admin"
	case "access", "fault":
		return "both"
	}
	return "data"
}

var errorRow = regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\| ([^|]+) \\| ([a-z]+) \\| ([^|]+) \\| ([^|]+) \\|$")

// Every code that a caller can meet has a row, with the status and the listener
// that it has in the code; and every row has a code.
func TestErrorCodesAreDocumented(t *testing.T) {
	text, err := os.ReadFile(errorsFile)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	for _, m := range errorRow.FindAllStringSubmatch(string(text), -1) {
		if rows[m[1]] != nil {
			t.Errorf("%s has two rows", m[1])
		}
		rows[m[1]] = m[2:]
	}
	found := collectCodes(t).found
	if len(found) < 50 {
		t.Fatalf("only %d codes were found in the code", len(found))
	}
	for code, uses := range found {
		row := rows[code]
		if row == nil {
			t.Errorf("%s: the code %q has no row in %s", uses[0].at, code, errorsFile)
			continue
		}
		for _, u := range uses {
			if status := statusOf(code, u); !strings.Contains(row[0], status) {
				t.Errorf("%s: %q has status %s there, and %s in its row", u.at, code, status, row[0])
			}
			if l := listenerOf(u); row[1] != "both" && row[1] != "definitions" && row[1] != l {
				t.Errorf("%s: %q is met on the %s listener, and its row says %s", u.at, code, l, row[1])
			}
		}
	}
	for code := range rows {
		if found[code] == nil {
			t.Errorf("%s: %q is in no code", errorsFile, code)
		}
	}
}

// The test itself sees a code that has no row.
func TestNewCodesAreSeen(t *testing.T) {
	c := &codes{t: t, found: map[string][]codeUse{}}
	folder := t.TempDir()
	source := "package x\nfunc f(code string) error { return fault.New(fault.Limited, code, \"\") }\nfunc g() error { f(\"of_a_parameter\"); code := \"of_a_variable\"; _ = code; return fault.New(fault.NotFound, \"of_a_literal\", \"\") }\n"
	if err := os.WriteFile(filepath.Join(folder, "x.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.folder(folder); err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"of_a_literal", "of_a_variable", "of_a_parameter"} {
		if len(c.found[code]) == 0 {
			t.Errorf("%s was not seen in %s", code, fmt.Sprint(c.found))
		}
	}
}
