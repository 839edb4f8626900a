package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/upstream"
)

func (a *app) initCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a commented file of definitions to start from",
		Long: `Write weir.yaml, commented, ready for weir serve. It looks for the customary
variables of vendors (OPENAI_API_KEY and the like) by name, and refers to those
it finds; their values are not read. Without any it starts with simulated models.`,
		Example: "  weir init\n  weir init conf/weir.yaml",
		Args:    takes(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			name := defaultFile
			if len(args) == 1 {
				name = args[0]
			}
			return a.writeStarter(name, force)
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "write over a file that is there")
	return cmd
}

func (a *app) writeStarter(name string, force bool) error {
	text, used := a.starter()
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(name, flags, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return advise(&exitErr{exitConflict, fmt.Errorf("%s is there already, and was left as it is", name)},
			"name another file, or write over it with --force")
	}
	if err != nil {
		return fmt.Errorf("write definitions: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write definitions: %w", err)
	}
	switch {
	case len(used) == 0:
		fmt.Fprintf(a.err, "wrote %s: two simulated models, since no vendor's key is in the environment\n", name)
	default:
		fmt.Fprintf(a.err, "wrote %s: models with %s\n", name, strings.Join(used, ", "))
	}
	if name == defaultFile {
		fmt.Fprintln(a.err, "next: weir serve")
	} else {
		fmt.Fprintf(a.err, "next: weir serve -c %s\n", name)
	}
	return nil
}

// starter is the file for whoever has these variables, and which of them it uses.
func (a *app) starter() (text []byte, used []string) {
	var present []string
	for _, v := range upstream.Vendors() {
		if v.KeyEnv == "" {
			continue
		}
		if value, _ := a.env(v.KeyEnv); value != "" {
			present = append(present, v.KeyEnv)
		}
	}
	text = definition.Starter(present)
	for _, name := range present {
		if strings.Contains(string(text), "key: env:"+name) {
			used = append(used, name)
		}
	}
	return text, used
}
