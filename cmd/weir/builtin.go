package main

import (
	"context"
	"fmt"

	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/sqlite"
	"github.com/weirhq/weir/internal/upstream"
	"github.com/weirhq/weir/internal/upstream/openai"
	"github.com/weirhq/weir/internal/upstream/simulated"
)

// drivers are the technologies that can answer, by the driver's name in
// upstream/vendors.json. One more is one line here.
var drivers = map[string]func(upstream.Model) (upstream.Driver, error){
	"openai":    func(m upstream.Model) (upstream.Driver, error) { return openai.New(m) },
	"simulated": func(m upstream.Model) (upstream.Driver, error) { return simulated.New(m) },
}

// newPool makes the running form of a model.
func newPool(m upstream.Model) (*upstream.Pool, error) {
	build, ok := drivers[m.Vendor.Driver]
	if !ok {
		return nil, fmt.Errorf("model %q: vendor %q needs the driver %q, which this build does not have", m.Name, m.Vendor.Name, m.Vendor.Driver)
	}
	d, err := build(m)
	if err != nil {
		return nil, fmt.Errorf("model %q: %w", m.Name, err)
	}
	return upstream.NewPool(m, d), nil
}

// openStore opens what keeps records, the built-in engine for one machine.
func openStore(path string) (store.Store, error) { return sqlite.Open(sqlite.Config{Path: path}) }

// restoreStore brings a backup of that engine back.
func restoreStore(ctx context.Context, path, from string) (kept []string, err error) {
	return sqlite.Restore(ctx, path, from)
}
