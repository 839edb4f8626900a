//go:build tools

package test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/definition"
)

// TestDocs does what the documentation tells its readers to do, and compares
// what it shows them with what came. docs_page_test.go says how a page is marked.
func TestDocs(t *testing.T) {
	isolated := isolation(t)
	for _, tools := range []string{"curl", "jq", "node", "ip"} {
		tool(t, tools)
	}
	for _, p := range pages(t) {
		t.Run(p.name, func(t *testing.T) {
			if isolated != nil {
				t.Parallel()
			}
			p.checkBlocks(t)
			if p.runs() {
				p.execute(t, isolated)
			}
		})
	}
}

// runs reports whether the page has something to execute.
func (p *page) runs() bool {
	for _, s := range p.steps {
		if s.language == "sh" || s.file != "" {
			return true
		}
	}
	return false
}

// execute runs the page in a folder of its own, and checks the outputs.
func (p *page) execute(t *testing.T, isolated []string) {
	t.Helper()
	s := &shell{page: p, folder: t.TempDir(), notes: t.TempDir()}
	for _, link := range []string{"examples", "test/clients/node_modules"} {
		to, err := filepath.Abs(filepath.Join(root, link))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, filepath.Join(s.folder, filepath.Base(link))); err != nil {
			t.Fatal(err)
		}
	}
	s.run(t, isolated)
	last, background := -1, map[string]int{}
	for i, st := range p.steps {
		switch {
		case st.background != "":
			background[st.background] = i
		case st.language == "sh":
			last = i
			t.Logf("%s:%d: what came:\n%s", p.name, st.line, s.output(i)) // with -v, for whoever writes a page
		}
		if !st.output {
			continue
		}
		from, known := last, last >= 0
		if st.of != "" {
			from, known = background[st.of]
		}
		if !known {
			t.Errorf("%s:%d: an output, and no commands that it could be of", p.name, st.line)
			continue
		}
		if err := checkOutput(st.text, s.output(from)); err != nil {
			t.Errorf("%s:%d: %v", p.name, st.line, err)
		}
	}
}

// checkBlocks checks what is not executed.
func (p *page) checkBlocks(t *testing.T) {
	t.Helper()
	for _, s := range p.steps {
		var err error
		switch s.language {
		case "console":
			err = checkConsole(t, s.text)
		case "json":
			err = json.Unmarshal([]byte(s.text), new(any))
		case "yaml":
			err = s.checkYAML(t)
		}
		if err != nil {
			t.Errorf("%s:%d: %v", p.name, s.line, err)
		}
	}
}

// checkConsole asks the shell whether the commands could be run.
func checkConsole(t *testing.T, text string) error {
	t.Helper()
	var commands strings.Builder
	goesOn := false
	for line := range strings.Lines(text) {
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok && !goesOn {
			continue
		}
		commands.WriteString(command)
		goesOn = strings.HasSuffix(strings.TrimRight(command, "\n"), `\`)
	}
	cmd := exec.CommandContext(t.Context(), tool(t, "bash"), "-n")
	cmd.Stdin = strings.NewReader(commands.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		return &badBlock{string(out)}
	}
	if commands.Len() == 0 {
		return &badBlock{"no line begins with `$ `, so nothing is a command"}
	}
	return nil
}

type badBlock struct{ text string }

func (b *badBlock) Error() string { return b.text }

var (
	definitionLine = regexp.MustCompile(`(?m)^(listen|models|routes|experiments|keys):`) // begins a section
	onlyComments   = regexp.MustCompile(`^(#.*\n)+$`)
)

// checkYAML holds a whole definition against `weir validate`, and a piece of one
// against the reader, which knows every field. What is neither must be saved, so
// that whoever it is for reads it.
func (s *step) checkYAML(t *testing.T) error {
	t.Helper()
	if !definitionLine.MatchString(s.text) {
		if s.file == "" && !onlyComments.MatchString(s.text) {
			return &badBlock{"this is no definition, and it is not saved for anything that could read it"}
		}
		return nil
	}
	if !strings.HasPrefix(s.text, "models:") && !strings.Contains(s.text, "\nmodels:") {
		_, problems := definition.Parse([]definition.File{{Name: "block.yaml", Text: []byte(s.text)}})
		return problems.Err()
	}
	name := filepath.Join(t.TempDir(), "block.yaml")
	if err := os.WriteFile(name, []byte(s.text), 0o600); err != nil {
		return err
	}
	if out, errs, code := run(t, nil, "", weirBinary, "validate", "-c", name); code != 0 {
		return &badBlock{out + errs}
	}
	return nil
}
