package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "write docs/reference/cli.md from the commands")

const commandsFile = "../../docs/reference/cli.md"

// The reference of the command line is what the commands say of themselves.
func TestCommandLineReference(t *testing.T) {
	want := commandsPage()
	if *update {
		if err := os.WriteFile(commandsFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(commandsFile)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the commands say (%v); run go test ./cmd/weir -run CommandLineReference -update", commandsFile, err)
	}
}

func commandsPage() string {
	var b strings.Builder
	b.WriteString(commandsHead)
	root := quiet().root()
	for _, g := range root.Groups() {
		fmt.Fprintf(&b, "\n**%s**\n\n", strings.TrimSuffix(g.Title, ":"))
		for _, c := range root.Commands() {
			if c.GroupID == g.ID {
				fmt.Fprintf(&b, "- [`weir %s`](#weir-%s): %s\n", c.Name(), c.Name(), lower(c.Short))
			}
		}
	}
	b.WriteString("\n## Exit codes\n\nThey keep their meaning for ever. The word is the `code` of a JSON error that has no better one.\n\n| Code | Word | Meaning |\n|--:|---|---|\n")
	for _, c := range exitCodes {
		fmt.Fprintf(&b, "| %d | `%s` | %s |\n", c.code, c.word, c.meaning)
	}
	fmt.Fprintf(&b, "\n## Output\n\n%s\n", block(outputText))
	fmt.Fprintf(&b, "\n## Environment\n\n%s\n", block(environmentText))
	each(root, func(c *cobra.Command) {
		if c.Runnable() && c != root && c.Name() != "help" {
			commandSection(&b, c)
		}
	})
	return b.String()
}

const commandsHead = `# The command line

<!-- Made by go test ./cmd/weir -run CommandLineReference -update. Edit the commands in cmd/weir. -->

One program, ` + "`weir`" + `: the gateway and the commands that run, ask and check it. ` + "`weir help COMMAND`" + ` says what stands here.
`

func commandSection(b *strings.Builder, c *cobra.Command) {
	fmt.Fprintf(b, "\n## %s\n\n%s.\n", c.CommandPath(), c.Short)
	switch {
	case c.HasSubCommands():
		return // its own commands say it
	case strings.Contains(c.CommandPath(), "completion"):
		fmt.Fprintf(b, "\n%s\n", block(strings.TrimSpace(c.Long)))
	case c.Long != "":
		fmt.Fprintf(b, "\n%s\n", paragraphs(c.Long))
	}
	fmt.Fprintf(b, "\n```text\n%s\n```\n", c.UseLine())
	if c.Example != "" {
		fmt.Fprintf(b, "\n```console\n%s\n```\n", prompted(unindent(c.Example)))
	}
	if c.HasAvailableLocalFlags() {
		fmt.Fprintf(b, "\n%s\n", block(strings.TrimRight(c.LocalFlags().FlagUsages(), "\n")))
	}
}

func lower(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func block(s string) string { return "```text\n" + s + "\n```" }

var leading = regexp.MustCompile(`(?m)^  `)

func unindent(s string) string { return leading.ReplaceAllString(s, "") }

// paragraphs keeps what is indented as it is.
func paragraphs(s string) string {
	var out []string
	for _, p := range strings.Split(s, "\n\n") {
		if strings.HasPrefix(p, "  ") {
			p = block(p)
		}
		out = append(out, p)
	}
	return strings.Join(out, "\n\n")
}

// prompted marks each command of an example as one to type.
func prompted(example string) string { return "$ " + strings.ReplaceAll(example, "\n", "\n$ ") }
