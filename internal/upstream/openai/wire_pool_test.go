package openai

import (
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// noted is a connection that only notes that it was closed.
type noted struct {
	net.Conn
	id int
	in *closings
}

func (c noted) Close() error {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	c.in.ids = append(c.in.ids, c.id)
	return nil
}

type closings struct {
	mu  sync.Mutex
	ids []int
}

func (c *closings) now() []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.ids)
}

// conn makes a connection of a pool.
func (c *closings) conn(p *idlePool, id int) *wireConn { return newWireConn(noted{id: id, in: c}, p) }

func idOf(c *wireConn) int {
	if c == nil {
		return -1
	}
	return c.Conn.(noted).id
}

func TestIdlePoolGivesTheLastUsedAndKeepsNoMoreThanItsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var closed closings
		p := newIdlePool(time.Second, 3)
		defer p.close()
		for id := range 5 {
			p.put(closed.conn(p, id))
		}
		if got := closed.now(); !slices.Equal(got, []int{3, 4}) {
			t.Errorf("closed %v, want those over the bound", got)
		}
		for _, want := range []int{2, 1, 0, -1} {
			if got := idOf(p.take()); got != want {
				t.Errorf("took %d, want %d", got, want)
			}
		}
	})
}

func TestIdlePoolJanitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var closed closings
		p := newIdlePool(4*time.Second, 10)
		defer p.close()
		begin := time.Now()
		p.put(closed.conn(p, 0))
		time.Sleep(time.Second)
		p.put(closed.conn(p, 1))
		time.Sleep(2 * time.Second)
		p.put(closed.conn(p, 2))
		for _, c := range []struct {
			at     time.Duration
			closed []int
		}{{3900, nil}, {4100, []int{0}}, {5600, []int{0, 1}}, {6900, []int{0, 1}}, {7600, []int{0, 1, 2}}} {
			time.Sleep(c.at*time.Millisecond - time.Since(begin))
			synctest.Wait()
			if got := closed.now(); !slices.Equal(got, c.closed) {
				t.Errorf("after %v ms: closed %v, want %v", int64(c.at), got, c.closed)
			}
		}
		p.put(closed.conn(p, 3)) // it comes back after it found nothing more to do
		time.Sleep(5 * time.Second)
		if got := closed.now(); len(got) != 4 {
			t.Errorf("closed %v", got)
		}
	})
}

// Between its time and the janitor's round a connection is not used any more:
// the server may be closing it.
func TestIdlePoolGivesNothingThatIsTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var closed closings
		p := newIdlePool(4*time.Second, 10)
		defer p.close()
		p.put(closed.conn(p, 0))
		time.Sleep(time.Millisecond)
		p.put(closed.conn(p, 1))
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if got := idOf(p.take()); got != -1 || len(closed.now()) != 1 {
			t.Errorf("took %d, closed %v", got, closed.now())
		}
	})
}

func TestIdlePoolClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which also fails if the janitor were left
		var closed closings
		p := newIdlePool(4*time.Second, 10)
		p.put(closed.conn(p, 0))
		p.put(closed.conn(p, 1))
		p.close()
		p.put(closed.conn(p, 2))
		if got := closed.now(); !slices.Equal(got, []int{0, 1, 2}) || p.take() != nil {
			t.Errorf("closed %v", got)
		}
		p.close()
	})
}

// A context that ended closes the connection at some moment, perhaps a later one:
// another request may not be on it then.
func TestConnectionOfAnEndedContextIsNotKept(t *testing.T) {
	for _, watched := range []bool{true, false} {
		var closed closings
		p := newIdlePool(time.Minute, 10)
		b := &wireBody{conn: closed.conn(p, 0), stop: func() bool { return watched }, reusable: true}
		b.finish(true)
		if kept := p.take() != nil; kept != watched || kept == (len(closed.now()) > 0) {
			t.Errorf("context still watched %v: kept %v, closed %v", watched, kept, closed.now())
		}
		p.close()
	}
}
