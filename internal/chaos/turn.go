package chaos

import (
	"fmt"
	"strings"
	"time"
)

// turn is one chat completion: what will be said, whether in one piece or as a stream.
type turn struct {
	script  Script
	ask     ask
	id      string
	created int64
	said    []string // the words of Script.Text; empty: made up
	count   int      // tokens of text per choice
	short   bool     // the caller's limit cut it
}

// newTurn decides how long the answer is.
func newTurn(s Script, ask ask, id int) turn {
	t := turn{script: s, ask: ask, id: fmt.Sprintf("chatcmpl-chaos-%d", id), created: time.Now().Unix()}
	if s.ToolCalls > 0 {
		return t
	}
	full := s.tokens(0, ask.Stream)
	t.count = s.tokens(ask.limit(), ask.Stream)
	if s.Text != "" {
		t.said = strings.SplitAfter(s.Text, " ")
		full = len(t.said)
		t.count = full
		if limit := ask.limit(); limit > 0 {
			t.count = min(full, limit)
		}
	}
	t.short = t.count < full
	return t
}

// vocabulary is what an upstream says when nobody tells it what to.
var vocabulary = []string{"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}

// token is the ith piece of text of a choice; each choice begins elsewhere.
func (t turn) token(choice, i int) string {
	if t.said != nil {
		return t.said[i]
	}
	word := vocabulary[(choice+i)%len(vocabulary)]
	if i == 0 {
		return word
	}
	return " " + word
}

// text is all that a choice says.
func (t turn) text(choice int) string {
	var b strings.Builder
	for i := range t.count {
		b.WriteString(t.token(choice, i))
	}
	return b.String()
}

// thought is the ith piece of reasoning.
func (t turn) thought(i int) string { return "hm" + strings.Repeat(".", i%3) + " " }

// tool is the name of the kth tool to call: one that was offered, if any was.
func (t turn) tool(k int) string {
	if n := len(t.ask.Tools); n > 0 {
		return t.ask.Tools[k%n].Function.Name
	}
	return "lookup"
}

// callID is the id of the kth tool call of a choice.
func (t turn) callID(choice, k int) string { return fmt.Sprintf("call_chaos_%d_%d", choice, k) }

// arguments are the pieces of the arguments of the kth call, as a stream sends them.
func (t turn) arguments(k int) []string {
	return []string{`{"query":"`, vocabulary[k%len(vocabulary)], ` \"x\"`, `"}`}
}

// finish is the reason the answer ends.
func (t turn) finish() string {
	switch {
	case t.script.Finish != "":
		return t.script.Finish
	case t.script.ToolCalls > 0:
		return "tool_calls"
	case t.short:
		return "length"
	}
	return "stop"
}

// counted is the usage of the whole answer: the scripted figures, or what was counted.
func (t turn) counted() Usage {
	if t.script.Usage != nil {
		return *t.script.Usage
	}
	each := t.count + t.script.Reasoning
	for k := range t.script.ToolCalls {
		each += 1 + len(t.arguments(k))
	}
	return Usage{Input: t.ask.promptTokens(), Output: each * t.ask.N, Reasoning: t.script.Reasoning * t.ask.N}
}
