package definition

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/meter"
)

// KeySpec is one entry of `keys`.
type KeySpec struct {
	SHA256  string   `json:"sha256,omitzero" needed:"yes" doc:"SHA-256 of the token, 64 hexadecimal digits. weir key create prints it with the token, which is shown once and kept nowhere."`
	Scopes  []string `json:"scopes,omitempty" form:"list of scopes" default:"call" doc:"What it may do: call, force, feedback, read, operate, admin."`
	Groups  []string `json:"groups,omitempty" form:"list of names" doc:"Groups its holder belongs to, for expressions: group(\"staff\")."`
	Routes  []string `json:"routes,omitempty" form:"list of names" doc:"Routes and vendor/model names it may use. Left out: all."`
	Expires Moment   `json:"expires,omitzero" doc:"From when on it is refused. Left out: never."`
	Project string   `json:"project,omitzero" default:"default" doc:"What its use is booked under."`
	Tags    Tags     `json:"tags,omitempty" name:"TAG" doc:"Marks that each of its requests carries, to sum money by. They win over those that a request brings in x-weir-tags." example:"{team: search, env: prod}"`
}

func (c *compiler) keys() []access.Key {
	var list []access.Key
	digests := map[string]string{}
	for _, name := range names(c.doc.Keys) {
		if !c.doc.whole("keys", name) {
			continue
		}
		at, s := path("keys", name), c.doc.Keys[name]
		c.name(at, name, false)
		if name == access.Anonymous().Name {
			c.fail(at, "give it another name", "%s is what callers without a key are called", name)
		}
		digest := strings.ToLower(s.SHA256)
		if c.digest(with(at, "sha256"), digest) {
			if other := digests[digest]; other != "" {
				c.fail(with(at, "sha256"), "create a token for each", "is the token of %s too", other)
			}
			digests[digest] = name
		}
		list = append(list, access.Key{Name: name, SHA256: digest, Scopes: c.scopes(at, s), Groups: s.Groups,
			Routes: s.Routes, Expires: time.Time(s.Expires), Project: s.Project, Tags: c.tags(with(at, "tags"), s.Tags)})
		c.keyLists(at, s)
	}
	return list
}

// digest checks the hash of a token. What is written instead may be the token,
// so it is never printed.
func (c *compiler) digest(at []string, written string) bool {
	if b, err := hex.DecodeString(written); err != nil || len(b) != sha256.Size {
		c.fail(at, "write the hash that weir key create printed, or: printf %s \"$TOKEN\" | sha256sum",
			"is not the SHA-256 of a token, 64 hexadecimal digits (what is written is not shown; if it was a token, make a new one)")
		return false
	}
	return true
}

func (c *compiler) scopes(at []string, s *KeySpec) access.Scope {
	var all access.Scope
	for i, name := range s.Scopes {
		scope, err := access.ParseScope(name)
		if err != nil {
			c.known(with(at, "scopes", step(i)), "scope", name, strings.Split(access.All.String(), ","))
		}
		all |= scope
	}
	return all
}

// keyLists checks groups and routes, and warns of keys that cannot work.
func (c *compiler) keyLists(at []string, s *KeySpec) {
	if len(s.Scopes) == 0 {
		c.fail(with(at, "scopes"), "name what it may do, or leave it out to let it call", "is empty: the key could do nothing")
	}
	if where := with(at, "routes"); len(s.Routes) == 0 && c.doc.written(where) {
		c.fail(where, "name routes, or leave it out to allow all", "is empty, which could mean none or all")
	}
	for i, group := range s.Groups {
		c.name(with(at, "groups", step(i)), group, true)
	}
	for i, name := range s.Routes {
		c.keyRoute(with(at, "routes", step(i)), name)
	}
	c.name(with(at, "project"), s.Project, false)
	if e := time.Time(s.Expires); !e.IsZero() && !c.options.Now.IsZero() && !e.After(c.options.Now) {
		c.warn(with(at, "expires"), "remove the key, or give it a later date", "expired on %s: it is refused", e.Format(time.DateOnly))
	}
}

// keyRoute checks a route, or a vendor/model name, that a key is limited to.
// A * at the end stands for the rest of a name.
func (c *compiler) keyRoute(at []string, name string) {
	if _, ok := c.doc.Routes[name]; ok || !c.doc.whole("routes") {
		return
	}
	known := c.callable()
	start, open := strings.CutSuffix(name, "*")
	switch {
	case strings.Contains(start, "*"):
		c.fail(at, "put it at the end: support-*", "a * stands for the rest of a name only")
	case open && !slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, start) }):
		c.warn(at, listed(known), "%q fits no route", name)
	case !open:
		slices.Sort(known)
		c.known(at, "route", name, known)
	}
}

// Tags are marks of a key, by name.
type Tags map[string]string

// tags checks the marks of a key and gives them as events keep them.
func (c *compiler) tags(at []string, given Tags) []string {
	if len(given) > meter.MaxTags {
		c.fail(at, fmt.Sprintf("keep at most %d", meter.MaxTags), "%d are too many: each combination is a row of the ledger", len(given))
	}
	var list []string
	for _, name := range names(given) {
		c.tag(with(at, name), name, given[name])
		list = append(list, name+"="+given[name])
	}
	return list
}

func (c *compiler) tag(at []string, name, value string) {
	if err := meter.CheckTag(name, value); err != nil {
		c.fail(at, meter.TagForm, "%s", err)
	}
}
