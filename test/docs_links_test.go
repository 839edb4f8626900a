//go:build tools

package test

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	fenced  = regexp.MustCompile("(?ms)^```.*?^```$")
)

// TestDocsLinks: what a page links to in this repository is there, its heading
// too, and every page can be reached from the index.
func TestDocsLinks(t *testing.T) {
	all := map[string]*page{}
	for _, p := range pages(t) {
		all[p.name] = p
	}
	index := map[string]bool{"README.md": true, "docs/README.md": true}
	for _, p := range all {
		for _, found := range link.FindAllStringSubmatch(fenced.ReplaceAllString(p.text, ""), -1) {
			to, err := url.Parse(found[1])
			if err != nil {
				t.Errorf("%s: the link %q: %v", p.name, found[1], err)
				continue
			}
			if to.Host != "" {
				continue
			}
			name := path.Join(path.Dir(p.name), to.Path)
			if to.Path == "" {
				name = p.name
			}
			if p.name == "docs/README.md" {
				index[name] = true
			}
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(name))); err != nil {
				t.Errorf("%s links to %s, which is not there", p.name, found[1])
				continue
			}
			if target := all[name]; target != nil && to.Fragment != "" && !target.has(to.Fragment) {
				t.Errorf("%s links to %s, and that page has no such heading", p.name, found[1])
			}
		}
	}
	for name := range all {
		if !index[name] && !strings.HasPrefix(name, "docs/decisions/0") && !strings.HasPrefix(name, "docs/proof/") {
			t.Errorf("%s is not in docs/README.md", name)
		}
	}
}

// has reports whether a heading has the anchor that GitHub gives it.
func (p *page) has(anchor string) bool {
	for _, h := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(p.text, ""), -1) {
		plain := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r > 127:
				return r
			}
			return -1
		}, strings.ToLower(h[1]))
		if plain == anchor {
			return true
		}
	}
	return false
}
