package definition

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits of one file. The YAML parser recurses with nesting and its time grows
// with the square of a mapping's keys, so both are bounded before it runs; the
// last bounds what aliases can multiply to.
const (
	maxFile   = 4 << 20 // bytes
	maxTokens = 100_000 // about 30,000 lines
	maxDepth  = 64
	maxNodes  = 200_000
)

// File is one text of the document. Name is what problems call it, and what
// relative paths in it are relative to.
type File struct {
	Name string
	Text []byte
}

// read turns one file into a tree. An empty file is a nil tree.
func read(f File) (root *node, problems Problems) {
	r := &reader{file: f.Name, anchors: map[string]*node{}}
	defer func() {
		// The parser is a third party's and the text may be anything: a panic in
		// there is a text that cannot be read, not the end of the process.
		if caught := recover(); caught != nil {
			r.fail(Place{File: f.Name}, "this is not YAML that can be read", "")
			root, problems = nil, r.problems
		}
	}()
	if !r.readable(f.Text) {
		return nil, r.problems
	}
	body, ok := r.parse(bytes.TrimPrefix(f.Text, []byte("\ufeff")))
	if !ok || body == nil {
		return nil, r.problems
	}
	return r.node(body, 0), r.problems
}

// reader builds the tree of one file.
type reader struct {
	file     string
	anchors  map[string]*node
	nodes    int
	overfull bool
	problems Problems
}

func (r *reader) fail(at Place, message, hint string) {
	r.problems = append(r.problems, Problem{Place: at, Message: message, Hint: hint})
}

// readable checks what must hold before the parser may see the text.
func (r *reader) readable(b []byte) bool {
	if len(b) > maxFile {
		r.fail(Place{File: r.file}, fmt.Sprintf("the file is larger than %d MiB", maxFile>>20),
			"split it: a folder of files is one document")
		return false
	}
	if utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 {
		return true
	}
	line, column := 1, 1
	for len(b) > 0 {
		c, n := utf8.DecodeRune(b)
		if c == 0 || c == utf8.RuneError && n == 1 {
			break
		}
		if column++; c == '\n' {
			line, column = line+1, 1
		}
		b = b[n:]
	}
	r.fail(Place{r.file, line, column}, "this byte is not text", "save the file as UTF-8")
	return false
}

// parse runs the YAML parser within the limits and returns the one document.
func (r *reader) parse(b []byte) (ast.Node, bool) {
	tokens := lexer.Tokenize(string(b))
	if !r.bounded(tokens) {
		return nil, false
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntax(err)
		return nil, false
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.DirectiveType {
			continue
		}
		if body != nil {
			r.fail(r.at(doc.Body.GetToken()), "a second document begins here",
				"one file holds one document: remove the line ---, or make it two files")
			return nil, false
		}
		body = doc.Body
	}
	return body, true
}

// bounded counts tokens and the nesting of brackets and of dashes on one line,
// which cost a byte each. Nesting by indentation costs its own length and needs
// no bound here.
func (r *reader) bounded(tokens token.Tokens) bool {
	if len(tokens) > maxTokens {
		r.fail(r.at(tokens[maxTokens]), fmt.Sprintf("the file holds more than %d names and values", maxTokens/2),
			"split it: a folder of files is one document")
		return false
	}
	open, run := 0, 0
	for _, t := range tokens {
		if t.Type == token.SequenceEntryType {
			run++
		} else {
			run = 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			open++
		case token.SequenceEndType, token.MappingEndType:
			open = max(0, open-1)
		}
		if open > maxDepth || run > maxDepth {
			r.tooDeep(r.at(t))
			return false
		}
	}
	return true
}

func (r *reader) tooDeep(at Place) {
	r.fail(at, fmt.Sprintf("nested more than %d levels deep", maxDepth), "")
}

func (r *reader) syntax(err error) {
	var e yaml.Error
	if !errors.As(err, &e) {
		r.fail(Place{File: r.file}, "this is not YAML: "+err.Error(), "")
		return
	}
	message, hint := e.GetMessage(), ""
	if strings.Contains(message, "\t") || strings.Contains(message, "tab") {
		message, hint = "a tab stands where spaces must", "YAML is indented with spaces"
	}
	r.fail(r.at(e.GetToken()), "this is not YAML: "+message, hint)
}

func (r *reader) at(t *token.Token) Place {
	if t == nil || t.Position == nil {
		return Place{File: r.file}
	}
	return Place{r.file, t.Position.Line, max(1, t.Position.Column)}
}
