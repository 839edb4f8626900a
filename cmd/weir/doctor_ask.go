package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/upstream"
)

// checkModels asks each endpoint for its list of models, which costs nothing.
func checkModels(ctx context.Context, d *doctor) []finding {
	if d.client == nil {
		return []finding{{State: unasked, Text: "offline: no model was asked"}}
	}
	each := make([][]finding, len(d.compiled.Models))
	var wg sync.WaitGroup
	for i, m := range d.compiled.Models {
		wg.Go(func() { each[i] = d.askModel(ctx, m) })
	}
	wg.Wait()
	return slices.Concat(each...)
}

// askModel asks the endpoints of one model which models they serve.
func (d *doctor) askModel(ctx context.Context, m definition.Model) []finding {
	model, err := d.source.model(m)
	if err != nil {
		return []finding{{State: ill, Text: err.Error()}}
	}
	if model.Ready() != nil {
		return []finding{{State: unasked, Text: fmt.Sprintf("model %q was not asked: its secret is missing", m.Name)}}
	}
	p, err := newPool(model)
	if err != nil {
		return []finding{{State: ill, Text: err.Error()}}
	}
	defer p.Close()
	lister, ok := p.Driver.(upstream.Lister)
	if !ok {
		return []finding{{State: unasked, Text: fmt.Sprintf("model %q: its vendor has no list of models", m.Name)}}
	}
	var found []finding
	for _, e := range p.Endpoints {
		if f := askEndpoint(ctx, &model, lister, e); f.State != well {
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		found = []finding{{State: well, Text: fmt.Sprintf("model %q answers at %s", m.Name, count(len(p.Endpoints), "endpoint"))}}
	}
	return found
}

func askEndpoint(ctx context.Context, m *upstream.Model, l upstream.Lister, e *upstream.Endpoint) finding {
	ids, err := l.Models(ctx, e)
	switch {
	case err != nil:
		return finding{State: ill, Text: fmt.Sprintf("model %q: %s: %s", m.Name, e.URL, askedInVain(err)), Next: "see whether the address is right and its server runs"}
	case m.ID == "" && len(ids) != 1:
		return finding{State: ill, Text: fmt.Sprintf("model %q: %s serves %s: %s", m.Name, e.URL, count(len(ids), "model"), few(ids)), Next: "name one with model:"}
	case m.ID != "" && len(ids) > 0 && !slices.Contains(ids, m.ID):
		return finding{State: doubtful, Text: fmt.Sprintf("model %q: %s does not list %q; it lists %s", m.Name, e.URL, m.ID, few(ids)), Next: "see whether model: is right"}
	}
	return finding{State: well}
}

// askedInVain is why an endpoint gave no list, without the address, which the
// reader knows.
func askedInVain(err error) string {
	var up *upstream.Error
	if errors.As(err, &up) {
		err = up.Err
	}
	if unreachable(err) {
		return cause(err).Error()
	}
	return err.Error()
}

// few shows the first names of a list.
func few(names []string) string {
	if len(names) > 5 {
		return strings.Join(names[:5], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
