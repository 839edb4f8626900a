package importtest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// row is one package of the table.
type row struct {
	floor   int
	name    string
	allowed map[string]bool // packages of ours it may import
	modules []string        // third-party modules it may import
}

// house is the table, and the line below it on test files.
type house struct {
	rows    map[string]row
	modules []string // that any test file may import
}

const (
	head      = "| Floor | Package | What it is | May import | Third-party modules |"
	testsMark = "Test files may also import: "
)

var (
	quoted = regexp.MustCompile("`([^`]+)`")
	floors = regexp.MustCompile(`^floors? (\d)(?:[-–](\d))?$`)
)

// parseHouse reads the table out of the document. What it does not understand is
// an error: a rule with a typing mistake must not turn into no rule.
func parseHouse(doc string) (*house, error) {
	h := &house{rows: map[string]row{}}
	may := map[string]string{}
	inside := false
	for line := range strings.Lines(doc) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, testsMark); ok {
			h.modules = names(rest)
		}
		switch {
		case line == head:
			inside = true
		case !strings.HasPrefix(line, "|"):
			inside = false
		case inside && !strings.HasPrefix(line, "|-"):
			if err := h.add(line, may); err != nil {
				return nil, fmt.Errorf("table row %q: %w", line, err)
			}
		}
	}
	if len(h.rows) == 0 {
		return nil, fmt.Errorf("no table: want the line %q", head)
	}
	for name, cell := range may {
		if err := h.allow(name, cell); err != nil {
			return nil, fmt.Errorf("what %s may import, %q: %w", name, cell, err)
		}
	}
	return h, nil
}

// add reads one row; its fourth cell waits in may until all rows are known.
func (h *house) add(line string, may map[string]string) error {
	cells := strings.Split(strings.Trim(line, "|"), "|")
	if len(cells) != 5 {
		return fmt.Errorf("%d cells, want 5", len(cells))
	}
	floor, err := strconv.Atoi(strings.TrimSpace(cells[0]))
	if err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	packages := names(cells[1])
	if len(packages) != 1 {
		return fmt.Errorf("want one package in backquotes, found %d", len(packages))
	}
	if _, twice := h.rows[packages[0]]; twice {
		return fmt.Errorf("%s stands there twice", packages[0])
	}
	modules := names(cells[4])
	if len(modules) == 0 && strings.TrimSpace(cells[4]) != "none" {
		return fmt.Errorf("modules: want names in backquotes, or none")
	}
	h.rows[packages[0]] = row{floor, packages[0], map[string]bool{}, modules}
	may[packages[0]] = cells[3]
	return nil
}

// allow reads a list such as "floors 0–1, `upstream`" or "nothing of ours".
func (h *house) allow(name, cell string) error {
	r := h.rows[name]
	for item := range strings.SplitSeq(cell, ",") {
		item = strings.TrimSpace(item)
		if item == "nothing of ours" {
			continue
		}
		if m := floors.FindStringSubmatch(item); m != nil {
			low, _ := strconv.Atoi(m[1])
			high := low
			if m[2] != "" {
				high, _ = strconv.Atoi(m[2])
			}
			if high >= r.floor {
				return fmt.Errorf("floor %d is not below floor %d", high, r.floor)
			}
			for other, o := range h.rows {
				if low <= o.floor && o.floor <= high {
					r.allowed[other] = true
				}
			}
			continue
		}
		other := names(item)
		if len(other) != 1 || item != "`"+other[0]+"`" {
			return fmt.Errorf("%q is neither a package in backquotes, nor floors, nor \"nothing of ours\"", item)
		}
		if err := h.mayName(r, other[0]); err != nil {
			return err
		}
		r.allowed[other[0]] = true
	}
	return nil
}

// mayName holds the table itself to the rule: it may name packages below, and on
// floors 0 to 2 a neighbour; drivers and flows never know one another.
func (h *house) mayName(r row, other string) error {
	o, ok := h.rows[other]
	switch {
	case !ok:
		return fmt.Errorf("%s has no row", other)
	case o.floor > r.floor:
		return fmt.Errorf("%s is on floor %d, above %s on floor %d", other, o.floor, r.name, r.floor)
	case o.floor == r.floor && r.floor > contracts:
		return fmt.Errorf("%s is beside %s on floor %d: drivers and flows do not know one another", other, r.name, r.floor)
	}
	return nil
}

func names(cell string) (list []string) {
	for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
		list = append(list, m[1])
	}
	return list
}

func (h *house) packages() []string { return slices.Sorted(maps.Keys(h.rows)) }
