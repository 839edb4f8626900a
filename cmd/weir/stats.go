package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/internal/stats/calculator"
)

// maxInputs bounds the inputs of one computation, in bytes.
const maxInputs = 256 << 20

func (a *app) statsCommand() *cobra.Command {
	var list, batch bool
	cmd := &cobra.Command{
		Use:   "stats [METHOD]",
		Short: "Compute one statistic: a test, an interval, a sample size",
		Long: `Compute one statistic by the code that reports use. METHOD reads its inputs as a
JSON object from standard input and prints a JSON object. weir stats METHOD --help
shows the inputs of a method and a worked case.

A value that is undefined is null, with a status and a reason, and so is one that is
infinite, with a status that says which; that is an answer, and the exit code is 0.
Inputs that do not fit are errors that name the field, with exit code 2.

With --batch each line of standard input is {"method": …, "inputs": {…}}, and
each has one line of answer. A line that does not fit is answered with an error and
its number, the lines after it are computed, and the exit code is 2 at the end.`,
		Example: "  weir stats --list\n  echo '{\"observed\": [5050, 4950], \"weights\": [1, 1]}' | weir stats srm_chi_square\n  cat questions.jsonl | weir stats --batch > answers.jsonl",
		Args:    cobra.MaximumNArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return methodNames(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case list && batch || len(args) > 0 && (list || batch):
			return usage(errors.New("give a METHOD, --list or --batch"))
		case list:
			return a.statsList()
		case batch:
			return a.statsBatch()
		case len(args) == 0:
			return advise(usage(errors.New("METHOD is missing: "+cmd.UseLine())), "weir stats --list names the methods")
		}
		return a.statsRun(args[0])
	}
	f := cmd.Flags()
	f.BoolVar(&list, "list", false, "name the methods, with a line each")
	f.BoolVar(&batch, "batch", false, `answer JSON lines {"method": …, "inputs": {…}}`)
	a.methodHelp(cmd)
	return cmd
}

func methodNames() []string {
	var names []string
	for _, m := range calculator.Methods() {
		names = append(names, m.Name)
	}
	return names
}

// methodHelp makes --help tell of the method that the command line names.
func (a *app) methodHelp(cmd *cobra.Command) {
	usual := cmd.HelpFunc()
	cmd.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		for _, word := range append(args, cmd.Flags().Args()...) {
			if m, known := calculator.Find(word); known {
				fmt.Fprint(a.out, methodText(m))
				return
			}
		}
		usual(cmd, args)
	})
}

// methodText is all about one method.
func methodText(m calculator.Method) string {
	e := m.Example()
	return fmt.Sprintf(`%s
  %s

  Source:   %s
  Inputs:   %s
  Outputs:  %s

Example:
  echo '%s' | weir stats %s
  %s
`, m.Name, m.Summary, m.Source, strings.Join(m.Inputs, ", "), strings.Join(m.Outputs, ", "), e.Inputs, m.Name, e.Outputs)
}

func (a *app) statsList() error {
	for _, m := range calculator.Methods() {
		if _, err := fmt.Fprintf(a.out, "%-34s %s\n", m.Name, firstLine(m.Summary)); err != nil {
			return err
		}
	}
	return nil
}

// firstLine shortens a summary for a list.
func firstLine(s string) string { return cut(s, 120) }

func (a *app) statsBatch() error {
	wrong, err := calculator.Batch(afterMark(a.in), a.out)
	if err != nil {
		return err
	}
	if wrong > 0 {
		fmt.Fprintf(a.err, "%s could not be computed: their answers say why\n", count(wrong, "line"))
		return exit(exitUsage)
	}
	return nil
}

func (a *app) statsRun(name string) error {
	m, err := calculator.Named(name)
	if err != nil {
		return mistaken(err, "weir stats --list names the methods")
	}
	see := "weir stats " + m.Name + " --help shows its inputs"
	if isPerson(a.in) { // nothing would ever come
		e := m.Example()
		return advise(usage(fmt.Errorf("%s reads a JSON object from standard input, with %s", m.Name, strings.Join(m.Inputs, ", "))),
			"echo '%s' | weir stats %s", cut(string(e.Inputs), 400), m.Name)
	}
	inputs, err := io.ReadAll(io.LimitReader(afterMark(a.in), maxInputs+1))
	if err != nil {
		return fmt.Errorf("read the inputs: %w", err)
	}
	if len(inputs) > maxInputs {
		return usage(fmt.Errorf("the inputs are over %d MiB", maxInputs>>20))
	}
	if len(bytes.TrimSpace(inputs)) == 0 {
		return advise(usage(errors.New("nothing came on standard input")), "%s", see)
	}
	answer, err := m.Run(inputs)
	if err != nil {
		return mistaken(err, see)
	}
	return a.printAnswer(answer)
}

// afterMark drops the byte order mark with which some programs begin their output:
// it cannot be seen, so an error of it could not be understood.
func afterMark(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if start, _ := b.Peek(3); string(start) == "\ufeff" {
		_, _ = b.Discard(3) // it is there
	}
	return b
}

// mistaken is an input that does not fit: what is wrong, what fits, and where to look.
func mistaken(err error, see string) error {
	var e *calculator.Error
	if !errors.As(err, &e) {
		return err
	}
	return advise(usage(err), "%s", see)
}

// printAnswer writes an answer for people on a terminal, and as one line elsewhere.
func (a *app) printAnswer(answer json.RawMessage) error {
	var out bytes.Buffer
	if columns(a.out) > 0 {
		_ = json.Indent(&out, answer, "", "  ") // it is JSON: it was just made
	} else {
		out.Write(answer)
	}
	out.WriteByte('\n')
	_, err := a.out.Write(out.Bytes())
	return err
}
