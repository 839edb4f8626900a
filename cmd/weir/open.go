package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) openCommand() *cobra.Command {
	r := remote{}
	cmd := &cobra.Command{
		Use:   "open",
		Short: "Make a link that lets a browser in, once",
		Long: `Make a link to the page of the running Weir. It works once and for a few minutes;
the browser that opens it may what the key of this command may, for some hours.
Without keys, browsers on the machine of Weir need no link.

The link is printed and not opened: on a command line that starts a browser, others
on this machine could read it and be faster.`,
		Example: "  weir open\n  weir open --admin https://weir.example:8081 --key env:WEIR_KEY",
		Args:    takes(0, 0),
	}
	output := a.form(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := r.client(a)
		if err != nil {
			return err
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		link, err := c.Link(ctx)
		if err != nil {
			return r.mend(err)
		}
		if output.word == "json" {
			return a.writeJSON(link)
		}
		if _, err := fmt.Fprintln(a.out, plain(link.URL)); err != nil {
			return err
		}
		fmt.Fprintf(a.err, "next: open it in a browser, once, before %s\n", link.Expires.Local().Format(time.TimeOnly))
		return nil
	}
	r.flags(cmd)
	return cmd
}
