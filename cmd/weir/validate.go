package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/definition"
)

func (a *app) validateCommand() *cobra.Command {
	var config string
	var strict, schema bool
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Check definitions, and list everything that is wrong or doubtful",
		Long: `Check a file or folder of definitions without running anything: every problem
with its file, line and column, and how to mend it. Exit code 2 when the
definitions cannot be used; with --strict, 3 when there are warnings. Secrets are
not looked for: weir doctor does that.`,
		Example: "  weir validate -c weir.yaml\n  weir validate --strict -o json\n  weir validate --schema > weir.schema.json",
		Args:    takes(0, 0),
	}
	output := a.form(cmd, "text", "json")
	cmd.RunE = func(*cobra.Command, []string) error {
		if schema {
			_, err := a.out.Write(definition.Schema())
			return err
		}
		src, err := a.findSource(config)
		if err != nil {
			return err
		}
		return a.validate(src, output.word, strict)
	}
	f := cmd.Flags()
	f.StringVarP(&config, "config", "c", "", "`FILE` or folder of definitions (default ./weir.yaml)")
	f.BoolVar(&strict, "strict", false, "exit with code 3 when there are warnings")
	f.BoolVar(&schema, "schema", false, "print the JSON Schema of definitions, for editors")
	return cmd
}

// verdict is what validate found.
type verdict struct {
	Source   string           `json:"source"`
	Valid    bool             `json:"valid"`
	Revision string           `json:"revision,omitempty"`
	Models   int              `json:"models"`
	Routes   int              `json:"routes"`
	Keys     int              `json:"keys"`
	Errors   int              `json:"errors"`
	Warnings int              `json:"warnings"`
	Problems []client.Problem `json:"problems"`
}

// validate prints what was found; definitions that cannot be used exit with 2.
func (a *app) validate(src source, output string, strict bool) error {
	l, problems, err := src.compile()
	if err != nil {
		return err
	}
	v := verdictOf(&src, l, problems)
	if output == "json" {
		err = a.writeJSON(v)
	} else {
		err = a.printVerdict(&v, problems)
	}
	switch {
	case err != nil:
		return err
	case !v.Valid:
		return exit(exitUsage)
	case strict && v.Warnings > 0:
		return exit(exitFindings)
	}
	return nil
}

func verdictOf(src *source, l *loaded, problems definition.Problems) verdict {
	v := verdict{Source: src.name(), Valid: l != nil, Errors: len(problems.Failures()), Warnings: len(problems.Warnings()), Problems: []client.Problem{}}
	if l != nil {
		c := l.compiled
		v.Revision, v.Models, v.Routes, v.Keys = c.Revision, len(c.Models), len(c.Set.Routes), len(c.Keys)
	}
	for _, p := range problems {
		v.Problems = append(v.Problems, client.Problem{File: p.File, Line: p.Line, Column: p.Column, Path: p.Path,
			Severity: p.Severity.String(), Message: p.Message, Hint: p.Hint})
	}
	return v
}

// printVerdict lists problems on standard output, so that they can be counted
// and searched, and sums them up on standard error.
func (a *app) printVerdict(v *verdict, problems definition.Problems) error {
	for _, p := range problems {
		if _, err := fmt.Fprintln(a.out, plain(p.String())); err != nil {
			return err
		}
	}
	if !v.Valid {
		fmt.Fprintf(a.err, "%s cannot be used: %s, %s\n", v.Source, count(v.Errors, "error"), count(v.Warnings, "warning"))
		return nil
	}
	fmt.Fprintf(a.err, "%s is good, revision %s: %s, %s, %s, %s\n", v.Source, v.Revision,
		count(v.Models, "model"), count(v.Routes, "route"), count(v.Keys, "key"), count(v.Warnings, "warning"))
	if v.Source == "environment" || v.Source == defaultFile {
		fmt.Fprintln(a.err, "next: weir serve")
	} else {
		fmt.Fprintf(a.err, "next: weir serve -c %s\n", v.Source)
	}
	return nil
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
