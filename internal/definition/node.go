package definition

import (
	"strconv"
	"strings"
)

// shape is what a node of the document's tree is.
type shape uint8

const (
	null shape = iota
	text
	number
	boolean
	mapping
	list
)

func (s shape) String() string {
	return [...]string{"empty", "text", "a number", "true or false", "a mapping", "a list"}[s]
}

// node is a value as it was written, with its place. Aliases point to the very
// node of their anchor, so a node may have several parents and is never changed
// once built.
type node struct {
	shape   shape
	text    string // of a scalar, as written but unquoted
	entries []entry
	items   []*node
	place   Place
	size    int  // nodes below and including this one, aliases counted each time
	literal bool // the text stands in the file letter for letter, on one line,
	quote   int  // after this many quotes
}

// entry is a key of a mapping and its value, in the order written.
type entry struct {
	key   string
	place Place
	value *node
}

// child returns the value of a key, and the key's place.
func (n *node) child(key string) (entry, bool) {
	if n == nil {
		return entry{}, false
	}
	for _, e := range n.entries {
		if e.key == key {
			return e, true
		}
	}
	return entry{}, false
}

// find walks a path as far as it was written and returns the place of the last
// step there was: of a scalar the value's, else the key's. A field that was left
// out is reported where its parent stands. The second result says whether the
// whole path was there.
func (n *node) find(path []string) (Place, bool) {
	if n == nil {
		return Place{}, false
	}
	place := n.place
	for _, step := range path {
		if i, ok := index(step); ok && n.shape == list {
			if i >= len(n.items) {
				return place, false
			}
			n = n.items[i]
			place = n.place
			continue
		}
		e, ok := n.child(step)
		if !ok {
			return place, false
		}
		n, place = e.value, e.place
		if n.shape != mapping && n.shape != list && n.shape != null {
			place = n.place
		}
	}
	return place, true
}

// at returns the node of a path, or nil when it was not written.
func (n *node) at(path []string) *node {
	for _, step := range path {
		if n == nil {
			return nil
		}
		if i, ok := index(step); ok && n.shape == list {
			if i >= len(n.items) {
				return nil
			}
			n = n.items[i]
			continue
		}
		e, _ := n.child(step)
		n = e.value
	}
	return n
}

// step names the i-th item of a list in a path: "[2]".
func step(i int) string {
	return "[" + strconv.Itoa(i) + "]"
}

// index reads a step that names an item.
func index(s string) (int, bool) {
	inner, ok := strings.CutPrefix(s, "[")
	if !ok {
		return 0, false
	}
	i, err := strconv.Atoi(strings.TrimSuffix(inner, "]"))
	return i, err == nil
}
