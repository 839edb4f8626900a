package definition

import (
	"math"
	"strings"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/meter"
)

// BudgetSpec is one entry of `budgets`.
type BudgetSpec struct {
	Amount  *float64 `json:"amount,omitzero" needed:"yes" doc:"US dollars that may be spent in each period." example:"500"`
	Per     string   `json:"per,omitzero" default:"month" enum:"day month" doc:"The period, by the calendar in UTC."`
	Project string   `json:"project,omitzero" form:"name" doc:"Only what is booked under this project."`
	Route   string   `json:"route,omitzero" form:"name" doc:"Only what this route spends, or this vendor/model name."`
	Model   string   `json:"model,omitzero" form:"name" doc:"Only what this model costs."`
	Key     string   `json:"key,omitzero" form:"name" doc:"Only what this key spends."`
	Tag     string   `json:"tag,omitzero" form:"NAME=VALUE" doc:"Only requests with this tag." example:"team=search"`
}

// Budget is what may be spent, compiled. Empty fields leave nothing out.
type Budget struct {
	Name                            string
	Amount                          meter.Micro
	Per                             string // "day" or "month", in UTC
	Project, Route, Model, Key, Tag string
}

// highestBudget keeps amounts far from the largest integer.
const highestBudget = 1e9 // dollars

func (c *compiler) budgets() []Budget {
	var list []Budget
	for _, name := range names(c.doc.Budgets) {
		if !c.doc.whole("budgets", name) {
			continue
		}
		at, s := path("budgets", name), c.doc.Budgets[name]
		c.name(at, name, false)
		if *s.Amount <= 0 || *s.Amount > highestBudget {
			c.fail(with(at, "amount"), "write US dollars, more than 0 and at most a thousand million", "%s is out of range", plain(*s.Amount))
		}
		c.budgetFilter(at, s)
		list = append(list, Budget{Name: name, Amount: meter.Micro(math.Round(*s.Amount * 1e6)), Per: s.Per,
			Project: s.Project, Route: s.Route, Model: s.Model, Key: s.Key, Tag: s.Tag})
	}
	if len(list) > 0 {
		c.remark(path("budgets"), "", "budgets refuse nothing: spending is compared with them, forecast and reported")
	}
	return list
}

// budgetFilter checks what the budget is for. A filter that fits nothing would
// be a budget that is never used up.
func (c *compiler) budgetFilter(at []string, s *BudgetSpec) {
	if s.Model != "" {
		defined(c, with(at, "model"), "model", s.Model, c.doc.Models)
	}
	if s.Key != "" && s.Key != access.Anonymous().Name {
		defined(c, with(at, "key"), "key", s.Key, c.doc.Keys)
	}
	if s.Route != "" {
		c.routeOrPinned(with(at, "route"), s.Route)
	}
	if s.Project != "" && c.doc.whole("keys") {
		known := map[string]bool{access.DefaultProject: true}
		for _, k := range c.doc.Keys {
			known[k.Project] = true
		}
		if !known[s.Project] {
			c.warn(with(at, "project"), nearOrAll(s.Project, names(known)), "no key is booked under project %q", s.Project)
		}
	}
	if s.Tag != "" {
		name, value, _ := strings.Cut(s.Tag, "=")
		c.tag(with(at, "tag"), name, value)
	}
}

// routeOrPinned checks the name of a route, or a vendor/model name.
func (c *compiler) routeOrPinned(at []string, name string) {
	if !c.doc.whole("routes") || !c.doc.whole("models") {
		return
	}
	c.known(at, "route", name, c.callable())
}

// callable are the names that a request may ask for.
func (c *compiler) callable() []string {
	known := names(c.doc.Routes)
	for own, m := range c.doc.Models {
		known = append(known, m.Vendor+"/"+own)
		if m.Model != "" {
			known = append(known, m.Vendor+"/"+m.Model)
		}
	}
	return known
}
