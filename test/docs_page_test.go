//go:build tools

package test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A page is a file of documentation, as far as it can be tested: its fenced
// blocks, and the directives that say what becomes of them. A directive is a
// comment on a line of its own, so that readers do not see it:
//
//	<!-- run: file weir.yaml -->           the next block is saved under that name
//	<!-- run: background weir until URL --> the next block runs on, and is waited for until URL answers 200
//	<!-- run: in repository -->            the next block runs in the repository instead of in an empty folder
//	<!-- run: exit 2 -->                   the next block ends with that exit code
//	<!-- run: stop weir -->                what runs under that name gets an interrupt
//	<!-- run: output -->                   the next block is what the block of commands before it wrote
//	<!-- run: output of weir -->           the same of what runs in the background
//
// Blocks of sh are executed, in order, in one shell per page. Blocks of console
// are commands that a test cannot run: lines that begin with "$ " are checked for
// syntax. Blocks of json and yaml are checked for what they are.
type page struct {
	name     string // from the root of the repository
	text     string
	steps    []step
	mistakes []string // in how it is marked
}

// step is a block, or the directive to stop something.
type step struct {
	line       int
	language   string // of the block; "" for a directive that stands alone
	text       string
	file       string
	background string
	until      string
	stop       string
	exit       string
	output     bool
	of         string // what runs in the background and wrote the output
	repository bool
}

// root is the repository, seen from this folder.
const root = ".."

// pages reads the documentation.
func pages(t *testing.T) []*page {
	t.Helper()
	names := []string{"README.md"}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == ".md" {
			name, _ := filepath.Rel(root, path)
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []*page
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		p := &page{name: name, text: string(text)}
		p.parse()
		all = append(all, p)
	}
	return all
}

var languages = []string{"sh", "console", "text", "yaml", "json", "js", "python"}

// parse finds the steps.
func (p *page) parse() {
	var next step // what directives said of the block to come
	lines := strings.Split(p.text, "\n")
	for i := 0; i < len(lines); i++ {
		if words, ok := directive(lines[i]); ok {
			next.line = i + 1
			if !next.take(words) {
				p.mistakes = append(p.mistakes, p.at(i+1, "a directive that nobody knows: %s", lines[i]))
			}
			if next.stop != "" {
				p.steps, next = append(p.steps, next), step{}
			}
			continue
		}
		fence, ok := strings.CutPrefix(lines[i], "```")
		if !ok {
			if next != (step{}) && strings.TrimSpace(lines[i]) != "" {
				p.mistakes = append(p.mistakes, p.at(next.line, "the directive is not followed by its block"))
				next = step{}
			}
			continue
		}
		next.language, next.line = fence, i+1
		if !slices.Contains(languages, fence) {
			p.mistakes = append(p.mistakes, p.at(i+1, "a block of %q: mark it as one of %s", fence, strings.Join(languages, ", ")))
		}
		end := i + 1
		for end < len(lines) && lines[end] != "```" {
			end++
		}
		next.text = strings.Join(lines[i+1:end], "\n") + "\n"
		p.steps, next = append(p.steps, next), step{}
		i = end
	}
}

var directiveLine = regexp.MustCompile(`^<!-- run: (.*) -->$`)

func directive(line string) ([]string, bool) {
	found := directiveLine.FindStringSubmatch(line)
	if found == nil {
		return nil, false
	}
	return strings.Fields(found[1]), true
}

// take reads one directive.
func (s *step) take(words []string) bool {
	switch {
	case len(words) == 2 && words[0] == "file":
		s.file = words[1]
	case len(words) == 4 && words[0] == "background" && words[2] == "until":
		s.background, s.until = words[1], words[3]
	case len(words) == 2 && words[0] == "exit":
		s.exit = words[1]
	case len(words) == 2 && words[0] == "stop":
		s.stop = words[1]
	case len(words) == 2 && words[0] == "in" && words[1] == "repository":
		s.repository = true
	case len(words) == 1 && words[0] == "output":
		s.output = true
	case len(words) == 3 && words[0] == "output" && words[1] == "of":
		s.output, s.of = true, words[2]
	default:
		return false
	}
	return true
}
