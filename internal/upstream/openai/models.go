package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/weirhq/weir/internal/upstream"
)

// Models asks an endpoint which models it serves.
func (d *Driver) Models(ctx context.Context, e *upstream.Endpoint) ([]string, error) {
	t, err := d.target(e)
	if err != nil {
		return nil, err
	}
	res, err := d.askModels(ctx, t)
	if err != nil {
		return nil, d.failure(ctx, t, err)
	}
	body := d.answer(ctx, t, res)
	defer body.Close()
	if err := body.unpack(res); err != nil {
		return nil, d.failed(t, upstream.Protocol, err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, d.failed(t, upstream.Protocol, fmt.Errorf("listing models: %s", odd(res)))
	}
	raw, err := d.whole(body, -1, maxList)
	if err != nil {
		return nil, err
	}
	ids, err := modelIDs(raw)
	if err != nil {
		return nil, d.failed(t, upstream.Protocol, fmt.Errorf("listing models: %w", err))
	}
	return ids, nil
}

func (d *Driver) askModels(ctx context.Context, t *target) (*http.Response, error) {
	if t.wire == nil {
		req := t.models.WithContext(ctx)
		req.Header = t.header(&upstream.Call{}, false)
		delete(req.Header, "Content-Type")
		return d.transport.RoundTrip(req)
	}
	out := newOutgoing()
	defer out.release()
	if err := out.address(t, t.models, &upstream.Call{}, false); err != nil {
		return nil, err
	}
	return t.wire.ask(ctx, out, false)
}

// modelIDs reads a list. It is an object with data; one vendor sends the data
// alone.
func modelIDs(raw []byte) ([]string, error) {
	type entry struct {
		ID string `json:"id"`
	}
	var list struct {
		Data []entry `json:"data"`
	}
	into := any(&list)
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		into = &list.Data
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return nil, errors.New("what came is not a list of models")
	}
	ids := make([]string, 0, len(list.Data))
	for _, e := range list.Data {
		if e.ID != "" {
			ids = append(ids, e.ID)
		}
	}
	return ids, nil
}
