package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/client"
)

func (a *app) backupCommand() *cobra.Command {
	r := remote{scope: "admin"}
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy what the running Weir keeps into a file",
		Long: `Copy what the running Weir keeps into a new file, as it is at one moment, while
requests go on. The file can be read by you alone (mode 0600), appears under its
name only when it is whole and on the disk, and never takes the place of another.
A dash writes to standard output, for a program that encrypts or uploads.

It holds records, bodies where they are kept, and definitions. It does not hold what
is in the journal and not yet in the store, the secrets that definitions refer to,
nor unit.key, which lies beside the database and turns users into hashes: keep a
copy of that one too, apart from the backups.`,
		Example: "  weir backup weir-2026-03-02.backup\n  weir backup - | gpg --encrypt -r ops > weir.backup.gpg",
		Args:    takes(1, 1),
	}
	output := a.form(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := r.client(a)
		if err != nil {
			return err
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		began := time.Now()
		var size int64
		if args[0] == "-" {
			return a.backupTo(ctx, c, &r)
		}
		if size, err = backup(ctx, c, args[0]); err != nil {
			return r.mend(err)
		}
		return a.printBackup(args[0], size, time.Since(began), output.word)
	}
	r.flags(cmd)
	return cmd
}

// backupTo writes to standard output, unless a person would get it on a screen.
func (a *app) backupTo(ctx context.Context, c *client.Client, r *remote) error {
	if mayColour(a.out) {
		return usage(errors.New("standard output is a terminal: name a file, or a program to pass the backup to"))
	}
	_, err := c.Backup(ctx, a.out)
	return r.mend(err)
}

// backup writes a new file. Half a copy never has the name that was asked for.
func backup(ctx context.Context, c *client.Client, name string) (size int64, err error) {
	if _, err := os.Lstat(name); err == nil {
		return 0, &exitErr{exitConflict, fmt.Errorf("%s is there already: a backup never takes the place of another", name)}
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // nothing is there any more once it has its name
	if size, err = c.Backup(ctx, f); err != nil {
		_ = f.Close()
		return 0, err
	}
	if err := settle(f, size); err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	return size, named(f.Name(), name)
}

// settle sees to it that what was written is on the disk, and all of it.
func settle(f *os.File, size int64) error {
	err := f.Sync()
	st, statErr := f.Stat()
	if err = errors.Join(err, statErr, f.Close()); err != nil {
		return err
	}
	if st.Size() != size || size == 0 {
		return fmt.Errorf("%d bytes came and the file has %d: %w", size, st.Size(), io.ErrShortWrite)
	}
	return nil
}

// named gives a file its name unless another has it by now. Where the file system
// knows no links, the look before has to do.
func named(temp, name string) error {
	err := os.Link(temp, name)
	if errors.Is(err, fs.ErrExist) {
		return &exitErr{exitConflict, fmt.Errorf("%s is there by now: a backup never takes the place of another", name)}
	}
	if err == nil {
		return nil
	}
	if err := os.Rename(temp, name); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	return nil
}

func (a *app) printBackup(name string, bytes int64, took time.Duration, form string) error {
	if form == "json" {
		return a.writeJSON(struct {
			File    string  `json:"file"`
			Bytes   int64   `json:"bytes"`
			Seconds float64 `json:"seconds"`
		}{name, bytes, took.Seconds()})
	}
	if _, err := fmt.Fprintln(a.out, plain(name)); err != nil {
		return err
	}
	fmt.Fprintf(a.err, "%s in %.1f s\n", size(bytes), took.Seconds())
	fmt.Fprintf(a.err, "next: weir restore %s --store DIR, with Weir stopped, brings it back; unit.key is not in it\n", plain(name))
	return nil
}
