package definition

import (
	"strings"

	"github.com/weirhq/weir/internal/experiment"
)

// unitForms is what a source of units may be, for messages.
const unitForms = "write header:NAME, user, safety_identifier, metadata:NAME, cookie or key"

// units reads where a route finds its unit. All sources are of one kind: an
// experiment that counted some people by name and others by session would count
// one person as two units.
func (c *compiler) units(at []string, s *RouteSpec) []experiment.UnitSource {
	if len(s.Unit) == 0 {
		c.fail(with(at, "unit"), unitForms+", or leave it out", "is empty: no request would have a unit")
	}
	var list []experiment.UnitSource
	first := ""
	for i, written := range s.Unit {
		where := with(at, "unit", step(i))
		src, ok := c.unitSource(where, written, s.UnitKind)
		if !ok {
			continue
		}
		for _, other := range list {
			if other.From == src.From && other.Name == src.Name {
				c.fail(where, "list each source once", "%s is listed twice", written)
			}
		}
		switch {
		case s.UnitKind != "" && src.Kind != s.UnitKind:
			c.fail(where, "remove it, or change unit_kind", "%s is of kind %s, and unit_kind is %s", written, src.Kind, s.UnitKind)
		case s.UnitKind == "" && first != "" && src.Kind != first:
			c.fail(where, "keep sources of one kind; a header that holds a session id is one with unit_kind: session",
				"%s is of kind %s, and the sources before it are of kind %s", written, src.Kind, first)
		case first == "":
			first = src.Kind
		}
		list = append(list, src)
	}
	return list
}

// unitSource reads one source. A header and a metadata field are of the kind
// that unit_kind says, and users when it says nothing.
func (c *compiler) unitSource(at []string, written, kind string) (experiment.UnitSource, bool) {
	from, name, named := strings.Cut(written, ":")
	src := experiment.UnitSource{From: from, Name: name}
	switch from {
	case "header", "metadata":
		if src.Kind = kind; kind == "" {
			src.Kind = "user"
		}
		return src, c.unitName(at, &src)
	case "user", "safety_identifier":
		src.Kind = "user"
	case "cookie":
		src.Kind = "session"
	case "key":
		src.Kind = "key"
		if len(c.doc.Keys) == 0 {
			c.warn(at, "add a section keys", "there are no keys, so no request has this unit")
		}
	default:
		c.fail(at, orElse(didYouMean(from, []string{"header", "user", "safety_identifier", "metadata", "cookie", "key"}), unitForms),
			"%q is no source of units", written)
		return src, false
	}
	if named {
		c.fail(at, "write "+from, "%s takes no name", from)
		return src, false
	}
	return src, true
}

// unitName checks the name of a header or a metadata field.
func (c *compiler) unitName(at []string, src *experiment.UnitSource) bool {
	low := strings.ToLower(src.Name)
	switch {
	case src.From == "metadata" && src.Name == "":
		c.fail(at, "write metadata:NAME with the name of a field of metadata", "has no name")
	case src.From == "metadata":
		return true
	case !headerName(src.Name):
		c.fail(at, "write header:NAME, as in header:x-user-id", "%q is no name of a header", src.Name)
	case low == "authorization" || low == "x-api-key":
		c.fail(at, "write key: the unit is then the name of the caller's key", "a credential is no unit")
	case low == "cookie":
		c.fail(at, "write cookie: Weir then keeps a session of its own", "the header of all cookies is no unit")
	default:
		src.Name = low
		return true
	}
	return false
}

func orElse(hint, other string) string {
	if hint == "" {
		return other
	}
	return hint
}
