package analysis

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// crowd sends requests: clients in bursts, some of which always fail.
type crowd struct {
	r        *rand.Rand
	share    float64 // of units with the candidate
	broken   float64 // of units, that always fail
	fails    [2]float64
	clients  int
	salt     uint64
	burst    int
	requests int
	naive    bool // each request is taken for a unit
}

// run feeds a clock until it alarms or the crowd is through, and gives the state.
func (c crowd) run(clock *HarmClock) HarmState {
	var s HarmState
	now := time.Unix(0, 0)
	for sent := 0; sent < c.requests; {
		unit := uint64(c.r.IntN(c.clients))
		candidate := hash(unit^c.salt<<32)%10000 < uint64(c.share*10000)
		broken := hash(unit^c.salt<<32^0xabcdef)%10000 < uint64(c.broken*10000)
		for range c.burst {
			now = now.Add(time.Second)
			fails := c.fails[0]
			if candidate {
				fails = c.fails[1]
			}
			id := unit
			if c.naive {
				id = hash(uint64(sent))
			}
			s = clock.Add(Ended{Candidate: candidate, Unit: id, Failed: broken || c.r.Float64() < fails, Time: now})
			sent++
			if s.Alarm == AlarmTrip || s.Alarm == AlarmSplit {
				return s
			}
		}
	}
	return s
}

// hash is splitmix64: which variant and whether broken must not follow from one another.
func hash(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Clients that always fail, in bursts, look like harm to whoever counts requests.
// Units and a test that allows peeking at every event keep the promise: fewer
// false alarms than alpha.
func TestNoFalseAlarmsUnderPeekingWithBrokenClients(t *testing.T) {
	const runs, alpha = 300, 0.01
	naive := 0
	alarms := map[Alarm]int{}
	for seed := range uint64(runs) {
		c := crowd{r: rand.New(rand.NewPCG(seed, 1)), share: 0.05, broken: 0.01, fails: [2]float64{0.005, 0.005}, clients: 4000, burst: 4, requests: 12000}
		c.salt = seed + 1 // each run has other clients
		s := c.run(NewHarmClock(HarmConfig{Share: c.share, Alpha: alpha}))
		alarms[s.Alarm]++
		if c.r, c.naive = rand.New(rand.NewPCG(seed, 1)), true; c.run(NewHarmClock(HarmConfig{Share: c.share, Alpha: alpha})).Alarm == AlarmSplit {
			naive++
		}
	}
	t.Logf("%d runs: event split %d, tripwire %d; requests counted instead of units: %d", runs, alarms[AlarmSplit], alarms[AlarmTrip], naive)
	if naive < 5*runs*alpha {
		t.Errorf("counting requests gives %d false alarms: the clients are not broken enough to show anything", naive)
	}
	if n := alarms[AlarmSplit] + alarms[AlarmTrip]; n > runs*alpha {
		t.Errorf("%d false alarms in %d runs, alpha is %v", n, runs, alpha)
	}
}

// A candidate that fails ten times as often is found after about a hundred of its
// requests, at a share of one in twenty.
func TestFindsHarmEarly(t *testing.T) {
	for _, alpha := range []float64{0.0017, 0.0008, 0.0004} {
		var found []int
		for seed := range uint64(300) {
			c := crowd{r: rand.New(rand.NewPCG(seed, 3)), share: 0.05, fails: [2]float64{0.01, 0.10}, clients: 1 << 20, burst: 1, requests: 40000}
			s := c.run(NewHarmClock(HarmConfig{Share: c.share, Alpha: alpha}))
			if s.Alarm == AlarmNone {
				t.Fatalf("alpha %v, seed %d: never found", alpha, seed)
			}
			found = append(found, int(s.Requests))
		}
		slices.Sort(found)
		median := found[len(found)/2]
		t.Logf("alpha %v: median %d candidate requests, 90 %% within %d", alpha, median, found[len(found)*9/10])
		if median < 60 || median > 140 {
			t.Errorf("alpha %v: median %d candidate requests", alpha, median)
		}
	}
}

func TestTripwire(t *testing.T) {
	feed := func(clock *HarmClock, n int, candidate bool, units int, failed bool) (s HarmState) {
		for i := range n {
			unit := uint64(i%units) + 1
			if candidate {
				unit += 1000
			}
			s = clock.Add(Ended{Candidate: candidate, Unit: unit, Failed: failed, Time: time.Unix(int64(i), 0)})
		}
		return s
	}
	t.Run("ten requests of ten failing units", func(t *testing.T) {
		clock := NewHarmClock(HarmConfig{Share: 0.5, Alpha: 1e-9})
		feed(clock, 20, false, 20, false)
		if s := feed(clock, 9, true, 9, true); s.Alarm != AlarmNone {
			t.Errorf("after nine: %s", s.Alarm)
		}
		if s := clock.Add(Ended{Candidate: true, Unit: 5000, Failed: true, Time: time.Unix(9, 0)}); s.Alarm != AlarmTrip {
			t.Errorf("after ten: %q", s.Alarm)
		}
	})
	t.Run("four failing clients are no proof, however often they call", func(t *testing.T) {
		clock := NewHarmClock(HarmConfig{Share: 0.5, Alpha: 1e-9})
		feed(clock, 50, false, 20, false)
		if s := feed(clock, 500, true, 4, true); s.Alarm != AlarmNone {
			t.Error(s.Alarm, s.Why)
		}
	})
	t.Run("both fail: nobody rolls back", func(t *testing.T) {
		clock := NewHarmClock(HarmConfig{Share: 0.5, Alpha: 0.01, Limit: 0.2})
		var s HarmState
		for i := range 400 {
			s = clock.Add(Ended{Candidate: i%2 == 0, Unit: uint64(i), Failed: true, Time: time.Unix(int64(i), 0)})
			if s.Alarm == AlarmTrip || s.Alarm == AlarmSplit {
				t.Fatalf("request %d: %s", i, s.Why)
			}
		}
		if s.Alarm != AlarmCommon {
			t.Errorf("%q", s.Alarm)
		}
	})
	t.Run("an alarm stays", func(t *testing.T) {
		clock := NewHarmClock(HarmConfig{Share: 0.5, Alpha: 1e-9})
		feed(clock, 20, true, 20, true)
		if s := feed(clock, 200, true, 20, false); s.Alarm != AlarmTrip {
			t.Errorf("%q", s.Alarm)
		}
	})
	t.Run("an old outage of the baseline does not excuse the candidate", func(t *testing.T) {
		clock := NewHarmClock(HarmConfig{Share: 0.5, Alpha: 1e-9})
		for i := range 50 {
			clock.Add(Ended{Unit: uint64(i), Failed: true, Time: time.Unix(int64(i), 0)})
		}
		var s HarmState
		for i := range 50 {
			clock.Add(Ended{Unit: uint64(100 + i), Time: time.Unix(int64(1000+i), 0)})
			s = clock.Add(Ended{Candidate: true, Unit: uint64(1000 + i), Failed: true, Time: time.Unix(int64(1000+i), 0)})
		}
		if s.Alarm != AlarmTrip {
			t.Errorf("%q", s.Alarm)
		}
	})
}

// With all traffic there is nobody to compare with: only the tripwire is left.
func TestNoShareNoSplit(t *testing.T) {
	for _, share := range []float64{0, 1} {
		clock := NewHarmClock(HarmConfig{Share: share, Alpha: 0.01})
		var s HarmState
		for i := range 1000 {
			s = clock.Add(Ended{Candidate: share == 1, Unit: uint64(i), Failed: i%4 == 0, Time: time.Unix(int64(i), 0)})
		}
		if s.Alarm != AlarmNone || s.P != 1 {
			t.Errorf("share %v: %q, p %v", share, s.Alarm, s.P)
		}
	}
}

// Memory does not grow with the number of units that fail.
func TestHarmClockForgetsBeyondItsBound(t *testing.T) {
	clock := NewHarmClock(HarmConfig{Share: 0.5, Alpha: 1e-300, Units: 100})
	var s HarmState
	for i := range 10000 {
		s = clock.Add(Ended{Candidate: i%2 == 0, Unit: uint64(i), Failed: i%3 == 0, Time: time.Unix(int64(i), 0)})
	}
	if len(clock.failed) != 100 || !s.Full {
		t.Errorf("%d units remembered, full %v", len(clock.failed), s.Full)
	}
	if n := len(clock.candidate.units) + len(clock.baseline.units); n > tripRequests+tripBaseline {
		t.Errorf("%d units in the windows", n)
	}
}
