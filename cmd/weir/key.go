package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/internal/access"
)

func (a *app) keyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make keys for callers",
		Long: `Make keys for callers. Definitions hold the SHA-256 of a key's token and what the
key may do; the token itself is shown once, to whoever makes it, and kept nowhere.
A key is revoked by removing it from the definitions: within a second of that it
is refused.`,
	}
	group(cmd)
	cmd.AddCommand(a.keyCreateCommand())
	return cmd
}

// allScopes are the words that --scopes takes.
var allScopes = strings.Split(access.All.String(), ",")

func (a *app) keyCreateCommand() *cobra.Command {
	k := newKey{}
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Make a key: the token is shown once, the definitions keep its digest",
		Long: `Make a key of 256 random bits. The token goes to standard error, once, or with
--token-file into a file that only you can read. The lines for the definitions go
to standard output; they hold the digest, from which nobody gets the token back.

A file has one section keys. Where there is one already, --append FILE puts the
key into it (and begins one where there is none), comments and order kept; or
print the lines without their heading, -o entry, and put them there yourself. In
a folder of definitions each key may have a file of its own.

Once one key is declared every caller needs one, on this machine too. Scopes: call
(ask models), force (choose a variant), feedback (say how good its answers were),
read (see variants, requests, costs, definitions), operate (reload, rebuild, import
feedback), admin (apply, backup, forget, see what people wrote). No scope implies
another.`,
		Example: `  weir key create app --append weir.yaml
  weir key create app > conf/key-app.yaml
  weir key create oncall --scopes call,read,operate --groups staff --expires 2027-01-31
  weir key create ci --token-file ci.token --append weir.yaml`,
		Args:              takes(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	output := a.form(cmd, "yaml", "entry", "json")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		k.name = args[0]
		return a.createKey(k, output.word)
	}
	f := cmd.Flags()
	f.StringSliceVar(&k.scopes, "scopes", []string{"call"}, "`LIST` of what the key may do, with commas: "+strings.Join(allScopes, ", "))
	f.StringSliceVar(&k.groups, "groups", nil, "`LIST` of groups that expressions can ask for, with commas")
	f.StringSliceVar(&k.routes, "routes", nil, "`LIST` of routes the key may use, with commas; a * at the end stands for the rest (default all)")
	f.StringVar(&k.expires, "expires", "", "`TIME` from when on the key is refused: 2027-01-31, or 2027-01-31T12:00:00Z (default never)")
	f.StringVar(&k.into, "append", "", "put the lines into this `FILE` of definitions instead of printing them")
	f.StringVar(&k.tokenFile, "token-file", "", "write the token to this new `FILE` (mode 0600) instead of showing it")
	_ = cmd.RegisterFlagCompletionFunc("scopes", cobra.FixedCompletions(allScopes, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// createKey draws a token, keeps its digest where it was asked to, and hands the
// token over last: who sees a token has a key that works.
func (a *app) createKey(k newKey, output string) error {
	token, digest, err := access.NewToken(rand.Reader)
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	k.digest = digest
	if err := k.check(); err != nil {
		return err
	}
	if k.tokenFile != "" {
		if err := writeToken(k.tokenFile, token); err != nil {
			return err
		}
	}
	first, err := a.keepKey(&k, output)
	if err != nil {
		if k.tokenFile != "" {
			_ = os.Remove(k.tokenFile)
		}
		return err
	}
	if k.tokenFile == "" {
		fmt.Fprintf(a.err, "token, shown this once: %s\n", token)
	} else {
		fmt.Fprintf(a.err, "the token is in %s\n", k.tokenFile)
	}
	fmt.Fprintf(a.err, "next: %s; callers send Authorization: Bearer TOKEN\n", k.nextStep())
	if first {
		fmt.Fprintln(a.err, "It is the first key there: from now on every caller needs one, on this machine too.")
	}
	return nil
}

// keepKey prints the key or puts it into a file; first says that the file had none.
func (a *app) keepKey(k *newKey, output string) (first bool, err error) {
	switch {
	case k.into != "":
		first, err = k.appendTo(k.into)
		if err == nil {
			fmt.Fprintf(a.err, "key %q is in %s\n", k.name, k.into)
		}
	case output == "json":
		err = a.writeJSON(k)
	case output == "entry":
		_, err = io.WriteString(a.out, k.entry("  "))
	default:
		_, err = io.WriteString(a.out, "keys:\n"+k.entry("  "))
	}
	return first, err
}

func (k *newKey) nextStep() string {
	if k.into != "" {
		return "weir validate -c " + k.into
	}
	return "put the lines into your definitions, or let --append FILE do it"
}

// writeToken writes a secret to a file of its own.
func writeToken(name, token string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return &exitErr{exitConflict, fmt.Errorf("%s is there already: a token is never written over another", name)}
	}
	if err != nil {
		return fmt.Errorf("write the token: %w", err)
	}
	_, err = fmt.Fprintln(f, token)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the token to %s: %w", name, err)
	}
	return nil
}
