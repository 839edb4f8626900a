package event

import (
	"time"

	"github.com/weirhq/weir/internal/meter"
)

func appendEvent(b []byte, e *Event) []byte {
	b = putText(b, 1, e.ID)
	b = putText(b, 2, e.ClientID)
	b = putText(b, 3, e.BodyID)
	b = putText(b, 4, e.Project)
	b = putTime(b, 5, e.Time)
	b = putText(b, 6, e.Revision)
	b = putText(b, 7, e.Path)
	b = putText(b, 8, e.Route)
	b = putAssignments(b, 9, e.Assignments)
	b = putText(b, 10, e.Conversation)
	b = putTime(b, 11, e.Begun)
	b = putText(b, 12, e.UnitKind)
	b = putText(b, 13, e.Unit)
	b = putText(b, 14, e.Key)
	b = putTexts(b, 15, e.Tags)
	b = putText(b, 16, e.Model)
	b = putText(b, 17, e.Vendor)
	b = putText(b, 18, e.ServedModel)
	b = putText(b, 19, e.Fingerprint)
	b = putText(b, 20, e.Endpoint)
	b = putAttempts(b, 21, e.Attempts)
	b = putBool(b, 22, e.Fallback)
	b = putTexts(b, 23, e.Parameters)
	b = putBool(b, 24, e.Stream)
	b = putOutcome(b, 25, e.Outcome)
	b = putText(b, 26, e.AnsweredBy)
	b = putInt(b, 27, e.Status)
	b = putText(b, 28, e.Code)
	b = putText(b, 29, e.Clock)
	b = putText(b, 30, e.Error)
	b = putUsage(b, 31, e.Usage)
	b = putBool(b, 32, e.UsageKnown)
	b = putText(b, 33, string(e.UsageSource))
	b = putFloat(b, 34, e.UsageError)
	b = putInt(b, 35, e.Cost)
	b = putText(b, 36, string(e.CostBasis))
	b = putText(b, 37, e.PriceFrom)
	b = putText(b, 38, e.Finish)
	b = putBool(b, 39, e.Refusal)
	b = putInt(b, 40, e.Frames)
	b = putInt(b, 41, e.Malformed)
	b = putInt(b, 42, e.QueueWait)
	b = putInt(b, 43, e.FirstToken)
	b = putInt(b, 44, e.FirstThought)
	b = putInt(b, 45, e.PerToken)
	b = putInt(b, 46, e.Total)
	b = putInt(b, 47, e.Overhead)
	b = putBool(b, 48, e.Simulated)
	b = putText(b, 49, e.Traceparent)
	b = putText(b, 50, e.ShadowOf)
	b = putBool(b, 51, e.Read)
	return putInt(b, 52, e.Words)
}

func readEvent(r *reader) *Event {
	e := &Event{}
	for r.next() {
		switch r.num {
		case 1:
			e.ID = r.string()
		case 2:
			e.ClientID = r.string()
		case 3:
			e.BodyID = r.string()
		case 4:
			e.Project = r.string()
		case 5:
			e.Time = r.time()
		case 6:
			e.Revision = r.string()
		case 7:
			e.Path = r.string()
		case 8:
			e.Route = r.string()
		case 9:
			e.Assignments = append(e.Assignments, readAssignment(r))
		case 10:
			e.Conversation = r.string()
		case 11:
			e.Begun = r.time()
		case 12:
			e.UnitKind = r.string()
		case 13:
			e.Unit = r.string()
		case 14:
			e.Key = r.string()
		case 15:
			e.Tags = append(e.Tags, r.string())
		case 16:
			e.Model = r.string()
		case 17:
			e.Vendor = r.string()
		case 18:
			e.ServedModel = r.string()
		case 19:
			e.Fingerprint = r.string()
		case 20:
			e.Endpoint = r.string()
		default:
			e.readEnd(r)
		}
	}
	return e
}

// readEnd reads a field that says how it went.
func (e *Event) readEnd(r *reader) {
	switch r.num {
	case 21:
		e.Attempts = append(e.Attempts, readAttempt(r))
	case 22:
		e.Fallback = r.bool()
	case 23:
		e.Parameters = append(e.Parameters, r.string())
	case 24:
		e.Stream = r.bool()
	case 25:
		e.Outcome = r.outcome()
	case 26:
		e.AnsweredBy = r.string()
	case 27:
		e.Status = int(r.int64())
	case 28:
		e.Code = r.string()
	case 29:
		e.Clock = r.string()
	case 30:
		e.Error = r.string()
	case 31:
		e.Usage = readUsage(r)
	case 32:
		e.UsageKnown = r.bool()
	case 33:
		e.UsageSource = r.source()
	case 34:
		e.UsageError = r.float()
	case 35:
		e.Cost = meter.Micro(r.int64())
	case 36:
		e.CostBasis = r.basis()
	case 37:
		e.PriceFrom = r.string()
	default:
		e.readAnswer(r)
	}
}

// readAnswer reads a field about the answer and its times.
func (e *Event) readAnswer(r *reader) {
	switch r.num {
	case 38:
		e.Finish = r.string()
	case 39:
		e.Refusal = r.bool()
	case 40:
		e.Frames = int(r.int64())
	case 41:
		e.Malformed = int(r.int64())
	case 42:
		e.QueueWait = time.Duration(r.int64())
	case 43:
		e.FirstToken = time.Duration(r.int64())
	case 44:
		e.FirstThought = time.Duration(r.int64())
	case 45:
		e.PerToken = time.Duration(r.int64())
	case 46:
		e.Total = time.Duration(r.int64())
	case 47:
		e.Overhead = time.Duration(r.int64())
	case 48:
		e.Simulated = r.bool()
	case 49:
		e.Traceparent = r.string()
	case 50:
		e.ShadowOf = r.string()
	case 51:
		e.Read = r.bool()
	case 52:
		e.Words = int(r.int64())
	default:
		r.skip()
	}
}
