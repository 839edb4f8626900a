package definition

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/meter"
)

// Options are what compiling needs to know from outside the document.
type Options struct {
	Vendors    []Vendor          // who may be named under vendor; empty: anyone
	Insecure   bool              // as listen.insecure: the flag --insecure
	Now        time.Time         // warns of keys that have expired; zero: does not
	CheckModel func(Model) error // the driver's own check of a model, its options above all; may be nil
	Prices     *meter.Book       // the list of prices in force; nil: the built-in one
}

// Compiled is a document that is whole: every name in it is defined, and
// everything the gateway needs is there. It is not changed after.
type Compiled struct {
	Revision    string // hash of the canonical document, 16 hex digits
	Listen      Listen
	Models      []Model // by name
	Set         *experiment.Set
	Plans       []analysis.Plan // what experiments are judged by, by name
	Keys        []access.Key    // by name; none: callers on loopback may do everything
	Store       Store
	Tariff      *meter.Tariff // what the models cost
	PriceList   string        // the file of the list of prices; "" when there is none of one's own
	Budgets     []Budget      // by name
	Reports     []Report      // by name
	Telemetry   TelemetryOut
	Environment bool
	Warnings    Problems
}

// EnvironmentRoute is the one route of an environment start: every request is
// for it, whatever model it names.
const EnvironmentRoute = "default"

// Compile checks the document as a whole. Compiled is nil when a problem is a
// failure; otherwise all problems are warnings.
func (d *Document) Compile(o Options) (*Compiled, Problems) {
	c := &compiler{doc: d, options: o}
	out := &Compiled{Revision: d.Revision(), Models: c.models(), Environment: d.Environment}
	if !c.broken("listen") {
		out.Listen = c.listen()
	}
	out.Set = &experiment.Set{Revision: out.Revision, Routes: c.routes()}
	out.Plans = c.plans
	out.Keys = c.keys()
	c.record(out)
	c.doubts(out)
	problems := c.problems.sorted(d.files)
	if problems.Failed() {
		return nil, problems
	}
	out.Warnings = problems
	return out, append(problems, c.notes...).sorted(d.files)
}

// record compiles the sections that are about what is kept, counted and sent.
func (c *compiler) record(out *Compiled) {
	if !c.broken("prices") && !c.broken("models") {
		out.Tariff, out.PriceList = c.tariff(out.Models), c.doc.Prices.List.Path()
	}
	if !c.broken("store") {
		out.Store = c.store()
	}
	out.Budgets, out.Reports = c.budgets(), c.reports()
	if !c.broken("telemetry") {
		out.Telemetry = c.telemetry()
	}
}

// Revision names what the document says: layout and comments do not count.
func (d *Document) Revision() string { return hash(d.Canonical()) }

// hash is short enough to read out and long enough to tell documents apart.
func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// compiler checks and compiles one document. Its methods note problems and go
// on with something harmless, so that one run finds them all.
type compiler struct {
	doc      *Document
	options  Options
	problems Problems
	notes    Problems // kept apart: nobody has to mend them
	plans    []analysis.Plan
}

func path(steps ...string) []string { return steps }

func (c *compiler) problem(s Severity, at []string, hint, format string, args []any) Problem {
	return Problem{Place: c.doc.place(at), Path: show(at), Severity: s, Message: fmt.Sprintf(format, args...), Hint: hint}
}

func (c *compiler) fail(at []string, hint, format string, args ...any) {
	c.problems = append(c.problems, c.problem(Failure, at, hint, format, args))
}

func (c *compiler) warn(at []string, hint, format string, args ...any) {
	c.problems = append(c.problems, c.problem(Warning, at, hint, format, args))
}

// remark says what a reader should know and need not mend.
func (c *compiler) remark(at []string, hint, format string, args ...any) {
	c.notes = append(c.notes, c.problem(Note, at, hint, format, args))
}

// failedBelow reports whether something at or below a path has failed already.
func (c *compiler) failedBelow(at []string) bool {
	prefix := show(at)
	return slices.ContainsFunc(c.problems, func(p Problem) bool {
		return p.Severity == Failure && (p.Path == prefix || strings.HasPrefix(p.Path, prefix+"."))
	})
}

// longestName keeps names fit for labels, headers and file names.
const longestName = 63

// name checks a name that is chosen in the document. Names travel in headers,
// labels and cookies. Routes and models may have a colon: llama3:8b.
func (c *compiler) name(at []string, name string, colon bool) {
	fits := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("-_.", r) || r == ':' && colon
	}
	switch {
	case strings.Contains(name, "/"):
		c.fail(at, "use a hyphen", "%q holds a slash: names such as vendor/model-id belong to the models themselves", name)
	case name == "" || strings.ContainsFunc(name, func(r rune) bool { return !fits(r) }):
		c.fail(at, "use letters, digits, hyphens, underscores and dots", "%q is no name", name)
	case strings.ContainsRune("-_.:", rune(name[0])):
		c.fail(at, "begin it with a letter or a digit", "%q is no name", name)
	case len(name) > longestName:
		c.fail(at, fmt.Sprintf("use at most %d letters", longestName), "this name is too long")
	}
}

// broken reports whether something in a section could not be decoded, so that
// nothing can be said of the section as a whole.
func (c *compiler) broken(section string) bool {
	for key := range c.doc.broken {
		if key == "" || key == section || strings.HasPrefix(key, section+"\x00") {
			return true
		}
	}
	return false
}

// known checks that a name is one of a list.
func (c *compiler) known(at []string, what, name string, list []string) bool {
	if slices.Contains(list, name) {
		return true
	}
	c.fail(at, nearOrAll(name, list), "there is no %s %q", what, name)
	return false
}

// defined checks a reference from one section to another.
func defined[V any](c *compiler, at []string, what, name string, section map[string]V) bool {
	if _, ok := section[name]; ok || !c.doc.whole(what+"s") {
		return true
	}
	return c.known(at, what, name, names(section))
}
