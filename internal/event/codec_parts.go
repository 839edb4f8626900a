package event

import (
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/telemetry"
	"google.golang.org/protobuf/encoding/protowire"
)

func putAssignments(b []byte, n protowire.Number, list []Assignment) []byte {
	for i := range list {
		a, at := &list[i], 0
		b, at = begun(b, n)
		b = putText(b, 1, a.Experiment)
		b = putInt(b, 2, a.Epoch)
		b = putInt(b, 3, a.Step)
		b = putText(b, 4, a.Variant)
		b = putText(b, 5, a.Reason)
		b = putBool(b, 6, a.Enrolled)
		b = putFloat(b, 7, a.Probability)
		b = putText(b, 8, a.Doubt)
		b = ended(b, at)
	}
	return b
}

func readAssignment(r *reader) (a Assignment) {
	in := r.message()
	for in.next() {
		switch in.num {
		case 1:
			a.Experiment = in.string()
		case 2:
			a.Epoch = int(in.int64())
		case 3:
			a.Step = int(in.int64())
		case 4:
			a.Variant = in.string()
		case 5:
			a.Reason = in.string()
		case 6:
			a.Enrolled = in.bool()
		case 7:
			a.Probability = in.float()
		case 8:
			a.Doubt = in.string()
		default:
			in.skip()
		}
	}
	r.took(&in)
	return a
}

func putAttempts(b []byte, n protowire.Number, list []Attempt) []byte {
	for i := range list {
		a, at := &list[i], 0
		b, at = begun(b, n)
		b = putText(b, 1, a.Model)
		b = putText(b, 2, a.Endpoint)
		b = putInt(b, 3, a.Status)
		b = putText(b, 4, a.Result)
		b = putInt(b, 5, a.Took)
		b = putInt(b, 6, a.After)
		b = ended(b, at)
	}
	return b
}

func readAttempt(r *reader) (a Attempt) {
	in := r.message()
	for in.next() {
		switch in.num {
		case 1:
			a.Model = in.string()
		case 2:
			a.Endpoint = in.string()
		case 3:
			a.Status = int(in.int64())
		case 4:
			a.Result = in.string()
		case 5:
			a.Took = time.Duration(in.int64())
		case 6:
			a.After = time.Duration(in.int64())
		default:
			in.skip()
		}
	}
	r.took(&in)
	return a
}

func putUsage(b []byte, n protowire.Number, u chat.Usage) []byte {
	if u == (chat.Usage{}) {
		return b
	}
	b, at := begun(b, n)
	b = putInt(b, 1, u.Input)
	b = putInt(b, 2, u.Output)
	b = putInt(b, 3, u.Cached)
	b = putInt(b, 4, u.CacheWrite)
	b = putInt(b, 5, u.Reasoning)
	return ended(b, at)
}

func readUsage(r *reader) (u chat.Usage) {
	in := r.message()
	for in.next() {
		switch in.num {
		case 1:
			u.Input = in.int64()
		case 2:
			u.Output = in.int64()
		case 3:
			u.Cached = in.int64()
		case 4:
			u.CacheWrite = in.int64()
		case 5:
			u.Reasoning = in.int64()
		default:
			in.skip()
		}
	}
	r.took(&in)
	return u
}

// putOutcome writes the word: the numbers of outcomes are telemetry's own affair.
func putOutcome(b []byte, n protowire.Number, o Outcome) []byte {
	if o == OK {
		return b
	}
	return putText(b, n, o.String())
}

// outcome reads a word. One that is not known yet stays unknown.
func (r *reader) outcome() Outcome {
	o, _ := telemetry.OutcomeNamed(r.string())
	return o
}

func (r *reader) source() meter.Source { return meter.Source(r.string()) }

func (r *reader) basis() meter.Basis { return meter.Basis(r.string()) }
