package load

import (
	"runtime"
	"sync"
	"syscall"
	"time"
)

// dispatcher hands arrivals to connections, the most recently used first, so
// that no more connections are open than the load needs.
type dispatcher struct {
	max   int
	serve func() (handle func(time.Time), done func()) // makes a connection
	wg    *sync.WaitGroup

	mu      sync.Mutex
	conns   int
	idle    []chan time.Time
	backlog []time.Time
	ended   bool
}

func (d *dispatcher) arrive(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.idle); n > 0 {
		d.idle[n-1] <- t // has room: an idle worker's channel is empty
		d.idle = d.idle[:n-1]
	} else if d.conns < d.max {
		d.conns++
		d.wg.Go(func() { d.work(t) })
	} else {
		d.backlog = append(d.backlog, t)
	}
}

func (d *dispatcher) work(t time.Time) {
	handle, done := d.serve()
	defer done()
	in := make(chan time.Time, 1)
	for ok := true; ok; {
		handle(t)
		d.mu.Lock()
		switch {
		case len(d.backlog) > 0:
			t, d.backlog = d.backlog[0], d.backlog[1:]
			d.mu.Unlock()
			continue
		case d.ended:
			d.mu.Unlock()
			return
		}
		d.idle = append(d.idle, in)
		d.mu.Unlock()
		t, ok = <-in
	}
}

func (d *dispatcher) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = true
	for _, in := range d.idle {
		close(in)
	}
}

// pace emits the intended start times of an open loop at a constant rate. It
// sleeps in the kernel with 1 ns timer slack: Go's own timers are up to 1 ms late.
func pace(start, end time.Time, rate float64, d *dispatcher) {
	runtime.LockOSThread() // the thread ends with the goroutine
	const prSetTimerslack = 29
	_, _, _ = syscall.RawSyscall6(syscall.SYS_PRCTL, prSetTimerslack, 1, 0, 0, 0, 0)
	defer d.end()
	for i := 0; ; i++ {
		next := start.Add(time.Duration(float64(i) / rate * 1e9))
		if !next.Before(end) {
			return
		}
		for {
			wait := time.Until(next)
			if wait <= 0 {
				break
			}
			ts := syscall.NsecToTimespec(int64(wait))
			_ = syscall.Nanosleep(&ts, nil)
		}
		d.arrive(next)
	}
}
