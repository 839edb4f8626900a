//go:build tools

package test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/definition"
)

// checkBlocks checks the blocks that are not executed.
func (p *page) checkBlocks(t *testing.T) (problems []string) {
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
			problems = append(problems, p.at(s.line, "%v", err))
		}
	}
	return problems
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
	if commands.Len() == 0 {
		return errors.New("no line begins with `$ `, so nothing is a command")
	}
	cmd := exec.CommandContext(t.Context(), tool(t, "bash"), "-n")
	cmd.Stdin = strings.NewReader(commands.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.New(string(out))
	}
	return nil
}

var (
	definitionLine = regexp.MustCompile(`(?m)^(listen|models|routes|experiments|keys):`) // begins a section
	modelsLine     = regexp.MustCompile(`(?m)^models:`)
	onlyComments   = regexp.MustCompile(`^(#.*\n)+$`)
)

// checkYAML holds a whole definition, which has models and routes, against `weir
// validate`, and a piece of one against the reader, which knows every field. What
// is neither must be saved, so that whoever it is for reads it.
func (s *step) checkYAML(t *testing.T) error {
	t.Helper()
	switch {
	case !definitionLine.MatchString(s.text) && (s.file != "" || onlyComments.MatchString(s.text)):
		return nil
	case !definitionLine.MatchString(s.text):
		return errors.New("this is no definition, and it is not saved for anything that could read it")
	case !modelsLine.MatchString(s.text):
		_, problems := definition.Parse([]definition.File{{Name: "block.yaml", Text: []byte(s.text)}})
		return problems.Err()
	}
	name := filepath.Join(t.TempDir(), "block.yaml")
	if err := os.WriteFile(name, []byte(s.text), 0o600); err != nil {
		return err
	}
	if out, errs, code := run(t, nil, "", weirBinary, "validate", "-c", name); code != 0 {
		return errors.New(out + errs)
	}
	return nil
}
