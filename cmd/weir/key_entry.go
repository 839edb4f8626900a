package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/definition"
)

// newKey is a key to be made.
type newKey struct {
	name                   string
	scopes, groups, routes []string
	expires                string
	digest                 string
	into, tokenFile        string // where they go; "": they are printed
}

// MarshalJSON writes what the definitions hold.
func (k newKey) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Name    string   `json:"name"`
		SHA256  string   `json:"sha256"`
		Scopes  []string `json:"scopes"`
		Groups  []string `json:"groups,omitempty"`
		Routes  []string `json:"routes,omitempty"`
		Expires string   `json:"expires,omitempty"`
	}{k.name, k.digest, k.scopes, k.groups, k.routes, k.expires})
}

// check asks the definitions' own rules whether the key could be used there.
// Routes are checked where they are known: against a whole document.
func (k *newKey) check() error {
	for _, s := range k.scopes {
		if _, err := access.ParseScope(s); err != nil {
			return usage(fmt.Errorf("--scopes %s: %s", shown(s), meantOf(s, allScopes)))
		}
	}
	for _, r := range k.routes {
		if r == "" || strings.Contains(strings.TrimSuffix(r, "*"), "*") {
			return usage(fmt.Errorf("--routes %s: a route's name, or the beginning of names and a * at its end", shown(r)))
		}
	}
	doc, problems := definition.Parse([]definition.File{{Name: "the new key", Text: []byte("keys:\n" + k.entry("  "))}})
	if doc != nil {
		_, more := doc.Compile(definition.Options{Now: time.Now()})
		problems = append(problems, more...)
	}
	for _, p := range problems {
		field, ours := strings.CutPrefix(p.Path, "keys."+k.name)
		if !ours || strings.HasPrefix(field, ".routes") {
			continue
		}
		what := "key name"
		if parts := strings.Split(field, "."); len(parts) > 1 {
			field, _, _ := strings.Cut(parts[1], "[")
			what = "--" + field
		}
		return advise(usage(fmt.Errorf("%s: %s", what, p.Message)), "%s", p.Hint)
	}
	return nil
}

// entry is the key as lines of YAML.
func (k *newKey) entry(indent string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s:\n%s  sha256: %s\n", indent, scalar(k.name), indent, k.digest)
	for _, l := range []struct {
		name string
		list []string
	}{{"scopes", k.scopes}, {"groups", k.groups}, {"routes", k.routes}} {
		if len(l.list) > 0 {
			fmt.Fprintf(&b, "%s  %s: [%s]\n", indent, l.name, strings.Join(scalars(l.list), ", "))
		}
	}
	if k.expires != "" {
		fmt.Fprintf(&b, "%s  expires: %s\n", indent, scalar(k.expires))
	}
	return b.String()
}

// simple is text that YAML takes for what it is, wherever it stands.
var simple = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._/-]*$|^\d{4}-\d{2}-\d{2}$`)

// words that YAML takes for something else than text.
var yamlWords = []string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}

func scalar(s string) string {
	if simple.MatchString(s) && !slices.Contains(yamlWords, strings.ToLower(s)) {
		return s
	}
	return strconv.Quote(s)
}

func scalars(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, scalar(s))
	}
	return out
}
