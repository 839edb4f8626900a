package definition

import "fmt"

// join makes one tree of several files: sections of the same name are put
// together, and a name that two files give is a problem that names both places.
// There is no order of precedence to remember. It is not ok when a file is no
// mapping at all.
func join(roots []*node) (whole *node, ok bool, problems Problems) {
	ok = true
	whole = &node{shape: mapping}
	for _, root := range roots {
		if root == nil || root.shape == null {
			continue
		}
		if root.shape != mapping {
			problems = append(problems, Problem{Place: root.place,
				Message: fmt.Sprintf("the document must be a mapping of sections, not %s", root.shape),
				Hint:    "begin with a section, such as models:"})
			ok = false
			continue
		}
		if whole.place.File == "" {
			whole.place = Place{File: root.place.File}
		}
		for _, e := range root.entries {
			problems = append(problems, whole.add(e)...)
		}
	}
	return whole, ok, problems
}

// add puts a section into the whole, beside what other files say of it.
func (n *node) add(section entry) Problems {
	for i, e := range n.entries {
		if e.key != section.key {
			continue
		}
		if e.value.shape == null {
			n.entries[i] = section
			return nil
		}
		both, problems := mergeSection(e, section)
		n.entries[i].value = both
		return problems
	}
	n.entries = append(n.entries, section)
	return nil
}

func mergeSection(a, b entry) (*node, Problems) {
	if b.value.shape == null {
		return a.value, nil
	}
	if a.value.shape != mapping || b.value.shape != mapping {
		return a.value, Problems{{Place: b.place, Path: b.key, Message: "this section is given twice",
			Hint: fmt.Sprintf("the other is at %s", a.place)}}
	}
	var problems Problems
	both := &node{shape: mapping, place: a.value.place, entries: append([]entry(nil), a.value.entries...)}
	for _, e := range b.value.entries {
		if first, twice := a.value.child(e.key); twice {
			problems = append(problems, Problem{Place: e.place, Path: b.key + "." + e.key,
				Message: fmt.Sprintf("%q is defined in two files", e.key),
				Hint:    fmt.Sprintf("the other is at %s; remove or rename one of them", first.place)})
			continue
		}
		both.entries = append(both.entries, e)
	}
	return both, problems
}
