package definition

import (
	"reflect"
	"strings"
)

// Document is what was written, checked field by field, defaults filled in, and
// not yet checked as a whole. It can be written out again (Canonical) and
// compared.
type Document struct {
	Listen      ListenSpec                 `json:"listen,omitzero" doc:"The three listeners: their addresses, limits and protection."`
	Store       StoreSpec                  `json:"store,omitzero" doc:"Where records are kept, and for how long."`
	Prices      PricesSpec                 `json:"prices,omitzero" doc:"What tokens cost where a model's definition does not say: a list with dates. Weir brings one along; weir prices shows it."`
	Models      map[string]*ModelSpec      `json:"models,omitempty" name:"MODEL" doc:"What can answer, by a name of your choice."`
	Routes      map[string]*RouteSpec      `json:"routes,omitempty" name:"ROUTE" doc:"The names that applications put in the field model of a request. A name without a slash is a route; vendor/model-id is a model itself, never experimented on."`
	Experiments map[string]*ExperimentSpec `json:"experiments,omitempty" name:"EXPERIMENT" doc:"Which ways to answer are compared on a route, and how its units are shared among them. One experiment for each route."`
	Keys        map[string]*KeySpec        `json:"keys,omitempty" name:"KEY" doc:"Who may call, and what they may do. Without any key, callers on loopback may do everything."`
	Budgets     map[string]*BudgetSpec     `json:"budgets,omitempty" name:"BUDGET" doc:"What may be spent. Spending is compared with budgets, forecast and reported; they refuse nothing."`
	Reports     map[string]*ReportSpec     `json:"reports,omitempty" name:"REPORT" doc:"Reports of usage and cost that are made on a schedule."`
	Telemetry   TelemetrySpec              `json:"telemetry,omitzero" doc:"Where Weir's own measurements are sent, and which model servers' are read. /metrics needs nothing here."`

	Environment bool `json:"-"` // made of environment variables, not of files

	root   *node           // nil when there was no text
	files  []string        // in the order given
	broken map[string]bool // "section" and "section\x00name" of what could not be decoded
}

// Parse reads the files of one document: sections of the same name are put
// together. The document is nil when a problem is a failure; warnings come with
// Compile.
func Parse(files []File) (*Document, Problems) {
	doc := &Document{}
	var roots []*node
	var problems Problems
	for _, f := range files {
		root, found := read(f)
		roots = append(roots, root)
		problems = append(problems, found...)
		doc.files = append(doc.files, f.Name)
	}
	if problems.Failed() {
		// What could not be read is not reported a second time as missing.
		return nil, problems.sorted(doc.files)
	}
	root, ok, found := join(roots)
	problems = append(problems, found...)
	if !ok {
		return nil, problems.sorted(doc.files)
	}
	doc.root = root
	if root.place.File == "" && len(files) > 0 {
		root.place.File = files[0].Name
	}
	var d decoder
	d.object(nil, root, reflect.ValueOf(doc).Elem())
	problems = append(problems, d.problems...)
	fill(reflect.ValueOf(doc).Elem())
	if problems.Failed() {
		// What is left is checked as far as it can be, so that one run lists all.
		doc.broken = d.broken
		_, more := doc.Compile(Options{})
		return nil, append(problems, more.Failures()...).sorted(doc.files)
	}
	return doc, nil
}

// whole reports whether an entry of a section, or the section itself, could be
// decoded.
func (d *Document) whole(section string, name ...string) bool {
	return !d.broken[strings.Join(append([]string{section}, name...), "\x00")]
}

// Canonical writes the document as JSON, which is YAML too: names in order,
// defaults written out, comments and layout gone. Parsing it gives the same
// document.
func (d *Document) Canonical() []byte {
	return write(d)
}

// place says where a path was written, or its nearest parent.
func (d *Document) place(path []string) Place {
	if d.root == nil {
		if d.Environment {
			return Place{File: "environment"}
		}
		return Place{}
	}
	place, _ := d.root.find(path)
	return place
}

// written reports whether a field stands in the text, rather than by default.
func (d *Document) written(path []string) bool {
	_, whole := d.root.find(path)
	return whole
}
