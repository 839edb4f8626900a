// Command weir is the whole product: the gateway and the commands that run,
// ask and check it. Each command has a file; builtin.go lists the drivers.
// What the commands share: data on stdout, progress and errors on stderr, and
// the exit codes of exit.go.
package main

import (
	"io"
	"log"
	"os"
	"runtime"
	"runtime/debug"
	_ "time/tzdata" // zones for reports, also where the system has none

	"github.com/spf13/cobra"
)

// version is set by the build: -ldflags "-X main.version=…".
var version = "dev"

// app is what a command may touch of the world, so that tests can hand it another.
type app struct {
	in       io.Reader
	out, err io.Writer
	env      func(name string) (string, bool)
	terminal bool // err is a terminal: lines that move are welcome
	json     bool // -o json: errors are JSON too
}

func main() {
	// net/http writes what an upstream sends unasked to the standard log: content
	// of others has no place there.
	log.SetOutput(io.Discard)
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.LookupEnv, terminal: isTerminal(os.Stderr)}
	os.Exit(a.run(os.Args[1:]))
}

// run executes one command line and gives its exit code.
func (a *app) run(args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	a.json = asksJSON(args)
	cmd, err := root.ExecuteC()
	return a.report(err, cmd.CommandPath())
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "weir",
		Short: "A gateway that runs experiments, canaries and shadow traffic on live LLM requests",
		Long: `Weir sits between applications and language models. It gives every user one
variant, relays the answer, records what happened, and says which variant a
user gets and why.

  weir demo                a gateway, simulated models and simulated users, at once
  weir init                writes a commented weir.yaml
  weir serve -c weir.yaml  runs it`,
		Version:           versionText(),
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	group(root)
	root.SetFlagErrorFunc(flagError)
	root.SetUsageTemplate(usageText)
	root.SetVersionTemplate(a.versionLine())
	root.SetHelpCommand(a.helpCommand())
	for _, g := range a.commands() {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title + ":"})
		for _, c := range g.commands {
			c.GroupID = g.title
			root.AddCommand(c)
		}
	}
	root.SetHelpCommandGroupID("More")
	root.SetCompletionCommandGroupID("More")
	root.AddCommand(topics()...)
	root.InitDefaultCompletionCmd()
	group(child(root, "completion"))
	return root
}

// commandGroup is a part of the list of commands.
type commandGroup struct {
	title    string
	commands []*cobra.Command
}

// commands is the table of commands, in the order of a user's first day.
func (a *app) commands() []commandGroup {
	return []commandGroup{
		{"Begin", []*cobra.Command{a.demoCommand(), a.initCommand(), a.validateCommand(), a.serveCommand()}},
		{"Ask", []*cobra.Command{a.chatCommand(), a.explainCommand(), a.logsCommand(), a.traceCommand(), a.getCommand(), a.describeCommand(), a.openCommand(), a.benchCommand()}},
		{"Change", []*cobra.Command{a.diffCommand(), a.applyCommand(), a.keyCommand()}},
		{"Learn", []*cobra.Command{a.experimentCommand(), a.powerCommand(), a.statsCommand(), a.feedbackCommand()}},
		{"Pay", []*cobra.Command{a.costCommand(), a.reportCommand(), a.pricesCommand()}},
		{"Keep", []*cobra.Command{a.doctorCommand(), a.backupCommand(), a.restoreCommand(), a.rebuildCommand(), a.forgetCommand()}},
		{"More", []*cobra.Command{a.versionCommand()}},
	}
}

// versionText says what is running.
func versionText() string {
	v := version
	if v == "dev" {
		if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" && b.Main.Version != "(devel)" {
			v = b.Main.Version
		}
	}
	return v
}

func goVersion() string { return runtime.Version() }
