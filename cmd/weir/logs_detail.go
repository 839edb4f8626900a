package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/weirhq/weir/client"
)

// printEvent shows all that is known of one request.
func printEvent(w io.Writer, e *client.Event) error {
	d := details{w: w}
	d.head("request " + e.ID)
	d.line("time", e.Time.Local().Format("2006-01-02 15:04:05.000 -07:00"))
	d.line("outcome", fmt.Sprintf("%s, status %d", e.Outcome, e.Status))
	d.line("code", e.Code)
	d.line("error", e.Error)
	d.line("clock", e.Clock)
	d.line("route", e.Route)
	d.line("path", e.Path)
	d.line("caller", e.Key)
	d.line("unit", labelled(e.UnitKind, e.Unit))
	d.line("conversation", begun(e))
	d.line("tags", strings.Join(e.Tags, ", "))
	d.line("caller's id", e.ClientID)
	d.line("reply's id", e.BodyID)
	d.line("revision", e.Revision)
	for i := range e.Assignments {
		printAssignment(&d, &e.Assignments[i])
	}
	printAnswer(&d, e)
	printTimes(&d, e)
	return d.err
}

// labelled is a hash with what it is of; units are kept as keyed hashes only.
func labelled(kind, hash string) string {
	if hash == "" {
		return ""
	}
	return strings.TrimSpace(kind + " " + hash + " (hash)")
}

func begun(e *client.Event) string {
	if e.Conversation == "" {
		return ""
	}
	text := e.Conversation + " (hash)"
	if !e.Begun.IsZero() {
		text += ", begun " + e.Begun.Local().Format(time.DateTime)
	}
	return text
}

func printAssignment(d *details, a *client.Assignment) {
	d.head("assignment")
	d.line("variant", a.Variant)
	d.line("why", a.Reason)
	if a.Experiment != "" {
		d.line("experiment", fmt.Sprintf("%s, epoch %d", a.Experiment, a.Epoch))
	}
	d.line("enrolled", enrolledText(a.Enrolled))
	d.line("probability", fmt.Sprintf("%.4g", a.Probability))
	d.line("doubt", a.Doubt)
}

func printAnswer(d *details, e *client.Event) {
	d.head("answer")
	model := e.Model
	if e.Vendor != "" {
		model = fmt.Sprintf("%s (%s)", e.Model, e.Vendor)
	}
	if e.Simulated {
		model += ", SIMULATED"
	}
	d.line("model", model)
	d.line("served as", e.ServedModel)
	d.line("endpoint", e.Endpoint)
	d.line("answered by", e.AnsweredBy)
	for i := range e.Attempts {
		d.line(fmt.Sprintf("attempt %d", i+1), attemptText(&e.Attempts[i]))
	}
	if e.Fallback {
		d.line("fallback", "yes: another model answered than the variant's")
	}
	d.line("parameters", strings.Join(e.Parameters, "\n"))
	d.line("stream", streamText(e))
	d.line("finish", e.Finish)
	if e.Refusal {
		d.line("refusal", "the model refused")
	}
	d.line("tokens", joined(tokensText(e), sourceText(e)))
	d.line("cost", costOf(e))
}

// sourceText says where the tokens are known from, when the upstream did not say.
func sourceText(e *client.Event) string {
	if e.UsageSource == "" || e.UsageSource == "reported" {
		return ""
	}
	return joined(e.UsageSource, errorText(e.UsageError))
}

// costOf is what a request cost, and on what that rests.
func costOf(e *client.Event) string {
	switch e.CostBasis {
	case "":
		return ""
	case "unpriced":
		return "NOT KNOWN: the model has no price"
	case "estimated":
		return joined(money(e.Cost), "an estimate", e.PriceFrom)
	}
	return joined(money(e.Cost), e.PriceFrom)
}

func attemptText(a *client.Attempt) string {
	status := "no status"
	if a.Status != 0 {
		status = fmt.Sprintf("status %d", a.Status)
	}
	return fmt.Sprintf("%s at %s: %s, %s, %s", a.Model, cmp.Or(a.Endpoint, "no endpoint"), a.Result, status, millis(a.Took))
}

func streamText(e *client.Event) string {
	if !e.Stream {
		return "no"
	}
	text := fmt.Sprintf("yes, %d frames", e.Frames)
	if e.Malformed > 0 {
		text += fmt.Sprintf(", %d malformed", e.Malformed)
	}
	return text
}

func tokensText(e *client.Event) string {
	if !e.UsageKnown && e.UsageSource == "" {
		return "not known"
	}
	text := fmt.Sprintf("%d in, %d out", e.Usage.Input, e.Usage.Output)
	for _, part := range []struct {
		n    int64
		name string
	}{{e.Usage.Cached, "cached"}, {e.Usage.CacheWrite, "written to the cache"}, {e.Usage.Reasoning, "reasoning"}} {
		if part.n > 0 {
			text += fmt.Sprintf(", %d %s", part.n, part.name)
		}
	}
	return text
}

func printTimes(d *details, e *client.Event) {
	d.head("times")
	for _, t := range []struct {
		name string
		took time.Duration
	}{{"total", e.Total}, {"first token", e.FirstToken}, {"queue", e.QueueWait}, {"first thought", e.FirstThought}, {"per token", e.PerToken}, {"weir's own", e.Overhead}} {
		if t.took > 0 {
			d.line(t.name, millis(t.took).String())
		}
	}
}
