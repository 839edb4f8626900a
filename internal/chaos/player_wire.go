package chaos

import (
	"math"
	"time"
)

// mostAtOnce bounds a write (64 KiB), so that the record of what was sent keeps up
// while a slow peer holds a large frame back.
const mostAtOnce = 64 << 10

// send puts bytes on the wire, in slices where the script wants them, and stops where a
// point lies.
func (p *player) send(b []byte) error {
	most := mostAtOnce
	if p.script.Slice > 0 {
		most = min(most, p.script.Slice)
	}
	for len(b) > 0 {
		if p.wire > 0 {
			if err := p.conn.pause(p.script.SliceDelay); err != nil {
				return err
			}
		}
		n := ahead(p.script.points(), Wire, p.wire, min(most, len(b)))
		if err := p.write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
		if err := p.reached(Wire, p.wire); err != nil {
			return err
		}
	}
	return nil
}

// write gives bytes to the kernel and records it.
func (p *player) write(b []byte) error {
	select {
	case <-p.conn.in.gone:
		return ended(p.conn.why())
	default:
	}
	n, err := p.conn.Write(b)
	now := time.Now()
	p.wire += n
	p.conn.up.oracle.update(p.rec, func(r *Request) {
		r.Bytes, r.LastByte = p.wire, now
		if r.FirstByte.IsZero() {
			r.FirstByte = now
		}
	})
	if err != nil {
		return ended(p.conn.why())
	}
	return nil
}

// reachedIn is reached for both units that count the body.
func (p *player) reachedIn() error {
	if err := p.reached(Bytes, p.body); err != nil {
		return err
	}
	return p.reached(Frames, p.frames)
}

// reached acts if a point is after exactly n of the unit: first the stall, which comes
// once, then the stop.
func (p *player) reached(of Unit, n int) error {
	here := Point{of, n}
	if p.script.Stall.At == here && !p.stalled {
		p.stalled = true
		if err := p.stall(); err != nil {
			return err
		}
	}
	if p.script.Stop.At != here {
		return nil
	}
	if how := p.script.Stop.How; how == EndReset || how == EndEarly && of != Wire {
		return ended(how)
	}
	return ended(EndCut)
}

// stall is silent, but for pings, until it is over or the peer leaves.
func (p *player) stall() error {
	left, ping := p.script.Stall.For, p.script.Stall.Ping
	if left == 0 {
		left = math.MaxInt64
	}
	for begun := time.Now(); ; {
		step := left - time.Since(begun)
		if step <= 0 {
			return nil
		}
		if ping > 0 {
			step = min(step, ping)
		}
		if err := p.conn.pause(step); err != nil {
			return err
		}
		if ping > 0 {
			if err := p.piece(p.script.SSE.comment()); err != nil {
				return err
			}
		}
	}
}
