package telemetry

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// definition is what a family is declared with and never changes.
type definition struct {
	name   string
	help   string
	kind   Kind
	labels []string
	bounds []float64 // seconds; histograms only
}

var (
	familyName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	labelName  = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
)

// check panics on what no driver could expose. Families are declared in code,
// so the first start of a build that has such a mistake shows it.
func (d definition) check() {
	if !familyName.MatchString(d.name) {
		panic(fmt.Sprintf("telemetry: %q cannot be the name of a family", d.name))
	}
	for i, l := range d.labels {
		switch {
		case !labelName.MatchString(l) || strings.HasPrefix(l, "__"):
			panic(fmt.Sprintf("telemetry: family %q: %q cannot be a label", d.name, l))
		case d.kind == KindHistogram && l == "le":
			panic(fmt.Sprintf("telemetry: family %q: label %q belongs to the buckets", d.name, l))
		case slices.Contains(d.labels[:i], l):
			panic(fmt.Sprintf("telemetry: family %q: label %q is there twice", d.name, l))
		}
	}
}

// same says whether two declarations agree in everything but the help text.
func (d definition) same(o definition) bool {
	return d.name == o.name && d.kind == o.kind && slices.Equal(d.labels, o.labels) && slices.Equal(d.bounds, o.bounds)
}

// clone keeps the definition apart from slices the caller may still write to.
func (d definition) clone() definition {
	d.labels = slices.Clone(d.labels)
	return d
}
