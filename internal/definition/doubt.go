package definition

import (
	"slices"
	"time"
)

// shortestExperiment is the least a comparison should run: weekdays differ.
const shortestExperiment = 7 * 24 * time.Hour

// doubts warns of what is allowed, works, and is probably not what was meant.
func (c *compiler) doubts(out *Compiled) {
	c.sharedIDs()
	if len(out.Set.Routes) == 0 && len(out.Models) > 0 {
		c.warn(path("routes"), "add a section routes", "there are no routes: only the names vendor/model can be asked for, and nothing can be compared")
	}
	for _, name := range names(out.Set.Routes) {
		r := out.Set.Routes[name]
		if !r.Cookie {
			continue
		}
		at := path("routes", name, "unit", step(slices.Index(c.doc.Routes[name].Unit, "cookie")))
		if r.Experiment != nil && out.Listen.SessionTTL < shortestExperiment {
			c.warn(at, "send a user's id where there is one, or lengthen listen.session_ttl",
				"the cookie lives %s, shorter than an experiment should run: whoever comes back is a new unit, so claims are per session", Duration(out.Listen.SessionTTL))
		}
		if out.Listen.Secret.IsZero() {
			c.warn(at, "add listen.secret: env:WEIR_SECRET", "there is no listen.secret: sessions are known as long as store.dir is kept, and not shared between replicas")
		}
	}
}

// sharedIDs warns when two models have one public name.
func (c *compiler) sharedIDs() {
	first := map[string]string{}
	for _, name := range names(c.doc.Models) {
		m := c.doc.Models[name]
		if m.Model == "" {
			continue
		}
		public := m.Vendor + "/" + m.Model
		if other := first[public]; other != "" {
			c.warn(path("models", name, "model"), "ask for "+m.Vendor+"/"+name+" to reach this one, or list its replicas under one model",
				"is the id of %s too, which alone answers to %s", other, public)
			continue
		}
		first[public] = name
	}
}
