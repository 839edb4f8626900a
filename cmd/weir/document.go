package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/client"
)

// document is definitions that are to be sent to a running Weir: files with names
// that mean something there, and the names they have here, for problems.
type document struct {
	files []client.File
	here  map[string]string // the name that was sent → the path on this machine
}

// documentFlag adds -f.
func documentFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVarP(path, "file", "f", "", "`FILE` or folder of definitions, or - for standard input (default ./weir.yaml)")
}

// readDocument reads what -f names. Only names below the folder are sent: where
// it is on this machine is nobody's business.
func (a *app) readDocument(path string) (*document, error) {
	d := &document{here: map[string]string{}}
	if path == "-" {
		text, err := io.ReadAll(io.LimitReader(a.in, maxDefinition+1))
		if err != nil {
			return nil, fmt.Errorf("read definitions from standard input: %w", err)
		}
		if len(text) > maxDefinition {
			return nil, fmt.Errorf("read definitions from standard input: they have over %d bytes", maxDefinition)
		}
		d.add("weir.yaml", "standard input", text)
		return d, nil
	}
	if path == "" {
		if path = defaultFile; !exists(path) {
			return nil, usage(errors.New("no definitions: name a file or folder with -f; there is no weir.yaml here"))
		}
	}
	src := source{path: path, env: a.env}
	files, err := src.files()
	if err != nil {
		return nil, usage(err)
	}
	for _, f := range files {
		d.add(filepath.Base(f.Name), f.Name, f.Text)
	}
	return d, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (d *document) add(name, here string, text []byte) {
	d.files = append(d.files, client.File{Name: name, Text: string(text)})
	d.here[name] = here
}

// printProblems lists what is wrong with a document, each where it is on this
// machine, so that a click opens the file.
func (a *app) printProblems(w io.Writer, d *document, problems []client.Problem) {
	for _, p := range problems {
		at := p.File
		if d != nil && d.here[p.File] != "" {
			at = d.here[p.File]
		}
		if p.Line > 0 {
			at += fmt.Sprintf(":%d:%d", p.Line, max(p.Column, 1))
		}
		text := p.Message
		if p.Path != "" {
			text = p.Path + ": " + text
		}
		if at != "" {
			text = at + ": " + text
		}
		if p.Severity != "" && p.Severity != "error" {
			text = p.Severity + ": " + text
		}
		if p.Hint != "" {
			text += "; " + p.Hint
		}
		fmt.Fprintln(w, plain(text))
	}
}

// mendDefinitions says what to do about a change that was refused. Who must mend
// the document is told which lines, on standard output.
func (a *app) mendDefinitions(r *remote, d *document, err error) error {
	var weir *client.Error
	if !errors.As(err, &weir) {
		return r.mend(err)
	}
	switch {
	case weir.Status == 422:
		if !a.json && len(weir.Problems) > 0 {
			a.printProblems(a.out, d, weir.Problems)
			short := *weir // they are said already
			short.Message = "the definitions cannot be put in force: " + count(errorsAmong(weir.Problems), "error")
			err = &short
		}
		return advise(&exitErr{exitUsage, err}, "mend them; weir validate checks definitions without a running Weir. What was in force stays in force")
	case weir.Diff != nil:
		if !a.json {
			if err := a.printDiff(weir.Diff); err != nil {
				return err
			}
		}
		return advise(err, "make this change where they are written: a file is read again when it changes")
	case weir.Code == "revision_conflict":
		return advise(err, "weir diff shows what differs now, weir get revisions who applied what; apply again with --expect and the last number")
	}
	return r.mend(err)
}

func errorsAmong(problems []client.Problem) (n int) {
	for _, p := range problems {
		if p.Severity == "error" {
			n++
		}
	}
	return n
}
