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
	var list []openai.ModelInfo
	for _, name := range st.names {
		if !p.MayUse(name) || (id != "" && name != id) {
			continue
		}
		owner := "weir"
		if st.routes[name].pinned {
			owner = st.routes[name].plans[st.routes[name].route.Baseline].targets[0].model.Vendor.Name
		}
		list = append(list, openai.ModelInfo{ID: name, Created: st.created, OwnedBy: owner})
	}
	switch {
	case id == "":
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(openai.Models(list))
	case len(list) == 0:
		g.plainError(w, r, fault.New(fault.NotFound, "model_not_found", "no route or model %q that this key may use", short(id, 100)))
	default:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(openai.Model(list[0]))
	}
}
