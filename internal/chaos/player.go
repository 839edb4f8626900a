package chaos

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// player sends one answer and spoils it on the way, at three levels: frames, bytes of
// the body, bytes on the wire. Each level counts, and acts when a point of its own is reached.
type player struct {
	conn    *conn
	rec     *record
	script  Script
	closing bool // announce that the connection will be closed

	frames, body, wire int
	chunked            bool
	stalled            bool // the stall is over
}

// play sends the answer and says how it ended.
func (p *player) play(a answer) Ending {
	err := p.run(a)
	if how := ended(""); errors.As(err, &how) {
		return Ending(how)
	}
	return EndDone
}

// run sends head, body and the end of the framing.
func (p *player) run(a answer) error {
	if p.script.Refuse {
		return ended(EndRefused)
	}
	if err := p.conn.pause(p.script.FirstByte); err != nil {
		return err
	}
	if err := p.reached(Wire, 0); err != nil {
		return err
	}
	if err := p.head(a); err != nil {
		return err
	}
	err := p.bodyOf(a)
	if err == nil || err == ended(EndEarly) {
		return errors.Join(p.finish(), err)
	}
	return err
}

// head sends status line and headers. http.Header.Write is not used: what a script
// wants to say may be what it would clean.
func (p *player) head(a answer) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "HTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	line := func(name, value string) { fmt.Fprintf(&out, "%s: %s\r\n", name, value) }
	if p.script.Header.Get("Content-Type") == "" {
		line("Content-Type", a.kind)
	}
	line("Date", time.Now().UTC().Format(http.TimeFormat))
	line("X-Request-Id", fmt.Sprintf("req_chaos_%d", p.rec.ID))
	if p.script.RetryAfter != "" {
		line("Retry-After", p.script.RetryAfter)
	}
	if p.script.Redirect != "" {
		line("Location", p.script.Redirect)
	}
	if a.packed {
		line("Content-Encoding", "gzip")
	}
	for _, name := range slices.Sorted(maps.Keys(p.script.Header)) {
		for _, value := range p.script.Header[name] {
			line(name, value)
		}
	}
	if p.script.EndlessHeaders {
		return p.endless(out.Bytes())
	}
	p.framing(a, line)
	out.WriteString("\r\n")
	p.conn.up.oracle.update(p.rec, func(r *Request) { r.Status = a.status })
	return p.send(out.Bytes())
}

// framing says how the end of the body is to be known.
func (p *player) framing(a answer, line func(name, value string)) {
	switch {
	case p.script.LengthOff != 0:
		line("Content-Length", fmt.Sprint(max(p.total(a)+p.script.LengthOff, 0)))
	case p.script.UntilClose:
	case a.stream:
		p.chunked = true
		line("Transfer-Encoding", "chunked")
	default:
		line("Content-Length", fmt.Sprint(p.total(a)))
	}
	if p.closing {
		line("Connection", "close")
	}
}

// total is the length of the body, as far as an early end lets it come.
func (p *player) total(a answer) int {
	stop, n, frames := p.script.Stop, 0, 0
	early := func(of Unit, have int) bool { return stop == Stop{Point{of, have}, EndEarly} }
	if early(Frames, 0) {
		return 0
	}
	for f := range a.frames {
		n += len(f.bytes)
		if f.event {
			frames++
		}
		if early(Frames, frames) {
			return n
		}
	}
	if stop.How == EndEarly && stop.At.Of == Bytes {
		return min(n, stop.At.N)
	}
	return n
}

// endless sends headers until the peer has had enough.
func (p *player) endless(start []byte) error {
	if err := p.send(start); err != nil {
		return err
	}
	filler := strings.Repeat("a", 1000)
	for n := 0; p.wire < maxSize; n++ {
		if err := p.send(fmt.Appendf(nil, "X-Endless-%d: %s\r\n", n, filler)); err != nil {
			return err
		}
	}
	return ended(EndCut)
}

// bodyOf sends the body, frame by frame.
func (p *player) bodyOf(a answer) error {
	if err := p.reachedIn(); err != nil {
		return err
	}
	for f := range a.frames {
		if p.frames > 0 && f.event {
			if err := p.conn.pause(p.script.Between); err != nil {
				return err
			}
		}
		if err := p.frame(f); err != nil {
			return err
		}
	}
	return nil
}

// frame sends one frame, in pieces where a point lies within.
func (p *player) frame(f frame) error {
	for rest := f.bytes; len(rest) > 0; {
		n := ahead(p.script.points(), Bytes, p.body, len(rest))
		if err := p.piece(rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
		p.body += n
		if len(rest) > 0 {
			if err := p.reached(Bytes, p.body); err != nil {
				return err
			}
		}
	}
	if f.event {
		p.frames++
		p.conn.up.oracle.update(p.rec, func(r *Request) { r.Frames, r.Tokens = p.frames, r.Tokens+f.tokens })
	}
	return p.reachedIn()
}

// piece sends part of the body in the framing of HTTP.
func (p *player) piece(b []byte) error {
	if !p.chunked {
		return p.send(b)
	}
	chunk := fmt.Appendf(make([]byte, 0, len(b)+16), "%x\r\n", len(b))
	return p.send(append(append(chunk, b...), "\r\n"...))
}

// finish ends the framing. A peer that has read [DONE] may leave before that; it has
// got the whole answer all the same.
func (p *player) finish() error {
	if !p.chunked {
		return nil
	}
	if err := p.send([]byte("0\r\n\r\n")); err != ended(EndPeerLeft) {
		return err
	}
	return nil
}
