package servers

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
)

// Target is one page to read.
type Target struct {
	Model    string // in the definitions; "" of an exporter that serves several
	Endpoint string // what it is called; "": host and port of the URL
	URL      string
	Kind     string // one of Kinds; "": found out from what is on the page
}

// named says whether there is a target of that name.
func named(list []*target, t *target) bool {
	return slices.ContainsFunc(list, func(o *target) bool { return o.def.Model == t.def.Model && o.def.Endpoint == t.def.Endpoint })
}

func newTarget(def Target) (*target, error) {
	u, err := url.Parse(def.URL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("metrics of %q: not a URL", def.Model) // what is wrong may hold a secret
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("metrics of %q: %q is no http or https URL", def.Model, plain(u))
	case u.User != nil:
		return nil, fmt.Errorf("metrics of %q: %q holds a user name or password, leave it out", def.Model, plain(u))
	case def.Kind != "" && !slices.Contains(Kinds(), def.Kind):
		return nil, fmt.Errorf("metrics of %q: unknown kind of server %q; known are %q", def.Model, def.Kind, Kinds())
	}
	def.Endpoint = cmp.Or(def.Endpoint, u.Host)
	return &target{def: def, shown: plain(u), path: u.Path}, nil
}

// plain is a URL as it may be shown: a query can hold a key.
func plain(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
