// Package access says who calls and what they may do: principals, their scopes,
// and the keys that prove them. It keeps digests and never tokens. Limits and
// budgets are not here yet; what a scope opens is decided where it is asked for.
package access

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Scope is a set of things a principal may do. None implies another.
type Scope uint8

// Scopes.
const (
	Call     Scope = 1 << iota // ask models
	Force                      // choose a variant, and use overrides that are not open
	Feedback                   // send scores for the requests it made
	Read                       // see which variant answered, reports and events
	Operate                    // promote, abort, pause
	Admin                      // change definitions and keys

	All = Call | Force | Feedback | Read | Operate | Admin
)

// scopeNames are in the order of the bits.
var scopeNames = []string{"call", "force", "feedback", "read", "operate", "admin"}

// ParseScope reads one scope by its name.
func ParseScope(name string) (Scope, error) {
	if i := slices.Index(scopeNames, name); i >= 0 {
		return 1 << i, nil
	}
	return 0, fmt.Errorf("scope %q is not one of %s", name, strings.Join(scopeNames, ", "))
}

// String is the names of the scopes, with commas: "call,read".
func (s Scope) String() string {
	var names []string
	for i, name := range scopeNames {
		if s&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// Principal is who calls. It is shared by all requests of its key and is not to
// be changed.
type Principal struct {
	Name    string
	Project string
	Scopes  Scope
	Groups  []string
	Routes  []string  // the only ones it may use; empty: all. A * at the end stands for the rest
	Expires time.Time // zero: never
	Tags    []string  // "name=value", sorted: marks of all it asks
}

// Can reports whether the principal has every scope of s.
func (p *Principal) Can(s Scope) bool { return p.Scopes&s == s }

// MayUse reports whether the principal may use a route.
func (p *Principal) MayUse(route string) bool {
	if len(p.Routes) == 0 {
		return true
	}
	for _, pattern := range p.Routes {
		if start, open := strings.CutSuffix(pattern, "*"); pattern == route || open && strings.HasPrefix(route, start) {
			return true
		}
	}
	return false
}

// anonymous and stranger never change.
var (
	anonymous = &Principal{Name: "anonymous", Project: DefaultProject, Scopes: All}
	stranger  = &Principal{Name: "anonymous", Project: DefaultProject, Scopes: Call | Feedback}
)

// Anonymous is who calls from one's own machine when no keys are defined. It may
// do everything, so a caller from elsewhere must never be it.
func Anonymous() *Principal { return anonymous }

// Stranger is who calls from elsewhere where the operator serves callers without
// keys: it may ask, and nothing else.
func Stranger() *Principal { return stranger }
