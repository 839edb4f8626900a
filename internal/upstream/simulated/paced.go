package simulated

import (
	"context"
	"errors"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai"
	"github.com/weirhq/weir/internal/upstream"
)

var (
	errTruncated = errors.New("simulated: broke off in the middle of its answer")
	errClosed    = errors.New("simulated: the stream was closed")
)

// wait sleeps until a time, or returns early with the context's error.
func wait(ctx context.Context, until time.Time) error {
	if d := time.Until(until); d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		return upstream.Ended(ctx)
	}
	return nil
}

// paced gives the events of an answer when they are due. The times are counted
// from the beginning, so a reader that is late once is not late for ever.
type paced struct {
	ctx    context.Context
	frames chat.Frames
	next   chat.Frame // the one after those given
	err    error      // in place of next
	first  time.Time  // when the first token is due
	each   time.Duration
	given  int // frames that a reader sees
	cut    int // after so many of them the stream breaks off; 0: it does not
}

var _ chat.Frames = (*paced)(nil)

func (d *Driver) paced(ctx context.Context, c *upstream.Call, answer *chat.Completion, l *luck, begin time.Time) chat.Frames {
	p := &paced{ctx: ctx, each: l.each, first: begin.Add(l.first)}
	if l.outcome == truncates {
		p.cut = max(1, len(answer.Text)/2)
	}
	p.frames = openai.Codec{}.Compose(answer, true, true)
	p.next, p.err = p.frames.Next()
	return p
}

// due is when the next frame comes: tokens at their pace, the rest at once.
func (p *paced) due() time.Time {
	n := p.given
	if !p.next.Visible {
		n = max(0, n-1)
	}
	return p.first.Add(time.Duration(n) * p.each)
}

// Next waits for the next frame and gives it.
func (p *paced) Next() (chat.Frame, error) {
	if p.err != nil {
		return chat.Frame{}, p.err
	}
	if err := wait(p.ctx, p.due()); err != nil {
		p.err = err
		return chat.Frame{}, err
	}
	if p.cut > 0 && p.given == p.cut {
		p.err = chat.ErrIncomplete
		return chat.Frame{}, p.err
	}
	f := p.next
	if f.Visible {
		p.given++
	}
	p.next, p.err = p.frames.Next()
	return f, nil
}

// Buffered reports whether the next frame is due.
func (p *paced) Buffered() bool { return p.err == nil && !time.Now().Before(p.due()) }

// Close ends the stream.
func (p *paced) Close() error {
	if p.err == nil {
		p.err = errClosed
	}
	return p.frames.Close()
}
