package admin

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/upstream"
)

// counting is a driver that counts what it is asked. Every capability there is.
type counting struct{ calls atomic.Int64 }

var _ interface {
	upstream.Driver
	upstream.Chat
	upstream.Embed
	upstream.Lister
} = (*counting)(nil)

func (c *counting) Close() {}

func (c *counting) Chat(context.Context, *upstream.Call) (*upstream.Reply, error) {
	c.calls.Add(1)
	return &upstream.Reply{Status: 500}, nil
}

func (c *counting) Embed(context.Context, *upstream.Call) (*upstream.Reply, error) {
	c.calls.Add(1)
	return &upstream.Reply{Status: 500}, nil
}

func (c *counting) Models(context.Context, *upstream.Endpoint) ([]string, error) {
	c.calls.Add(1)
	return []string{"one"}, nil
}

// O7 of the list of faults: whatever is asked of this listener, by people, probes
// or pages that poll, no model is called.
func TestNothingHereCallsAModel(t *testing.T) {
	var driver counting
	k := startKept(t, func(c *Config) {
		c.Pprof = true
		c.Tariff = func() *meter.Tariff { return testTariff() }
	})
	k.fill()
	k.keep(0, 10)
	// Its id is to be asked for: a price or a list that wanted it would ask.
	k.state.pools = map[string]*upstream.Pool{"big": upstream.NewPool(upstream.Model{Name: "big", Vendor: upstream.Vendor{Name: "vllm"}, Endpoints: []string{"http://one:8000/v1"}}, &driver)}
	asked := 0
	for range 5 {
		for _, e := range k.server.table() {
			path := strings.NewReplacer("{id}", eventAt(3).ID, "{profile}", "heap", "{period}", "weekly", "{number}", "1").Replace(e.path)
			for _, query := range []string{"", "?wide=true", "?body=true"} {
				method := e.method
				if e.id == "streamEvents" {
					method = "HEAD"
				}
				resp, _ := k.do(k.request(method, path+query, bodies[e.id]))
				if resp.StatusCode == http.StatusOK {
					asked++
				}
			}
		}
	}
	if n := driver.calls.Load(); n != 0 || asked < 5*25 {
		t.Errorf("%d calls of models by %d requests", n, asked)
	}
}
