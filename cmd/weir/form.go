package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/internal/fault"
)

// form is the value of -o: one of the words that the command has.
type form struct {
	word  string
	words []string
}

// Set takes a word that is known.
func (f *form) Set(s string) error {
	if !slices.Contains(f.words, s) {
		return errors.New(meantOf(s, f.words))
	}
	f.word = s
	return nil
}

// String is the word.
func (f *form) String() string { return f.word }

// Type names the value in help texts.
func (f *form) Type() string { return "FORM" }

// form adds the flag -o to a command; the first word is the default.
func (a *app) form(cmd *cobra.Command, words ...string) *form {
	f := &form{words[0], words}
	cmd.Flags().VarP(f, "output", "o", strings.Join(words, ", "))
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	return f
}

// asksJSON reports whether a command line asks for JSON. It is looked at before
// the flags are parsed, so that an error of parsing has the right form too.
func asksJSON(args []string) bool {
	for i, arg := range args {
		word := ""
		switch {
		case arg == "--":
			return false
		case (arg == "-o" || arg == "--output") && i+1 < len(args):
			word = args[i+1]
		case strings.HasPrefix(arg, "--output="):
			word = strings.TrimPrefix(arg, "--output=")
		case strings.HasPrefix(arg, "-o"):
			word = strings.TrimPrefix(strings.TrimPrefix(arg, "-o"), "=")
		}
		if word == "json" || word == "jsonl" {
			return true
		}
	}
	return false
}

// meantOf is the known word that was probably meant, or all of them.
func meantOf(word string, known []string) string {
	if near := fault.Nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(known) == 1 {
		return "it is " + known[0]
	}
	return "it is " + strings.Join(known[:len(known)-1], ", ") + " or " + known[len(known)-1]
}

// writeJSON writes v for people and programs: indented.
func (a *app) writeJSON(v any) error { return a.encode(v, "  ") }

// writeLine writes v on one line.
func (a *app) writeLine(v any) error { return a.encode(v, "") }

func (a *app) encode(v any, indent string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	_, err := a.out.Write(escapeHostile(b.Bytes()))
	return err
}

// escapeHostile writes as \uXXXX what JSON allows to stand as it is and a
// terminal would obey. The meaning of the document stays the same.
func escapeHostile(doc []byte) []byte {
	if !bytes.ContainsFunc(doc, func(r rune) bool { return r > '~' && hostile(r) }) {
		return doc
	}
	out := make([]byte, 0, len(doc)+16)
	for len(doc) > 0 {
		r, n := utf8.DecodeRune(doc)
		if r > '~' && hostile(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = append(out, doc[:n]...)
		}
		doc = doc[n:]
	}
	return out
}
