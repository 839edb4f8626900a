package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/definition"
)

func (a *app) doctorCommand() *cobra.Command {
	var r remote
	var config, output string
	var offline bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check definitions, secrets, models and the running Weir",
		Long: `Check what Weir needs and say what is wrong and how to mend it. Models are asked
for their list of models, never for an answer: nothing is billed. Exit code 3
when something is wrong.`,
		Example: "  weir doctor -c weir.yaml\n  weir doctor -c weir.yaml --offline -o json",
		Args:    takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			src, err := a.findSource(config)
			if err != nil {
				return err
			}
			d := &doctor{source: src}
			if !offline {
				if d.client, err = r.client(a); err != nil {
					return err
				}
			}
			return a.diagnose(contextOf(cmd), d, output)
		},
	}
	r.flags(cmd)
	f := cmd.Flags()
	f.StringVarP(&config, "config", "c", "", "file or folder of definitions (default ./weir.yaml)")
	f.BoolVar(&offline, "offline", false, "ask neither models nor a running Weir")
	f.StringVarP(&output, "output", "o", "text", "text or json")
	return cmd
}

// doctor is one examination.
type doctor struct {
	source   source
	client   *client.Client // nil: offline
	compiled *definition.Compiled
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

// check is one thing to look at. Those after the definitions need them.
type check struct {
	name string
	look func(context.Context, *doctor) []finding
}

// checks in the order in which trouble usually begins.
var checks = []check{
	{"definitions", checkDefinitions},
	{"secrets", checkSecrets},
	{"signing", checkSigning},
	{"certificate", checkCertificate},
	{"keys", checkKeys},
	{"descriptors", checkDescriptors},
	{"models", checkModels},
	{"running", checkRunning},
}

// patience bounds one check.
const patience = 15 * time.Second

// diagnose runs all checks and prints what they found.
func (a *app) diagnose(ctx context.Context, d *doctor, output string) error {
	if output != "text" && output != "json" {
		return usage(fmt.Errorf("-o %q: it is text or json", output))
	}
	all := []finding{}
	for _, c := range checks {
		ctx, cancel := context.WithTimeout(ctx, patience)
		found := c.look(ctx, d)
		cancel()
		for i := range found {
			found[i].Check = c.name
		}
		all = append(all, found...)
		if output == "text" {
			a.printFindings(found)
		}
		if c.name == "definitions" && d.compiled == nil {
			break // nothing else can be looked at
		}
	}
	if output == "json" {
		e := json.NewEncoder(a.out)
		e.SetIndent("", "  ")
		if err := e.Encode(all); err != nil {
			return err
		}
	}
	for _, f := range all {
		if f.State == ill {
			return exit(exitFindings)
		}
	}
	return nil
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

func checkDefinitions(_ context.Context, d *doctor) []finding {
	c, problems, err := d.source.compile()
	if err != nil {
		return []finding{{State: ill, Text: err.Error(), Next: "name the file with -c, or write one with weir init"}}
	}
	var found []finding
	for _, p := range problems {
		state := doubtful
		if p.Severity == definition.Failure {
			state = ill
		}
		found = append(found, finding{State: state, Text: p.String()})
	}
	if problems.Failed() {
		return found
	}
	d.compiled = c
	return append(found, finding{State: well, Text: fmt.Sprintf("%s: revision %s, %d models, %d routes", d.source.name(), c.Revision, len(c.Models), len(c.Set.Routes))})
}

// checkSecrets resolves every reference; values are not shown.
func checkSecrets(_ context.Context, d *doctor) []finding {
	var found []finding
	good := 0
	for _, m := range d.compiled.Models {
		model, err := d.source.model(m)
		switch {
		case err != nil:
			found = append(found, finding{State: ill, Text: err.Error()})
		case model.KeyErr != nil:
			found = append(found, finding{State: ill, Text: fmt.Sprintf("model %q: %v", m.Name, model.KeyErr),
				Next: fmt.Sprintf("provide %s; until then this model answers 503 and the others serve", model.KeyName)})
		case model.KeyName != "":
			good++
		}
	}
	if len(found) == 0 {
		found = append(found, finding{State: well, Text: fmt.Sprintf("%d of %d models use a key, and all are there", good, len(d.compiled.Models))})
	}
	return found
}

// checkSigning looks at the secret that signs cookies and pins.
func checkSigning(_ context.Context, d *doctor) []finding {
	if _, err := d.source.signingKeys(d.compiled.Listen); err != nil {
		return []finding{{State: ill, Text: err.Error()}}
	}
	if !d.compiled.Listen.Secret.IsZero() {
		return []finding{{State: well, Text: "cookies and pins are signed with listen.secret"}}
	}
	for _, r := range d.compiled.Set.Routes {
		if r.Cookie {
			return []finding{{State: doubtful, Text: fmt.Sprintf("route %q uses the cookie, and no listen.secret is declared: a restart makes every browser a new unit", r.Name),
				Next: "set listen.secret: env:WEIR_SECRET, the same on every replica (openssl rand -hex 32)"}}
		}
	}
	return []finding{{State: well, Text: "no listen.secret is declared: pins of conversations last until a restart"}}
}

// certificateSoon is when a certificate's end is worth a warning.
const certificateSoon = 21 * 24 * time.Hour

func checkCertificate(_ context.Context, d *doctor) []finding {
	c, err := d.source.certificate(d.compiled.Listen.TLS)
	switch {
	case err != nil:
		return []finding{{State: ill, Text: err.Error()}}
	case c == nil:
		return []finding{{State: well, Text: "no listen.tls: connections are not encrypted, which loopback does not need"}}
	}
	leaf := c.Certificates[0].Leaf
	left := time.Until(leaf.NotAfter)
	text := fmt.Sprintf("the certificate for %v is good until %s", leaf.DNSNames, leaf.NotAfter.Format(time.DateOnly))
	switch {
	case left <= 0:
		return []finding{{State: ill, Text: fmt.Sprintf("the certificate for %v ended on %s", leaf.DNSNames, leaf.NotAfter.Format(time.DateOnly)), Next: "renew it"}}
	case left < certificateSoon:
		return []finding{{State: doubtful, Text: text, Next: "renew it"}}
	}
	return []finding{{State: well, Text: text}}
}

// keySoon is when a key's end is worth a warning.
const keySoon = 14 * 24 * time.Hour

func checkKeys(_ context.Context, d *doctor) []finding {
	var found []finding
	for _, k := range d.compiled.Keys {
		switch left := time.Until(k.Expires); {
		case k.Expires.IsZero():
		case left <= 0:
			found = append(found, finding{State: doubtful, Text: fmt.Sprintf("key %q expired on %s and is refused", k.Name, k.Expires.Format(time.DateOnly)), Next: "remove it, or make another: weir key create"})
		case left < keySoon:
			found = append(found, finding{State: doubtful, Text: fmt.Sprintf("key %q expires on %s", k.Name, k.Expires.Format(time.DateOnly)), Next: "make its successor: weir key create"})
		}
	}
	if len(found) > 0 {
		return found
	}
	if len(d.compiled.Keys) == 0 {
		return []finding{{State: well, Text: "no keys: callers on this machine may do everything, others nothing"}}
	}
	return []finding{{State: well, Text: fmt.Sprintf("%d keys, none about to expire", len(d.compiled.Keys))}}
}

// fewDescriptors is how many open files are too few: each stream takes two.
const fewDescriptors = 4096

func checkDescriptors(context.Context, *doctor) []finding {
	n, known := descriptorLimit()
	switch {
	case !known:
		return []finding{{State: unasked, Text: "the limit of open files cannot be read on this system"}}
	case n < fewDescriptors:
		return []finding{{State: doubtful, Text: fmt.Sprintf("at most %d files may be open: about %d streams at once", n, n/2), Next: "raise it: ulimit -n 65536"}}
	}
	return []finding{{State: well, Text: fmt.Sprintf("up to %d files may be open", n)}}
}

// checkModels asks each endpoint for its list of models, which costs nothing.
func checkModels(ctx context.Context, d *doctor) []finding {
	if d.client == nil {
		return []finding{{State: unasked, Text: "offline: no model was asked"}}
	}
	found := make([]finding, len(d.compiled.Models))
	var wg sync.WaitGroup
	for i, m := range d.compiled.Models {
		wg.Go(func() { found[i] = d.askModel(ctx, m) })
	}
	wg.Wait()
	return found
}
