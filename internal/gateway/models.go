package gateway

import (
	"net/http"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/chat/openai"
	"github.com/weirhq/weir/internal/fault"
)

// models lists the routes and pinned models that the caller may name, or one of
// them. It asks no upstream.
func (g *Gateway) models(w http.ResponseWriter, r *http.Request, id string) {
	if r.Method != http.MethodGet {
		g.plainError(w, r, methodNotAllowed(w, r, "GET"))
		return
	}
	st := g.state.Load()
	if st == nil {
		g.plainError(w, r, fault.New(fault.Unavailable, "starting", "Weir has no definitions in force yet"))
		return
	}
	p, err := g.principal(st, r)
	if err == nil && !p.Can(access.Call) && !p.Can(access.Read) {
		err = fault.New(fault.Forbidden, "scope_missing", "key %q has neither the scope `call` nor `read`", p.Name)
	}
	if err != nil {
		g.plainError(w, r, err)
		return
	}
	if id != "" {
		g.oneModel(w, r, st, p, id)
		return
	}
	var list []openai.ModelInfo
	for _, name := range st.names {
		if p.MayUse(name) {
			list = append(list, st.info(name))
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openai.Models(list))
}

// oneModel tells of one name: any that a request may carry, listed or not.
func (g *Gateway) oneModel(w http.ResponseWriter, r *http.Request, st *state, p *access.Principal, id string) {
	if st.routes[id] == nil || !p.MayUse(id) {
		g.plainError(w, r, notFound(st, id))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openai.Model(st.info(id)))
}

// info describes a name. A pinned model is its vendor's, a route Weir's.
func (st *state) info(name string) openai.ModelInfo {
	rp, owner := st.routes[name], "weir"
	if rp.pinned {
		owner = rp.plans[rp.route.Baseline].targets[0].model.Vendor.Name
	}
	return openai.ModelInfo{ID: name, Created: st.created, OwnedBy: owner}
}
