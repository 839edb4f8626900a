package otel

import (
	"time"

	"github.com/weirhq/weir/internal/event"
)

// Record takes an event, and passes over other records. It never waits.
func (s *Sender) Record(r event.Record) {
	e, ok := r.(*event.Event)
	if !ok {
		return
	}
	select {
	case <-s.closing:
		s.dropped.Add(1)
		return
	default:
	}
	select {
	case s.events <- e:
	default:
		s.dropped.Add(1)
	}
}

// feed counts events and passes them on to be traced. It waits for nobody: the
// metrics stay whole while traces cannot be sent.
func (s *Sender) feed() {
	defer close(s.spans)
	for {
		select {
		case e := <-s.events:
			s.pass(e)
			continue
		default:
		}
		select {
		case e := <-s.events:
			s.pass(e)
		case <-s.closing:
			for len(s.events) > 0 {
				s.pass(<-s.events)
			}
			return
		}
	}
}

func (s *Sender) pass(e *event.Event) {
	if s.metrics != nil {
		s.metrics.note(e)
	}
	if s.tracer == nil {
		return
	}
	select {
	case s.spans <- e:
	default:
		s.dropped.Add(1)
	}
}

// most is how many requests go out in one batch.
const most = 256

// send sends traces in batches, one after the other.
func (s *Sender) send() {
	for e := range s.spans {
		batch := append(make([]*event.Event, 0, most), e)
		late := time.NewTimer(s.cfg.Batch)
		for open := true; open && len(batch) < most; {
			select {
			case e, more := <-s.spans:
				if open = more; more {
					batch = append(batch, e)
				}
			case <-late.C:
				open = false
			}
		}
		late.Stop()
		s.tracer.send(batch)
	}
}
