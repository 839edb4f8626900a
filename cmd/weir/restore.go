package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/internal/event/journal"
)

func (a *app) restoreCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Bring a backup back, with Weir stopped",
		Long: `Put a backup in the place of the database in a folder. Weir must not run there: it
is refused while one does. The backup is read whole and checked before anything is
touched, and what was there is renamed, not deleted.

The journal in the folder is left as it is: what it holds that the backup does not
have is added when Weir starts.`,
		Example: "  weir restore weir-2026-03-02.backup --store /var/lib/weir\n  weir restore weir.backup --store weir-data -o json",
		Args:    takes(1, 1),
	}
	output := a.form(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if dir == "" {
			dir, _ = a.env("WEIR_STORE")
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		return a.restore(ctx, args[0], cmp.Or(dir, defaultFolder), output.word)
	}
	cmd.Flags().StringVar(&dir, "store", "", "`DIR` with the database and the journal (default $WEIR_STORE, else "+defaultFolder+")")
	return cmd
}

func (a *app) restore(ctx context.Context, from, dir, form string) error {
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("read the backup: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	release, err := holdJournals(dir)
	if err != nil {
		return err
	}
	defer release()
	path := filepath.Join(dir, databaseName)
	kept, err := restoreStore(ctx, path, from)
	if err != nil {
		return err
	}
	if form == "json" {
		return a.writeJSON(struct {
			Store string   `json:"store"`
			Aside []string `json:"set_aside"`
		}{path, append([]string{}, kept...)})
	}
	fmt.Fprintln(a.out, plain(path))
	for _, name := range kept {
		fmt.Fprintln(a.err, plain("what was there is now "+name))
	}
	if !exists(filepath.Join(dir, "unit.key")) {
		fmt.Fprintln(a.err, plain(fmt.Sprintf("next: put the unit.key of the old folder into %s before Weir starts there: without it every user is a new one", dir)))
		return nil
	}
	fmt.Fprintln(a.err, plain("next: weir serve --store "+dir))
	return nil
}

// holdJournals keeps a Weir from starting in the folder, and finds out whether one
// runs there: it has the journal even while its database is away.
func holdJournals(dir string) (release func(), err error) {
	var held []*journal.Journal
	release = func() {
		for _, j := range held {
			_ = j.Close()
		}
	}
	names, err := filepath.Glob(filepath.Join(dir, "journal", "*"))
	if err != nil {
		return release, fmt.Errorf("restore: look for journals in %s: %w", dir, err)
	}
	for _, name := range names {
		j, err := journal.Open(journal.Config{Dir: name, Replica: filepath.Base(name)})
		if errors.Is(err, journal.ErrInUse) {
			release()
			return nil, advise(&exitErr{exitConflict, fmt.Errorf("a Weir that runs uses %s", dir)}, "stop it first; nothing was changed")
		}
		if err != nil {
			release()
			return nil, fmt.Errorf("restore: %w", err)
		}
		held = append(held, j)
	}
	return release, nil
}
