package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func (a *app) chatCommand() *cobra.Command {
	g := gatewayCaller{app: a}
	c := conversation{gateway: &g}
	cmd := &cobra.Command{
		Use:   "chat [TEXT]...",
		Short: "Talk to a route, and see which variant answered",
		Long: `Send a message through the gateway and print the answer as it comes; which
variant gave it, and why, goes to standard error. Without TEXT it reads messages
from standard input, one a line, as one conversation: at a terminal an empty line
or Ctrl-D ends it, and Ctrl-C breaks an answer off. TEXT "-" reads all of standard
input as one message.

The route is the only one there is, or the one named with --route.`,
		Example: `  weir chat "Hello"
  weir chat --route support --unit user-42 "Where is my parcel?"
  weir chat --route support --variant candidate -o json "Where is my parcel?"
  git diff | weir chat --system "Review this change" -`,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	output := a.form(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := g.open(); err != nil {
			return err
		}
		c.json = output.word == "json"
		return a.chat(contextOf(cmd), &c, args)
	}
	g.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&c.unit, "unit", "", "`USER` to speak as: sent as user in the body")
	f.StringVar(&c.variant, "variant", "", "force the variant of this `NAME`; needs a key with scope force")
	f.StringVar(&c.system, "system", "", "`TEXT` of a system message to begin with")
	c.headers = headers{}
	f.Var(c.headers, "header", "a header to send; may be repeated")
	return cmd
}

// chat sends the arguments as one message, or converses.
func (a *app) chat(ctx context.Context, c *conversation, args []string) error {
	text := strings.Join(args, " ")
	if text == "-" {
		b, err := io.ReadAll(io.LimitReader(a.in, maxMessage))
		if err != nil {
			return fmt.Errorf("read the message: %w", err)
		}
		text = string(b)
	}
	if len(args) > 0 && strings.TrimSpace(text) == "" {
		return usage(errors.New("the message is empty"))
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	if err := c.begin(ctx); err != nil {
		return err
	}
	if len(args) > 0 {
		return c.say(ctx, text)
	}
	stop() // from here on an interrupt ends an answer, not all
	return c.converse(isPerson(a.in))
}

// maxMessage bounds what is read as one message.
const maxMessage = 8 << 20

// isPerson reports whether somebody types.
func isPerson(in io.Reader) bool {
	f, ok := in.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
