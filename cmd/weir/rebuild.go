package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/client"
)

func (a *app) rebuildCommand() *cobra.Command {
	r := remote{scope: "operate"}
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Compute the sums of experiments again from the rows of the units",
		Long: `Compute the sums that reports read again from the rows of the units, while Weir
runs, and mend those that differ. They should never differ, to the last digit: a
difference is a defect of Weir or of a disk, and is listed.

Exit code 0 when all agreed, 3 when something was mended.`,
		Example: "  weir rebuild\n  weir rebuild -o json | jq .differences",
		Args:    takes(0, 0),
	}
	output := a.form(cmd, "text", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := r.client(a)
		if err != nil {
			return err
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		got, err := c.Rebuild(ctx, dryRun)
		if err != nil {
			return r.mend(err)
		}
		return a.printRebuilt(&got, output.word)
	}
	r.flags(cmd)
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say whether it could be done and do nothing")
	return cmd
}

func (a *app) printRebuilt(got *client.Rebuilt, form string) error {
	handled, err := a.printAs(form, got)
	if err != nil {
		return err
	}
	if !handled {
		if err := a.printDifferences(got); err != nil {
			return err
		}
	}
	if got.Total > 0 {
		return exit(exitFindings)
	}
	return nil
}

func (a *app) printDifferences(got *client.Rebuilt) error {
	if got.DryRun {
		fmt.Fprintln(a.err, "it could be done: the store answers; nothing was done")
		return nil
	}
	for _, d := range got.Differences {
		_, err := fmt.Fprintf(a.out, "%s\n  was %s\n  is  %s\n", plain(fmt.Sprintf("experiment %s, epoch %d, step %d, variant %s, metric %s", d.Experiment, d.Epoch, d.Step, d.Variant, d.Metric)),
			plain(d.Before), plain(d.After))
		if err != nil {
			return err
		}
	}
	switch {
	case got.Total == 0:
		fmt.Fprintf(a.err, "all sums agree with the rows of the units (%.1f s)\n", got.Seconds)
	default:
		fmt.Fprintf(a.err, "%s mended (%.1f s)\nnext: weir doctor --store looks whether the disk is to blame\n", differed(got.Total), got.Seconds)
	}
	return nil
}

func differed(n int) string {
	if n == 1 {
		return "1 sum differed and is"
	}
	return fmt.Sprintf("%d sums differed and are", n)
}
