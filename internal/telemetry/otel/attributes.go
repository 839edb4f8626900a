package otel

import (
	"net/url"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/weirhq/weir/internal/event"
)

// list is a list of attributes that leaves out what there is nothing to say about.
type list []attribute.KeyValue

func (l *list) text(k attribute.Key, v string) {
	if v != "" {
		*l = append(*l, text(k, v))
	}
}

func (l *list) number(k attribute.Key, v int64) {
	if v != 0 {
		*l = append(*l, k.Int64(v))
	}
}

func (l *list) seconds(k attribute.Key, d time.Duration) {
	if d > 0 {
		*l = append(*l, k.Float64(d.Seconds()))
	}
}

func (l *list) yes(k attribute.Key, v bool) {
	if v {
		*l = append(*l, k.Bool(true))
	}
}

// model is what was asked: the vendor's id, or its name in definitions until that
// is known. The name that the caller gave is not taken: it can be anything.
func model(e *event.Event) string {
	if e.ServedModel != "" {
		return e.ServedModel
	}
	return e.Model
}

// spanName is what a trace is listed under.
func spanName(e *event.Event) string {
	name := operation(e.Path)
	if m := model(e); m != "" {
		name += " " + text("", m).Value.AsString()
	}
	return name
}

// problem is the type of error that an event is, "" when it is none: its code, a
// word of Weir's own list.
func problem(e *event.Event) string {
	switch {
	case e.Outcome == event.OK || e.Outcome == event.Cancelled || e.Outcome == event.Blocked:
		return ""
	case e.Code != "":
		return e.Code
	}
	return e.Outcome.String()
}

// ofRequest are the attributes of a request's own span.
func ofRequest(e *event.Event) list {
	l := list{operationName.String(operation(e.Path)), text(providerName, provider(e.Vendor))}
	l.text(requestModel, model(e))
	l.yes(requestStream, e.Stream)
	l.text(responseID, e.BodyID)
	if e.Finish != "" {
		l = append(l, finishReasons.StringSlice([]string{text("", e.Finish).Value.AsString()}))
	}
	l.seconds(firstChunk, e.FirstToken)
	l.text(conversationID, e.Conversation) // a keyed hash
	l.text(errorType, problem(e))
	l = append(l, ofUsage(e)...)
	return append(l, ofWeir(e)...)
}

// ofUsage tells tokens where they are known; zero is a number of tokens.
func ofUsage(e *event.Event) (l list) {
	if !usageKnown(e) {
		return nil
	}
	l = append(l, inputTokens.Int64(e.Usage.Input), outputTokens.Int64(e.Usage.Output))
	l.number(cacheRead, e.Usage.Cached)
	l.number(cacheCreation, e.Usage.CacheWrite)
	l.number(reasoning, e.Usage.Reasoning)
	l.text(weirUsageSource, string(e.UsageSource))
	return l
}

func usageKnown(e *event.Event) bool { return e.UsageKnown || e.UsageSource != "" }

func ofWeir(e *event.Event) (l list) {
	l.text(weirRequest, e.ID)
	l.text(weirRoute, e.Route)
	l.text(weirModel, e.Model)
	l.text(weirRevision, e.Revision)
	l.text(weirOutcome, e.Outcome.String())
	l.number(weirStatus, int64(e.Status))
	if len(e.Assignments) > 0 {
		a := &e.Assignments[0]
		l.text(weirVariant, a.Variant)
		l.text(weirReason, a.Reason)
		l.text(weirExperiment, a.Experiment)
		l.number(weirEpoch, int64(a.Epoch))
		l.number(weirStep, int64(a.Step))
		l.yes(weirEnrolled, a.Enrolled)
	}
	l.yes(weirFallback, e.Fallback)
	if e.CostBasis != "" {
		l = append(l, weirCost.Int64(int64(e.Cost)), text(weirCostBasis, string(e.CostBasis)))
	}
	l.seconds(weirOverhead, e.Overhead)
	l.seconds(weirQueue, e.QueueWait)
	l.yes(weirSimulated, e.Simulated)
	return l
}

// ofAttempt are the attributes of one try.
func ofAttempt(e *event.Event, i int) list {
	a := &e.Attempts[i]
	l := list{operationName.String(operation(e.Path)), weirAttempt.Int(i + 1)}
	l.text(weirModel, a.Model)
	l.text(weirResult, a.Result)
	l.number(httpStatus, int64(a.Status))
	if a.Result != "ok" {
		l.text(errorType, a.Result)
	}
	if u, err := url.Parse(a.Endpoint); err == nil && u.Hostname() != "" {
		l.text(serverAddress, u.Hostname()) // host and port only: the rest may hold a key
		if port, err := strconv.ParseInt(u.Port(), 10, 64); err == nil {
			l.number(serverPort, port)
		}
	}
	return l
}
