package importtest

import (
	"fmt"
	"slices"
	"strings"
)

// contracts is the highest floor that opens no sockets and files, and the highest
// whose packages may know a neighbour that the table names.
const contracts = 2

// flows is the floor of the journeys; what is above knows everything.
const flows = 4

// worldly are the packages of the standard library that open sockets or files,
// start programs or speak to a database. net/url and net/netip only hold values.
var worldly = []string{
	"crypto/tls", "database/sql", "io/ioutil", "log/syslog", "net", "os", "plugin", "syscall",
}

var unworldly = []string{"net/url", "net/netip", "net/mail"}

// broken holds the tree against the house and returns a sentence for each broken
// rule, in the order of packages and files.
func broken(h *house, t *tree) (found []string) {
	for pkg := range t.packages {
		if _, ok := h.rows[pkg]; !ok {
			found = append(found, fmt.Sprintf("%s: no row in the table of ARCHITECTURE.md: give it a floor", pkg))
		}
	}
	for _, pkg := range h.packages() {
		if !t.packages[pkg] {
			found = append(found, fmt.Sprintf("%s: a row in the table of ARCHITECTURE.md, but no folder: only what exists has a row", pkg))
		}
	}
	for _, l := range t.imports {
		r, ok := h.rows[l.pkg]
		if !ok {
			continue
		}
		if why := h.refuses(t, r, l); why != "" {
			found = append(found, fmt.Sprintf("%s: %s imports %s: %s", l.file, l.pkg, l.path, why))
		}
	}
	slices.Sort(found)
	return found
}

// refuses says why a row may not have an import; "" means it may.
func (h *house) refuses(t *tree, r row, l line) string {
	if other, ok := t.ours(l.path); ok {
		return h.refusesOurs(r, l, other)
	}
	if first, _, _ := strings.Cut(l.path, "/"); strings.Contains(first, ".") {
		return h.refusesModule(r, l)
	}
	if r.floor <= contracts && !l.test && !within(l.path, unworldly) && within(l.path, worldly) {
		return fmt.Sprintf("floor %d opens no sockets and no files", r.floor)
	}
	return ""
}

func (h *house) refusesOurs(r row, l line, other string) string {
	o, ok := h.rows[other]
	switch {
	case other == r.name: // from the package's external test
		return ""
	case !ok:
		return fmt.Sprintf("%s has no row in the table", other)
	case kit(other) && !kit(r.name) && !l.test:
		return fmt.Sprintf("%s is for tests", other)
	case r.allowed[other]:
		return ""
	case o.floor > r.floor:
		return fmt.Sprintf("floor %d is above floor %d", o.floor, r.floor)
	case l.test && (o.floor < r.floor || r.floor < flows):
		// Tests may use anything below, and neighbours such as twins and scripted
		// upstreams; but a flow's test that needs another flow belongs to cmd/weir.
		return ""
	case o.floor == r.floor:
		return fmt.Sprintf("both are on floor %d, and the table does not name it", r.floor)
	}
	return "the table does not allow it"
}

// kit tells whether a package is made for tests, as net/http/httptest is.
func kit(pkg string) bool { return strings.HasSuffix(pkg, "test") }

func (h *house) refusesModule(r row, l line) string {
	if within(l.path, r.modules) || l.test && within(l.path, h.modules) {
		return ""
	}
	return "the table allows that module to " + h.users(l.path)
}

// users names the packages that may import the module.
func (h *house) users(path string) string {
	var list []string
	for _, pkg := range h.packages() {
		if within(path, h.rows[pkg].modules) {
			list = append(list, pkg)
		}
	}
	if within(path, h.modules) {
		list = append(list, "test files")
	}
	if list == nil {
		return "nobody"
	}
	return strings.Join(list, ", ") + " only"
}

// within tells whether a path is one of the roots or below one.
func within(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		return path == root || strings.HasPrefix(path, root+"/")
	})
}
