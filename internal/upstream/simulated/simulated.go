// Package simulated is a model that says it is one: seeded, with a declared
// profile of latency, speed, length, failures and quality. It needs no network,
// no key and no GPU, and is what `weir demo` and rehearsals run on.
//
// Every answer says so: the text begins with "[simulated NAME]", the body and
// every event carry "simulated": true and the fingerprint "simulated", the
// reply has the header x-weir-simulated. The last line of an answer is
// "quality: good" or "quality: poor", in the share that the profile declares,
// so that something can judge it.
//
// The same seed, model and request give the same answer; a request that comes
// again gets the next answer of its own sequence, as a real model's would differ.
//
// It honours max_tokens, max_completion_tokens, stop, stream and
// stream_options.include_usage. It calls no tools even when it is given some.
// What it cannot do in the right shape (n, logprobs, JSON modes, a forced tool)
// it refuses with 400.
package simulated

import (
	"context"
	"fmt"
	"hash/fnv"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/upstream"
)

// Driver is one simulated model.
type Driver struct {
	name    string // the model's id
	key     string // what a call may name it by, besides
	profile atomic.Pointer[Profile]
	// seen counts how often a request came, by its hash; those that share a
	// place share a sequence, so the table never grows.
	seen [1024]atomic.Uint64
}

var (
	_ upstream.Driver = (*Driver)(nil)
	_ upstream.Chat   = (*Driver)(nil)
	_ upstream.Embed  = (*Driver)(nil)
	_ upstream.Lister = (*Driver)(nil)
)

// New makes a model of the profile in m.Options.
func New(m upstream.Model) (*Driver, error) {
	p, err := ParseProfile(m.Options)
	if err != nil {
		return nil, err
	}
	d := &Driver{name: m.ID, key: m.Name}
	if d.name == "" {
		d.name = m.Name
	}
	d.profile.Store(&p)
	return d, nil
}

// Profile is the one in force.
func (d *Driver) Profile() Profile { return *d.profile.Load() }

// SetProfile puts another in force, for calls that begin from now on.
func (d *Driver) SetProfile(p Profile) error {
	if err := p.check(); err != nil {
		return err
	}
	d.profile.Store(&p)
	return nil
}

// Close has nothing to give up.
func (d *Driver) Close() {}

// Models lists the one there is.
func (d *Driver) Models(context.Context, *upstream.Endpoint) ([]string, error) {
	return []string{d.name}, nil
}

// Chat answers as the profile and the dice have it.
func (d *Driver) Chat(ctx context.Context, c *upstream.Call) (*upstream.Reply, error) {
	if ctx.Err() != nil {
		return nil, upstream.Ended(ctx)
	}
	if err := d.refuse(c); err != nil {
		return refusal(c, openai.Status(err), err), nil
	}
	begin := time.Now()
	l := d.draw(c)
	if r, err := bad(ctx, c, &l, begin); r != nil || err != nil {
		return r, err
	}
	answer := d.compose(c, &l, begin)
	if c.Stream {
		return reply(d.paced(ctx, c, answer, &l, begin)), nil
	}
	if err := wait(ctx, begin.Add(l.first+time.Duration(len(answer.Text)-1)*l.each)); err != nil {
		return nil, err
	}
	if l.outcome == truncates {
		return nil, &upstream.Error{Class: upstream.Body, Endpoint: c.Endpoint.URL, Err: errTruncated}
	}
	return reply(openai.Codec{}.Compose(answer, false, false)), nil
}

// bad is how a call ends that gets no answer; nothing for one that gets one.
func bad(ctx context.Context, c *upstream.Call, l *luck, begin time.Time) (*upstream.Reply, error) {
	switch l.outcome {
	case rejects:
		err := fault.New(fault.Invalid, "simulated_rejection", "simulated: this model rejects some requests")
		return refusal(c, 400, err), nil
	case hangs:
		<-ctx.Done()
		return nil, upstream.Ended(ctx)
	case fails:
		if err := wait(ctx, begin.Add(l.first)); err != nil {
			return nil, err
		}
		err := fault.New(fault.Upstream, "simulated_failure", "simulated: this model fails some requests")
		return refusal(c, 500, err), nil
	}
	return nil, nil
}

// mark is what the body and every event of an answer carry.
var mark = []chat.Field{{Name: "system_fingerprint", Value: []byte(`"simulated"`)}, {Name: "simulated", Value: []byte("true")}}

func (d *Driver) compose(c *upstream.Call, l *luck, begin time.Time) *chat.Completion {
	text, finish := l.text(d.name, limit(c.Request), stops(c.Request))
	return &chat.Completion{
		ID:      fmt.Sprintf("chatcmpl-sim-%016x", l.dice.Uint64()),
		Model:   d.name,
		Created: begin.Unix(),
		Text:    text,
		Finish:  finish,
		Usage:   chat.Usage{Input: tokensOf(c.Request), Output: int64(len(text))},
		Extra:   mark,
	}
}

func header() map[string][]string {
	return map[string][]string{"X-Weir-Simulated": {"true"}, "Content-Type": {"application/json"}}
}

func reply(f chat.Frames) *upstream.Reply {
	return &upstream.Reply{Status: 200, Header: header(), Frames: f}
}

func refusal(c *upstream.Call, status int, err error) *upstream.Reply {
	body := openai.Codec{}.Error(err, c.RequestID, false)
	return &upstream.Reply{Status: status, Header: header(), Body: openai.WithMember(body, "simulated", []byte("true"))}
}

// draw throws the dice for a call.
func (d *Driver) draw(c *upstream.Call) luck {
	h := fnv.New64a()
	raw, same := c.Request.Untouched()
	if !same {
		if body, err := c.Request.Body(); err == nil {
			raw = body
		}
	}
	_, _ = h.Write(raw)
	for _, p := range c.Request.Patches() {
		_, _ = h.Write([]byte(p.Name))
		_, _ = h.Write(p.Value)
	}
	sum := h.Sum64()
	nth := d.seen[sum%uint64(len(d.seen))].Add(1)
	_, _ = h.Write([]byte(d.name))
	return throw(d.Profile(), h.Sum64(), nth)
}
