package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/definition"
)

// The checks here look at this machine only.

func checkDefinitions(_ context.Context, d *doctor) []finding {
	if errors.Is(d.noSource, errNoDefinitions) {
		return []finding{{State: unasked, Text: "none were named, and there is no weir.yaml here", Next: "weir doctor -c FILE checks some, weir init writes some"}}
	}
	if d.noSource != nil {
		return []finding{{State: ill, Text: d.noSource.Error(), Next: "name the file or folder with -c"}}
	}
	l, problems, err := d.source.compile()
	if err != nil {
		return []finding{{State: ill, Text: err.Error(), Next: "name the file or folder with -c"}}
	}
	var found []finding
	for _, p := range problems {
		state := map[definition.Severity]health{definition.Failure: ill, definition.Warning: doubtful, definition.Note: well}[p.Severity]
		hint := p.Hint
		p.Hint = ""
		found = append(found, finding{State: state, Text: p.String(), Next: hint})
	}
	if problems.Failed() {
		return found
	}
	c := l.compiled
	d.compiled = c
	return append(found, finding{State: well, Text: fmt.Sprintf("%s: revision %s, %s, %s", d.source.name(), c.Revision,
		count(len(c.Models), "model"), count(len(c.Set.Routes), "route"))})
}

// Times outside of these are a clock that was never set. The first is before
// this program existed.
var (
	earliest = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

// checkClock looks at the time: keys, certificates and cookies end by it.
func checkClock(_ context.Context, d *doctor) []finding {
	now := d.now()
	text := "it is " + now.Format("2006-01-02 15:04:05 -07:00")
	if now.Before(earliest) || now.After(latest) {
		return []finding{{State: ill, Text: text + ", which cannot be: keys and certificates end too early or never", Next: "set the clock of this machine, and let NTP keep it"}}
	}
	return []finding{{State: well, Text: text}}
}

// checkSecrets resolves every reference of a model; values are not shown.
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
		text := fmt.Sprintf("those of %s are there", count(good, "model"))
		if good == 0 {
			text = "no model needs one"
		}
		found = append(found, finding{State: well, Text: text})
	}
	return found
}

// checkFiles looks who else can read the secrets that are in files. Outside of
// the definitions' folder that is an error already, of the check that reads them.
func checkFiles(_ context.Context, d *doctor) []finding {
	var found []finding
	files := 0
	for what, r := range d.secretFiles() {
		st, err := os.Stat(r.Path())
		if err != nil || r.Outside() {
			continue
		}
		files++
		if mode := st.Mode().Perm(); mode&0o077 != 0 && !isWindows {
			found = append(found, finding{State: doubtful, Text: fmt.Sprintf("%s: %s can be read by others (mode %04o)", what, r, mode), Next: "chmod 600 " + r.Path()})
		}
	}
	if len(found) > 0 {
		return found
	}
	if files == 0 {
		return []finding{{State: well, Text: "no secret is in a file beside the definitions"}}
	}
	return []finding{{State: well, Text: fmt.Sprintf("%s with secrets, which others cannot read", count(files, "file"))}}
}

// secretFiles gives the references to files, by what they are for.
func (d *doctor) secretFiles() func(yield func(string, definition.Reference) bool) {
	type use struct {
		what string
		r    definition.Reference
	}
	l := d.compiled.Listen
	uses := []use{{"listen.secret", l.Secret}, {"listen.previous_secret", l.PreviousSecret}}
	if l.TLS != nil {
		uses = append(uses, use{"listen.tls.key", l.TLS.Key})
	}
	for _, m := range d.compiled.Models {
		uses = append(uses, use{fmt.Sprintf("model %q", m.Name), m.Key})
		for _, r := range m.SecretHeader {
			uses = append(uses, use{fmt.Sprintf("model %q", m.Name), r})
		}
	}
	return func(yield func(string, definition.Reference) bool) {
		for _, u := range uses {
			if u.r.Path() != "" && !yield(u.what, u.r) {
				return
			}
		}
	}
}

// checkSigning looks at the secret that signs cookies and pins. That a route needs
// one and none is declared is a doubt of the definitions.
func checkSigning(_ context.Context, d *doctor) []finding {
	if _, err := d.source.signingKeys(d.compiled.Listen); err != nil {
		return []finding{{State: ill, Text: err.Error(), Next: "weir serve will not start without it"}}
	}
	if !d.compiled.Listen.Secret.IsZero() {
		return []finding{{State: well, Text: "cookies and pins are sealed with listen.secret"}}
	}
	return []finding{{State: well, Text: "no listen.secret is declared: pins are sealed with unit.key in store.dir, which replicas do not share"}}
}

// certificateSoon is when a certificate's end is worth a warning.
const certificateSoon = 21 * 24 * time.Hour

func checkCertificate(_ context.Context, d *doctor) []finding {
	c, err := d.source.certificate(d.compiled.Listen.TLS)
	switch {
	case err != nil:
		return []finding{{State: ill, Text: err.Error(), Next: "weir serve will not start without it"}}
	case c == nil:
		return []finding{{State: well, Text: "no listen.tls: connections are not encrypted, which loopback does not need"}}
	}
	leaf := c.Certificates[0].Leaf
	name := fmt.Sprintf("the certificate for %v", namesOf(leaf))
	end := leaf.NotAfter.Format(time.DateOnly)
	switch left := leaf.NotAfter.Sub(d.now()); {
	case d.now().Before(leaf.NotBefore):
		return []finding{{State: ill, Text: name + " is good from " + leaf.NotBefore.Format(time.DateTime) + " on, which is yet to come", Next: "wait, or see whether the clock is right"}}
	case left <= 0:
		return []finding{{State: ill, Text: name + " ended on " + end, Next: "renew it, then restart Weir: it is read at the start"}}
	case left < certificateSoon:
		return []finding{{State: doubtful, Text: name + " is good until " + end, Next: "renew it, then restart Weir: it is read at the start"}}
	}
	return []finding{{State: well, Text: name + " is good until " + end}}
}

// keySoon is when a key's end is worth a warning.
const keySoon = 14 * 24 * time.Hour

func checkKeys(_ context.Context, d *doctor) []finding {
	var found []finding
	for _, k := range d.compiled.Keys {
		switch left := k.Expires.Sub(d.now()); {
		case k.Expires.IsZero():
		case left <= 0: // a doubt of the definitions, with its line
		case left < keySoon:
			found = append(found, finding{State: doubtful, Text: fmt.Sprintf("key %q expires on %s", k.Name, k.Expires.Format(time.DateOnly)), Next: "make its successor: weir key create"})
		}
	}
	if len(found) > 0 {
		return found
	}
	if len(d.compiled.Keys) == 0 {
		return []finding{{State: well, Text: "none are declared: callers on this machine may do everything, others nothing"}}
	}
	return []finding{{State: well, Text: count(len(d.compiled.Keys), "key") + ", none of them about to expire"}}
}

// fewDescriptors is how many open files are too few: each stream takes two.
const fewDescriptors = 4096

func checkDescriptors(_ context.Context, d *doctor) []finding {
	n, known := d.descriptors()
	switch {
	case !known:
		return []finding{{State: unasked, Text: "the limit of open files cannot be read on this system"}}
	case n < fewDescriptors:
		return []finding{{State: doubtful, Text: fmt.Sprintf("at most %d files may be open: about %d streams at once", n, n/2), Next: "raise it where Weir is started: ulimit -n 65536"}}
	}
	return []finding{{State: well, Text: fmt.Sprintf("up to %d files may be open", n)}}
}

// namesOf are the names and addresses that a certificate is for.
func namesOf(c *x509.Certificate) []string {
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}
