package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/weirhq/weir/internal/fault"
)

// takes bounds the number of a command's arguments, and says which is missing.
func takes(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		names := strings.Fields(cmd.Use)[1:]
		switch {
		case len(args) < least:
			return usage(fmt.Errorf("%s is missing: %s", names[len(args)], cmd.UseLine()))
		case len(args) > most:
			return tooMany(cmd, args[most])
		}
		return nil
	}
}

// tooMany is an argument that the command does not take; a file of definitions
// is probably meant for -c.
func tooMany(cmd *cobra.Command, arg string) error {
	err := usage(fmt.Errorf("unexpected argument %s: %s", shown(arg), cmd.UseLine()))
	if _, missing := os.Stat(arg); missing == nil && cmd.Flags().Lookup("config") != nil {
		return advise(err, "%s -c %s", cmd.CommandPath(), arg)
	}
	return err
}

// group makes a command that only holds others: alone it prints its help.
func group(cmd *cobra.Command) {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(cmd, args[0])
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

// unknownCommand says what was probably meant.
func unknownCommand(parent *cobra.Command, word string) error {
	var known []string
	for _, c := range parent.Commands() {
		if !c.Hidden {
			known = append(known, c.Name())
		}
	}
	err := usage(fmt.Errorf("%s has no command %s", parent.CommandPath(), shown(word)))
	if near := nearestOrBegun(word, known); near != "" {
		return advise(err, "did you mean %s %s?", parent.CommandPath(), near)
	}
	return err
}

// nearestOrBegun is the word that was probably meant: a slip of the hand, or the
// beginning of one.
func nearestOrBegun(word string, known []string) string {
	if near := fault.Nearest(word, known); near != "" {
		return near
	}
	for _, k := range known {
		if len(word) > 1 && strings.HasPrefix(k, strings.ToLower(word)) {
			return k
		}
	}
	return ""
}

// flagError rewrites what the parser of flags says into what, where and how. A
// value is repeated only where it cannot be a secret.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var bare *pflag.ValueRequiredError
	var bad *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		return unknownFlag(cmd, unknown)
	case errors.As(err, &bare):
		return usage(fmt.Errorf("%s needs a value, %s", dashed(bare.GetFlag()), kindOf(bare.GetFlag())))
	case errors.As(err, &bad):
		return badValue(bad)
	}
	return usage(err)
}

func badValue(e *pflag.InvalidValueError) error {
	f := e.GetFlag()
	switch f.Value.Type() {
	case "FORM":
		return usage(fmt.Errorf("%s %s: %w", dashed(f), shown(e.GetValue()), e.Unwrap()))
	case "NAME=VALUE": // the value may be a credential
		return usage(fmt.Errorf("%s: %w", dashed(f), e.Unwrap()))
	}
	return usage(fmt.Errorf("%s %s: it is %s", dashed(f), shown(e.GetValue()), kindOf(f)))
}

func unknownFlag(cmd *cobra.Command, e *pflag.NotExistError) error {
	if group := e.GetSpecifiedShortnames(); group != "" {
		return usage(fmt.Errorf("%s has no flag -%s", cmd.CommandPath(), plain(e.GetSpecifiedName())))
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			known = append(known, f.Name)
		}
	})
	err := usage(fmt.Errorf("%s has no flag --%s", cmd.CommandPath(), strings.Trim(shown(e.GetSpecifiedName()), `"`)))
	if near := nearestOrBegun(e.GetSpecifiedName(), known); near != "" {
		return advise(err, "did you mean --%s?", near)
	}
	return err
}

// dashed is a flag as it is written.
func dashed(f *pflag.Flag) string { return "--" + f.Name }

// kindOf says what the value of a flag is.
func kindOf(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "int", "uint64":
		return "a whole number"
	case "float64":
		return "a number"
	case "duration":
		return "a duration such as 90s or 5m"
	case "bool":
		return "true or false"
	}
	return f.Usage
}

// help is the command that explains another one, or a topic.
func (a *app) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Explain a command, or a topic",
		RunE: func(cmd *cobra.Command, args []string) error {
			found := cmd.Root()
			for _, word := range args {
				next := child(found, word)
				if next == nil {
					return unknownCommand(found, word)
				}
				found = next
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, c := range cmd.Root().Commands() {
				if len(args) == 0 && !c.Hidden {
					names = append(names, c.Name())
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

func child(parent *cobra.Command, name string) *cobra.Command {
	for _, c := range parent.Commands() {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

// usageText is cobra's with our own order and words.
const usageText = `Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} COMMAND{{else}}{{.UseLine}}{{end}}
{{- if .HasExample}}

Examples:
{{.Example}}
{{- end}}
{{- $all := .Commands}}
{{- range $group := .Groups}}

{{.Title}}{{range $all}}{{if and (eq .GroupID $group.ID) .IsAvailableCommand}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}
{{- end}}
{{- if and .HasAvailableSubCommands (not .Groups)}}

Commands:{{range $all}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}
{{- end}}
{{- if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{- end}}
{{- if .HasHelpSubCommands}}

Topics:{{range $all}}{{if .IsAdditionalHelpTopicCommand}}
  {{rpad .CommandPath .CommandPathPadding}}  {{.Short}}{{end}}{{end}}
{{- end}}
{{- if .HasAvailableSubCommands}}

{{.CommandPath}} COMMAND --help says more about one.
{{- end}}
`
