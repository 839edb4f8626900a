package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/definition"
)

func (a *app) doctorCommand() *cobra.Command {
	var r remote
	var config string
	var offline, strict, all bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check definitions, secrets, models and the running Weir",
		Long: `Check what Weir needs and say what is wrong and how to mend it. Models are asked
for their list of models, never for an answer: nothing is billed. Secrets are
resolved in this shell's environment, which need not be that of the running Weir;
what the running one lacks is asked of it, and how its record goes: store and
journal, prices, budgets, and whether the units of experiments fall as they should.

Exit code 3 when something is wrong; with --strict when something is doubtful too.`,
		Example: "  weir doctor\n  weir doctor -c weir.yaml --offline -o json\n  weir doctor --store",
		Args:    takes(0, 0),
	}
	output := a.form(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		d := newDoctor()
		d.all = all
		d.source, d.noSource = a.findSource(config)
		if !offline {
			if d.client, err = r.client(a); err != nil {
				return err
			}
			d.remote = &r
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		return a.diagnose(ctx, d, output.word, strict)
	}
	r.flags(cmd)
	f := cmd.Flags()
	f.StringVarP(&config, "config", "c", "", "`FILE` or folder of definitions (default ./weir.yaml)")
	f.BoolVar(&all, "store", false, "have the running Weir read all of its store and compare it with its checksums")
	f.BoolVar(&offline, "offline", false, "ask neither models nor a running Weir")
	f.BoolVar(&strict, "strict", false, "exit with code 3 when something is doubtful")
	return cmd
}

// doctor is one examination. Time and limits of the system are fields, so that
// a test can make them what it needs.
type doctor struct {
	source      source
	noSource    error          // why there are no definitions
	client      *client.Client // nil: offline
	remote      *remote
	now         func() time.Time
	descriptors func() (most uint64, known bool)
	compiled    *definition.Compiled // nil: they cannot be used
	running     *client.Status       // nil: no Weir answered
	all         bool                 // read all of the store, which may take long
}

func newDoctor() *doctor {
	return &doctor{now: time.Now, descriptors: descriptorLimit}
}

// health is what a check found.
type health uint8

const (
	well health = iota
	doubtful
	ill
	unasked // could not be looked at
)

func (h health) String() string { return [...]string{"ok", "warning", "error", "not checked"}[h] }

// MarshalText writes the word.
func (h health) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// finding is one line of the examination.
type finding struct {
	Check string `json:"check"`
	State health `json:"state"`
	Text  string `json:"text"`
	Next  string `json:"next,omitempty"` // what to do
}

// check is one thing to look at.
type check struct {
	name  string
	needs bool // definitions that can be used
	look  func(context.Context, *doctor) []finding
	long  bool // it takes what it takes: it was asked for by name
}

// checks in the order in which trouble usually begins.
var checks = []check{
	{name: "definitions", look: checkDefinitions},
	{name: "clock", look: checkClock},
	{name: "secrets", needs: true, look: checkSecrets},
	{name: "files", needs: true, look: checkFiles},
	{name: "signing", needs: true, look: checkSigning},
	{name: "certificate", needs: true, look: checkCertificate},
	{name: "keys", needs: true, look: checkKeys},
	{name: "descriptors", look: checkDescriptors},
	{name: "models", needs: true, look: checkModels},
	{name: "running", look: checkRunning},
	{name: "record", look: checkRecord},
	{name: "damage", look: checkDamage, long: true},
	{name: "prices", look: checkPrices},
	{name: "budgets", look: checkBudgets},
	{name: "split", look: checkSplit},
	{name: "listen", needs: true, look: checkListen},
}

// patience bounds one check.
const patience = 15 * time.Second

// diagnose runs all checks and prints what they found.
func (a *app) diagnose(ctx context.Context, d *doctor, output string, strict bool) error {
	all := []finding{}
	for _, c := range checks {
		if c.needs && d.compiled == nil {
			continue
		}
		found := c.run(ctx, d)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		all = append(all, found...)
		if output == "text" {
			a.printFindings(found)
		}
	}
	if output == "json" {
		if err := a.writeJSON(all); err != nil {
			return err
		}
	}
	counts := map[health]int{}
	for _, f := range all {
		counts[f.State]++
	}
	if output == "text" {
		fmt.Fprintf(a.err, "%s, %s\n", count(counts[ill], "error"), count(counts[doubtful], "warning"))
	}
	if counts[ill] > 0 || strict && counts[doubtful] > 0 {
		return exit(exitFindings)
	}
	return nil
}

func (c *check) run(ctx context.Context, d *doctor) []finding {
	if !c.long {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	found := c.look(ctx, d)
	for i := range found {
		found[i].Check = c.name
	}
	return found
}

// marks tell states apart without colour.
var marks = [...]string{"✓", "!", "✗", "-"}

func (a *app) printFindings(found []finding) {
	for _, f := range found {
		fmt.Fprintf(a.out, "%s %-12s %s\n", marks[f.State], f.Check, plain(f.Text))
		if f.Next != "" {
			fmt.Fprintf(a.out, "  %-12s next: %s\n", "", plain(f.Next))
		}
	}
}
