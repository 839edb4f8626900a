package load

import (
	"math"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// run is one run under way.
type run struct {
	Config
	req                    *request
	rec                    *recorder
	start, from, end, hard time.Time // first request, measured from, last request, given up
	seq                    atomic.Int64
	wg                     sync.WaitGroup
}

// Run performs one run. It is bounded by Warmup + Duration + Grace.
func Run(c Config) (Result, error) {
	// The pacer blocks a thread in nanosleep, so keep spare Ps even on one CPU.
	if runtime.GOMAXPROCS(0) < 4 {
		runtime.GOMAXPROCS(4)
	}
	c.Conns, c.Users = max(1, c.Conns), max(1, c.Users)
	if c.Grace == 0 {
		c.Grace = 2 * time.Second
	}
	req, err := newRequest(&c)
	if err != nil {
		return Result{}, err
	}
	r := &run{Config: c, req: req, rec: newRecorder()}
	r.start = time.Now().Add(20 * time.Millisecond)
	r.from = r.start.Add(c.Warmup)
	r.end = r.from.Add(c.Duration)
	r.hard = r.end.Add(c.Grace)

	// A collection of the generator must not show up in the latencies.
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(512 << 20))

	if c.Rate > 0 {
		r.open()
	} else {
		r.closed()
	}
	return r.measure(), nil
}

// open starts arrivals at a constant rate.
func (r *run) open() {
	d := &dispatcher{max: r.Conns, wg: &r.wg}
	d.serve = func() (func(time.Time), func()) {
		cl := r.client()
		return func(intended time.Time) {
			if now := time.Now(); now.Before(r.hard) {
				r.one(cl, intended, now)
			} else {
				r.rec.miss(intended, now, r.from)
			}
		}, cl.close
	}
	r.wg.Go(func() { pace(r.start, r.end, r.Rate, d) })
}

// closed starts connections that send as soon as they have their answer.
func (r *run) closed() {
	for range r.Conns {
		r.wg.Go(func() {
			cl := r.client()
			defer cl.close()
			time.Sleep(time.Until(r.start))
			for now := time.Now(); now.Before(r.end); now = time.Now() {
				r.one(cl, now, now)
			}
		})
	}
}

func (r *run) client() *client {
	return &client{req: r.req.clone(), stream: r.Stream, keep: r.Tokens > 0, leave: stay}
}

// one sends one request and records it when its start lies in the measured part.
func (r *run) one(cl *client, intended, sent time.Time) {
	cl.req.setUser(r.seq.Add(1) % r.Users)
	cl.leave = stay
	if r.Cancel > 0 && rand.Float64() < r.Cancel {
		cl.leave = rand.IntN(20) // 0: before any answer; a body that is no stream is always left so
		if !r.Stream {
			cl.leave = 0
		}
	}
	rep, err := cl.do(r.hard)
	if now := time.Now(); !intended.Before(r.from) {
		r.rec.add(&r.Config, rep, err, intended, sent, now)
	}
}

// measure accounts the process from the end of the warm-up until the run is over.
func (r *run) measure() Result {
	var pids []int
	if r.PID > 0 {
		pids = tree(r.PID)
	}
	time.Sleep(time.Until(r.from))
	resetPeak(pids)
	before, t0 := usageOf(pids), time.Now()
	r.wg.Wait()
	took := time.Since(t0)
	used := usageOf(pids).minus(before)

	res := r.rec.result(&r.Config, took)
	res.SelfCPU = used.self.Seconds()
	res.Busy = 100 - 100*used.idle/math.Max(1, used.ticks)
	res.Steal = 100 * used.steal / math.Max(1, used.ticks)
	if len(pids) > 0 {
		n := math.Max(1, float64(res.Requests+res.Errors+res.Cancelled))
		res.CPU, res.PeakRSS = used.ran.Seconds(), float64(peakRSS(pids))/(1<<20)
		res.CPUPerReq, res.WaitPerReq = res.CPU*1e6/n, used.waited.Seconds()*1e6/n
	}
	return res
}
