package main

import (
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"
)

func (a *app) versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long:  "Print the version of this program, and what it was built with and for.",
		Args:  takes(0, 0),
	}
	output := a.form(cmd, "text", "json", "name")
	cmd.RunE = func(*cobra.Command, []string) error {
		switch output.word {
		case "json":
			return a.writeJSON(map[string]string{"version": versionText(), "go": goVersion(), "os": runtime.GOOS, "arch": runtime.GOARCH})
		case "name":
			_, err := fmt.Fprintln(a.out, versionText())
			return err
		}
		_, err := io.WriteString(a.out, a.versionLine())
		return err
	}
	return cmd
}

func (a *app) versionLine() string {
	return fmt.Sprintf("weir %s %s %s/%s\n", versionText(), goVersion(), runtime.GOOS, runtime.GOARCH)
}
