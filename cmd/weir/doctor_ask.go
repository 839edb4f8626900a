package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/upstream"
)

// askModel asks the endpoints of one model which models they serve.
func (d *doctor) askModel(ctx context.Context, m definition.Model) finding {
	model, err := d.source.model(m)
	if err != nil {
		return finding{State: ill, Text: err.Error()}
	}
	if err := model.Ready(); err != nil {
		return finding{State: unasked, Text: fmt.Sprintf("model %q was not asked: its secret is missing", m.Name)}
	}
	p, err := newPool(model)
	if err != nil {
		return finding{State: ill, Text: err.Error()}
	}
	defer p.Close()
	lister, ok := p.Driver.(upstream.Lister)
	if !ok {
		return finding{State: unasked, Text: fmt.Sprintf("model %q: its vendor has no list of models", m.Name)}
	}
	for _, e := range p.Endpoints {
		if f := askEndpoint(ctx, &model, lister, e); f.State != well {
			return f
		}
	}
	return finding{State: well, Text: fmt.Sprintf("model %q answers at %d of %d endpoints", m.Name, len(p.Endpoints), len(p.Endpoints))}
}

func askEndpoint(ctx context.Context, m *upstream.Model, l upstream.Lister, e *upstream.Endpoint) finding {
	ids, err := l.Models(ctx, e)
	switch {
	case err != nil:
		return finding{State: ill, Text: fmt.Sprintf("model %q: %v", m.Name, err), Next: fmt.Sprintf("look whether %s is right and its server runs", e.URL)}
	case m.ID == "" && len(ids) != 1:
		return finding{State: ill, Text: fmt.Sprintf("model %q: %s serves %d models: %s", m.Name, e.URL, len(ids), few(ids)), Next: "name one with `model:`"}
	case m.ID != "" && len(ids) > 0 && !slices.Contains(ids, m.ID):
		return finding{State: doubtful, Text: fmt.Sprintf("model %q: %s does not list %q; it lists %s", m.Name, e.URL, m.ID, few(ids)), Next: "look whether `model:` is right"}
	}
	return finding{State: well}
}

// few shows the first names of a list.
func few(names []string) string {
	if len(names) > 5 {
		return strings.Join(names[:5], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

// noUnitShare is the share of requests without a unit above which an experiment
// sees too little of the traffic.
const noUnitShare = 0.01

// checkRunning looks at the Weir that runs, if one does.
func checkRunning(ctx context.Context, d *doctor) []finding {
	if d.client == nil {
		return []finding{{State: unasked, Text: "offline: no running Weir was asked"}}
	}
	st, err := d.client.Status(ctx)
	var refused *client.Error
	var network *net.OpError
	switch {
	case errors.As(err, &refused):
		return []finding{{State: ill, Text: fmt.Sprintf("the running Weir refuses to be asked: %v", err), Next: "set WEIR_KEY to a key with scope read"}}
	case errors.As(err, &network):
		return []finding{{State: unasked, Text: "no Weir is running at the admin address", Next: "weir serve, or name another with --admin"}}
	case err != nil:
		return []finding{{State: ill, Text: fmt.Sprintf("ask the running Weir: %v", err), Next: "look whether --admin is its admin listener"}}
	}
	found := []finding{{State: well, Text: fmt.Sprintf("version %s runs since %s, revision %s", st.Version, st.Started.Local().Format(time.DateTime), st.Revision)}}
	if st.LastReload != nil && !st.LastReload.Applied {
		found = append(found, finding{State: ill, Text: "the last change of the definitions was refused: " + st.LastReload.Error, Next: "mend them; revision " + st.Revision + " stays in force until then"})
	} else if st.Mode == "file" && st.Revision != d.compiled.Revision {
		found = append(found, finding{State: doubtful, Text: fmt.Sprintf("it runs revision %s, these definitions are %s", st.Revision, d.compiled.Revision), Next: "look whether -c names the file that it reads: " + st.Source})
	}
	return append(found, d.withoutUnit(ctx))
}

// withoutUnit is the share of recent requests that could not be randomised.
func (d *doctor) withoutUnit(ctx context.Context) finding {
	page, err := d.client.Events(ctx, client.Query{Limit: 1000})
	if err != nil {
		return finding{State: ill, Text: fmt.Sprintf("read recent requests: %v", err)}
	}
	assigned, without, route := 0, 0, ""
	for _, e := range page.Events {
		if len(e.Assignments) == 0 {
			continue
		}
		assigned++
		if e.Assignments[0].Reason == "no_unit" {
			without++
			route = e.Route
		}
	}
	if assigned == 0 {
		return finding{State: unasked, Text: "no recent requests: the share without a unit is not known"}
	}
	share := float64(without) / float64(assigned)
	text := fmt.Sprintf("%.1f %% of the last %d requests carried no unit", 100*share, assigned)
	if share <= noUnitShare {
		return finding{State: well, Text: text}
	}
	return finding{State: doubtful, Text: text + fmt.Sprintf(", as on route %q: they get the baseline and no experiment sees them", route),
		Next: "send who asks: the header x-user-id or the body's user, as the route's `unit` lists"}
}
