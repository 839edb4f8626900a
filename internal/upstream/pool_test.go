package upstream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir/internal/fault"
)

// lister is a driver that only lists, as told.
type lister struct {
	asked  atomic.Int64
	answer func(e *Endpoint) ([]string, error)
	wait   time.Duration
}

func (*lister) Close() {}

func (l *lister) Models(ctx context.Context, e *Endpoint) ([]string, error) {
	l.asked.Add(1)
	select {
	case <-time.After(l.wait):
		return l.answer(e)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func serves(ids ...string) func(*Endpoint) ([]string, error) {
	return func(*Endpoint) ([]string, error) { return ids, nil }
}

func TestPickTakesTurns(t *testing.T) {
	p := NewPool(Model{Endpoints: []string{"http://a/v1", "http://b/v1", "http://c/v1"}}, &lister{})
	count := map[*Endpoint]int{}
	for range 300 {
		count[p.Pick(nil)]++
	}
	for _, e := range p.Endpoints {
		if count[e] != 100 {
			t.Errorf("%s was picked %d times of 300", e, count[e])
		}
	}
}

func TestPickAvoidsTheOneThatFailed(t *testing.T) {
	p := NewPool(Model{Endpoints: []string{"http://a/v1", "http://b/v1", "http://c/v1"}}, &lister{})
	for range 100 {
		failed := p.Pick(nil)
		if p.Pick(failed) == failed {
			t.Fatal("the one that failed was picked again")
		}
	}
	alone := NewPool(Model{Endpoints: []string{"http://a/v1"}}, &lister{})
	if e := alone.Pick(alone.Endpoints[0]); e != alone.Endpoints[0] {
		t.Fatal("the only one there is was not picked")
	}
}

func TestPoolWithoutEndpointsUsesTheVendors(t *testing.T) {
	v, err := VendorByName("groq")
	if err != nil {
		t.Fatal(err)
	}
	if p := NewPool(Model{Name: "m", Vendor: v}, &lister{}); p.Endpoints[0].URL != "https://api.groq.com/openai/v1" {
		t.Errorf("endpoint %s", p.Endpoints[0])
	}
	v, err = VendorByName("simulated")
	if err != nil {
		t.Fatal(err)
	}
	if p := NewPool(Model{Name: "m", Vendor: v}, &lister{}); p.Endpoints[0].URL != "simulated:m" {
		t.Errorf("endpoint %s", p.Endpoints[0])
	}
}

func TestModelIDIsTheDefinedOne(t *testing.T) {
	l := &lister{answer: serves("other")}
	p := NewPool(Model{ID: "llama", Endpoints: []string{"http://a/v1"}}, l)
	if id, err := p.ModelID(t.Context()); id != "llama" || err != nil || l.asked.Load() != 0 {
		t.Fatalf("%q, %v, asked %d times", id, err, l.asked.Load())
	}
}

func TestModelIDIsAskedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lister{answer: serves("llama"), wait: 50 * time.Millisecond}
		p := NewPool(Model{Name: "m", Endpoints: []string{"http://a/v1"}}, l)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if id, err := p.ModelID(t.Context()); id != "llama" || err != nil {
					t.Errorf("%q, %v", id, err)
				}
			})
		}
		all.Wait()
		if n := l.asked.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

func TestModelIDNamesSeveral(t *testing.T) {
	p := NewPool(Model{Name: "a", Endpoints: []string{"http://a/v1"}}, &lister{answer: serves("llama", "mistral", "qwen")})
	_, err := p.ModelID(t.Context())
	e := fault.From(err)
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(e.Message, "llama, mistral, qwen") || !strings.Contains(e.Hint, "`model:`") {
		t.Fatalf("%v; %s", err, e.Hint)
	}
}

func TestModelIDOfAnEmptyEndpoint(t *testing.T) {
	p := NewPool(Model{Name: "a", Endpoints: []string{"http://a/v1"}}, &lister{answer: serves()})
	if _, err := p.ModelID(t.Context()); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "serves no model") {
		t.Fatal(err)
	}
}

func TestModelIDGoesOnToTheNextEndpoint(t *testing.T) {
	p := NewPool(Model{Name: "a", Endpoints: []string{"http://down/v1", "http://up/v1"}}, &lister{answer: func(e *Endpoint) ([]string, error) {
		if e.URL == "http://down/v1" {
			return nil, errors.New("refused")
		}
		return []string{"llama"}, nil
	}})
	if id, err := p.ModelID(t.Context()); id != "llama" || err != nil {
		t.Fatal(id, err)
	}
}

// However many requests want to know, a failing endpoint is asked once a second.
func TestModelIDAsksAFailingEndpointOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := false
		l := &lister{answer: func(*Endpoint) ([]string, error) {
			if !up {
				return nil, errors.New("connection refused")
			}
			return []string{"llama"}, nil
		}}
		p := NewPool(Model{Name: "m", Endpoints: []string{"http://a/v1"}}, l)
		for range 40 { // four seconds, ten requests in each
			if _, err := p.ModelID(t.Context()); !fault.Is(err, fault.Upstream) {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if n := l.asked.Load(); n != 4 {
			t.Errorf("asked %d times in four seconds", n)
		}
		up = true
		time.Sleep(time.Second)
		if id, err := p.ModelID(t.Context()); id != "llama" || err != nil {
			t.Errorf("after recovery: %q, %v", id, err)
		}
	})
}

// One caller that leaves neither fails the others nor starts the second's rest.
func TestModelIDCallerThatLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lister{answer: serves("llama"), wait: time.Second}
		p := NewPool(Model{Name: "m", Endpoints: []string{"http://a/v1"}}, l)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := p.ModelID(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if id, err := p.ModelID(t.Context()); id != "llama" || err != nil {
			t.Fatal(id, err)
		}
	})
}

// A caller waiting behind another's question can leave too.
func TestModelIDWaiterThatLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(Model{Name: "m", Endpoints: []string{"http://a/v1"}}, &lister{answer: serves("llama"), wait: 5 * time.Second})
		go p.ModelID(t.Context())
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		begin := time.Now()
		if _, err := p.ModelID(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) > 100*time.Millisecond {
			t.Fatal(err, time.Since(begin))
		}
		time.Sleep(10 * time.Second)
	})
}

func TestReadySaysWhichSecretIsMissing(t *testing.T) {
	m := Model{Name: "gpt", Key: "sk-hidden", KeyName: "env:OPENAI_API_KEY", KeyErr: errors.New("not in the environment"), Endpoints: []string{"http://a/v1"}}
	err := NewPool(m, &lister{}).Ready()
	if !fault.Is(err, fault.Unavailable) || fault.From(err).Message != `model "gpt": secret env:OPENAI_API_KEY is not set` {
		t.Fatal(err)
	}
	if s := fmt.Sprintf("%v %+v %#v", err, m, m); strings.Contains(s, "sk-hidden") {
		t.Fatal("the key is in", s)
	}
	m.KeyErr = nil
	if err := NewPool(m, &lister{}).Ready(); err != nil {
		t.Fatal(err)
	}
}

func TestClassesHaveNames(t *testing.T) {
	var names []string
	for c := Connect; c <= TooLarge; c++ {
		names = append(names, c.String())
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != 6 {
		t.Fatal(names)
	}
}
