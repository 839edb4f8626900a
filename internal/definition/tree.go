package definition

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// node converts a node of the YAML parser, aliases resolved. It never returns
// nil: what cannot be converted is a problem and an empty value.
func (r *reader) node(a ast.Node, depth int) *node {
	n := &node{place: r.at(a.GetToken()), size: 1}
	if depth > maxDepth {
		r.tooDeep(n.place)
		return n
	}
	switch a := a.(type) {
	case *ast.MappingNode:
		r.mapping(n, a.Values, depth)
	case *ast.MappingValueNode:
		r.mapping(n, []*ast.MappingValueNode{a}, depth)
	case *ast.SequenceNode:
		n.shape = list
		for _, v := range a.Values {
			item := r.item(v, depth+1)
			n.items = append(n.items, item)
			n.size += item.size
		}
	case *ast.AnchorNode:
		// Known under its name only once it is whole, so an alias inside its own
		// anchor finds nothing and there are no circles.
		n = r.node(a.Value, depth)
		if a.Name != nil {
			r.anchors[a.Name.GetToken().Value] = n
		}
		return n
	case *ast.AliasNode:
		return r.alias(a, n)
	case *ast.TagNode:
		r.fail(n.place, "YAML tags such as "+a.Start.Value+" are not read here", "remove the tag")
	case *ast.LiteralNode:
		n.shape, n.text = text, a.Value.Value
	default:
		r.scalar(n, a)
	}
	r.count(n, 1)
	return n
}

// item converts an item of a list. Inside braces the parser takes the colon of
// [header:x-user-id] or [http://a:8000] for that of a mapping. YAML does not: a
// colon that no space follows belongs to the text.
func (r *reader) item(a ast.Node, depth int) *node {
	m, ok := a.(*ast.MappingNode)
	if !ok || len(m.Values) != 1 || m.IsFlowStyle {
		return r.node(a, depth)
	}
	pair := m.Values[0]
	key, colon, value := pair.Key.GetToken(), pair.Start, pair.Value.GetToken()
	if key.Type != token.StringType || value.Position.Line != colon.Position.Line || value.Position.Column != colon.Position.Column+1 {
		return r.node(a, depth)
	}
	if _, scalar := pair.Value.(ast.ScalarNode); !scalar {
		return r.node(a, depth)
	}
	n := &node{shape: text, text: key.Value + ":" + value.Value, place: r.at(key), size: 1}
	r.count(n, 1)
	return n
}

func (r *reader) scalar(n *node, a ast.Node) {
	switch a := a.(type) {
	case *ast.StringNode:
		n.shape, n.text = text, a.Value
		switch origin := strings.TrimSpace(a.Token.Origin); origin {
		case a.Value:
			n.literal = true
		case "'" + a.Value + "'", `"` + a.Value + `"`:
			n.literal, n.quote = true, 1
		}
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		n.shape, n.text = number, a.GetToken().Value
	case *ast.BoolNode:
		n.shape, n.text = boolean, strconv.FormatBool(a.Value)
	case *ast.NullNode, *ast.CommentGroupNode:
		n.shape = null
	default:
		r.fail(n.place, "this kind of value is not read here: "+a.Type().YAMLName(), "")
	}
}

// count keeps the sum of all values, aliases counted each time they are used,
// below what a document can need.
func (r *reader) count(n *node, add int) {
	r.nodes += add
	if r.nodes > maxNodes && !r.overfull {
		r.overfull = true
		r.fail(n.place, fmt.Sprintf("with its aliases the file holds more than %d values", maxNodes),
			"write out what the aliases repeat, or repeat less")
	}
}

func (r *reader) alias(a *ast.AliasNode, n *node) *node {
	name := a.Value.GetToken().Value
	target, ok := r.anchors[name]
	if !ok {
		r.fail(n.place, fmt.Sprintf("the alias *%s names no anchor before it", name),
			nearOrAll(name, names(r.anchors)))
		return n
	}
	r.count(n, target.size)
	if r.overfull {
		return n
	}
	return target
}

// mapping converts the entries; a key written twice is a problem that names
// both places, and the first one holds.
func (r *reader) mapping(n *node, values []*ast.MappingValueNode, depth int) {
	n.shape = mapping
	if len(values) > 0 {
		n.place = r.at(values[0].Key.GetToken())
	}
	seen := make(map[string]Place, len(values))
	var merged []*node
	for _, v := range values {
		value := r.node(v.Value, depth+1)
		n.size += value.size
		if v.Key.IsMergeKey() {
			merged = append(merged, value)
			continue
		}
		key, at, ok := r.key(v.Key)
		if !ok {
			continue
		}
		if first, twice := seen[key]; twice {
			r.fail(at, fmt.Sprintf("%q is written twice in the same mapping", key),
				fmt.Sprintf("the first is at %s; remove one of them", first))
			continue
		}
		seen[key] = at
		n.entries = append(n.entries, entry{key, at, value})
	}
	for _, from := range merged {
		r.merge(n, from, seen)
	}
}

// key returns the text of a key. Keys are names: a list or a mapping is none.
func (r *reader) key(k ast.MapKeyNode) (string, Place, bool) {
	var a ast.Node = k
	if explicit, ok := a.(*ast.MappingKeyNode); ok {
		a = explicit.Value
	}
	at := r.at(k.GetToken())
	switch a := a.(type) {
	case *ast.StringNode:
		return a.Value, at, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return a.GetToken().Value, at, true
	}
	r.fail(at, "a name is expected here", "")
	return "", at, false
}

// merge adds what << names: a mapping, or a list of them. What the mapping
// says itself wins, then the earlier of the list.
func (r *reader) merge(n, from *node, seen map[string]Place) {
	if from.shape == list {
		for _, item := range from.items {
			r.merge(n, item, seen)
		}
		return
	}
	if from.shape != mapping {
		r.fail(from.place, "<< takes a mapping, or a list of mappings", "write <<: *NAME with the name of an anchor")
		return
	}
	for _, e := range from.entries {
		if _, own := seen[e.key]; !own {
			seen[e.key] = e.place
			n.entries = append(n.entries, e)
		}
	}
}
