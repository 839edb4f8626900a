package admin

import (
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// Span is a part of a request's time.
type Span struct {
	Name    string        `json:"name" enum:"before,queue,attempt,wait,stream,settle" doc:"before: reading the request and choosing the variant; queue: for a place, in Weir; attempt: one try at one endpoint, until its answer began; wait: for the first token, within the last attempt; stream: the answer, to its end; settle: tokens counted and priced, recorded"`
	Attempt int           `json:"attempt,omitempty" doc:"of an attempt: which, from 1"`
	Start   time.Duration `json:"start_ns"`
	Took    time.Duration `json:"took_ns"`
	Text    string        `json:"text,omitempty" doc:"what came of it"`
	Derived bool          `json:"derived" doc:"its beginning was not measured: it is put behind what came before it"`
}

// waterfall lays an event's times out in order. Where the beginning of an attempt
// was not measured it is put where the one before it ended; what is left of the
// whole is the answer's.
func waterfall(e *event.Event) []Span {
	spans := []Span{}
	at := time.Duration(0)
	add := func(s Span) {
		s.Start = min(at, e.Total)
		s.Took = max(min(s.Took, e.Total-s.Start), 0)
		spans = append(spans, s)
		at = s.Start + s.Took
	}
	add(Span{Name: "before", Took: beforeAsking(e)})
	if e.QueueWait > 0 {
		add(Span{Name: "queue", Took: e.QueueWait, Derived: true})
	}
	for i := range e.Attempts {
		a := &e.Attempts[i]
		if a.After > 0 {
			at = a.After
		}
		add(Span{Name: "attempt", Attempt: i + 1, Took: a.Took, Text: attemptText(a), Derived: a.After == 0})
		if i == len(e.Attempts)-1 && e.FirstToken > 0 {
			last := spans[len(spans)-1]
			spans = append(spans, Span{Name: "wait", Attempt: i + 1, Start: last.Start, Took: last.Took, Text: "first token", Derived: last.Derived})
		}
	}
	if len(e.Attempts) > 0 && e.Attempts[len(e.Attempts)-1].Result == "ok" {
		add(Span{Name: "stream", Took: e.Total - at, Text: streamed(e)})
	}
	at = e.Total
	add(Span{Name: "settle", Text: string(e.CostBasis)})
	return spans
}

// beforeAsking is the time until the first attempt: all that is left when the
// first token and the attempts are taken away, where a first token was seen, and
// else what Weir itself took.
func beforeAsking(e *event.Event) time.Duration {
	tried := time.Duration(0)
	for i := range e.Attempts {
		tried += e.Attempts[i].Took
	}
	if len(e.Attempts) == 0 {
		return max(e.Total-e.QueueWait, 0)
	}
	if first := e.Attempts[0].After; first > 0 {
		return max(first-e.QueueWait, 0)
	}
	if left := e.FirstToken - tried - e.QueueWait; e.FirstToken > 0 && left > 0 {
		return left
	}
	return min(max(e.Overhead, 0), max(e.Total-tried-e.QueueWait, 0))
}

func attemptText(a *event.Attempt) string {
	text := a.Model + " at " + a.Endpoint + ": " + a.Result
	if a.Status != 0 && a.Result != "ok" {
		text += fmt.Sprintf(" (%d)", a.Status)
	}
	return text
}

func streamed(e *event.Event) string {
	if e.Frames == 0 {
		return ""
	}
	return fmt.Sprintf("%d events", e.Frames)
}
