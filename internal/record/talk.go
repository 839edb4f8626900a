package record

import (
	"encoding/hex"
	"hash/maphash"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/metric"
)

// An exchange after which its conversation goes on within half an hour gets the
// score `continued`. That is known when the next exchange of the conversation
// comes, so the last one of each has to be remembered: in memory, bounded, and
// read from the store again at the start. A score is known by what it is of, so
// one that is given again changes nothing.

// talkKey names a conversation. One that an application carries through several
// routes is several: what its own helper asks on another route is not the user.
// It is a hash, since names come from callers and may be long; that two of them
// are one in a process's life has a chance below one in a thousand million.
type talkKey uint64

var talkSeed = maphash.MakeSeed()

func talkKeyOf(route, conversation string) talkKey {
	return talkKey(maphash.Comparable(talkSeed, [2]string{route, conversation}))
}

// talk is the exchange of a conversation that ended last.
type talk struct {
	id  talkID // zero when it does not take part in an experiment, and no score is wanted
	end time.Time
}

// talkID is an event's id in the bytes that it stands for.
type talkID [16]byte

// talkIDOf reads an id; one that is not of Weir's making is none.
func talkIDOf(id string) (t talkID) {
	digits := strings.ReplaceAll(id, "-", "")
	if len(digits) != 2*len(t) {
		return talkID{}
	}
	if _, err := hex.Decode(t[:], []byte(digits)); err != nil {
		return talkID{}
	}
	return t
}

// String writes it as it was.
func (t talkID) String() string {
	x := hex.EncodeToString(t[:])
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}

// mostTalks bounds how many conversations are remembered: about 6 MB.
const mostTalks = 65_536

// addTalk gives the exchange before this one its score, if the conversation went
// on, and remembers this one.
func (p *preparer) addTalk(d *prepared, e *event.Event) {
	if e.Conversation == "" || e.Outcome == event.Invalid {
		return
	}
	k := talkKeyOf(e.Route, e.Conversation)
	before, known := d.talks[k]
	if !known {
		before, known = p.talks[k]
	}
	if known && before.id != (talkID{}) && before.id != talkIDOf(e.ID) && before.goesOn(e.Time) {
		d.batch.Scores = append(d.batch.Scores, &event.Score{
			ID: e.ID, Event: before.id.String(), Project: e.Project, Time: e.Time, Name: metric.Continued, Source: metric.ContinuedSource, Value: 1_000_000,
		})
	}
	if now := talkOf(e); known && now.end.After(before.end) || !known && now.id != (talkID{}) {
		d.talks[k] = now
	}
}

// goesOn reports whether what begins at a time continues t: after its end, so
// that two exchanges side by side do not continue one another.
func (t talk) goesOn(at time.Time) bool {
	return !at.Before(t.end) && at.Sub(t.end) <= metric.ContinuedWithin
}

func talkOf(e *event.Event) talk {
	t := talk{end: e.Time.Add(e.Total)}
	for i := range e.Assignments {
		if a := &e.Assignments[i]; a.Enrolled && a.Experiment != "" {
			t.id = talkIDOf(e.ID)
		}
	}
	return t
}

// remember takes over what a batch that was applied says of conversations.
func (p *preparer) remember(talks map[talkKey]talk) {
	for k, t := range talks {
		if t.id == (talkID{}) {
			delete(p.talks, k)
			continue
		}
		p.talks[k] = t
		if t.end.After(p.lastEnd) {
			p.lastEnd = t.end
		}
	}
	for within := metric.ContinuedWithin; len(p.talks) > mostTalks; within /= 2 { // the oldest are forgotten
		for k, t := range p.talks {
			if p.lastEnd.Sub(t.end) > within {
				delete(p.talks, k)
			}
		}
		if within <= time.Millisecond {
			clear(p.talks)
		}
	}
}
