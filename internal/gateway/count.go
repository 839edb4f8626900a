package gateway

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/meter"
)

// Counting the tokens of a request happens only where the model did not report
// them, and is bounded: of a body over maxTaken, and of the texts beyond
// maxCounted, the length tells the rest.
const (
	maxTaken   = 1 << 20
	maxCounted = 64 << 10
)

// Tokens of a conversation that stand in no text: around each message, and before
// the answer (OpenAI's cookbook, "How to count tokens with tiktoken"). Other
// vendors' templates need about as many.
const (
	aroundMessage = 4 // the role among them
	beforeName    = 1
	beforeAnswer  = 3
)

// roughly is the error stated for what is not text for sure: definitions of tools
// are written into the prompt in a way that vendors do not publish.
const roughly = 0.30

// unseen is the error stated where something is in the request that cannot be
// counted at all: images, sound.
const unseen = 1.0

// countInput counts the tokens of what was asked, as it was sent.
func (x *Exchange) countInput(c meter.Counter) meter.Count {
	k := counting{counter: c, sum: c.Extra(0)}
	raw, untouched := x.Request.Untouched()
	switch {
	case untouched && len(raw) > maxTaken:
		k.rough(raw)
	case x.path.op == chat.OpEmbed:
		k.input(x.Request.Member("input"))
	default:
		turn, err := x.Request.Turn()
		if err != nil { // the model judged it; here its length has to do
			k.rough(raw)
			break
		}
		k.turn(turn)
	}
	return k.done()
}

// counting adds up the texts of a request.
type counting struct {
	counter       meter.Counter
	sum           meter.Count
	seen, skipped int64 // bytes
}

func (k *counting) text(s string) {
	room := maxCounted - k.seen
	if room <= 0 {
		k.skipped += int64(len(s))
		return
	}
	part := s
	if int64(len(part)) > room {
		part = strings.ToValidUTF8(part[:room], "")
	}
	k.seen += int64(len(part))
	k.sum = k.sum.Add(k.counter.Count(part, int64(len(s))))
}

// guess makes a guess of it all.
func (k *counting) guess(off float64) {
	k.sum = k.sum.Add(meter.Count{Source: meter.Guessed, Error: off})
}

func (k *counting) rough(raw []byte) {
	k.guess(roughly)
	k.text(string(raw[:min(len(raw), maxCounted)]))
	k.skipped += int64(max(0, len(raw)-maxCounted))
}

func (k *counting) turn(t *chat.Turn) {
	for i := range t.Messages {
		m := &t.Messages[i]
		k.sum = k.sum.Add(k.counter.Extra(aroundMessage))
		for j := range m.Content {
			if p := &m.Content[j]; p.Type == "text" {
				k.text(p.Text)
			} else {
				k.guess(unseen)
			}
		}
		if m.Name != "" {
			k.sum = k.sum.Add(k.counter.Extra(beforeName))
			k.text(m.Name)
		}
		for j := range m.ToolCalls {
			k.guess(roughly)
			k.text(m.ToolCalls[j].Name)
			k.text(m.ToolCalls[j].Arguments)
		}
	}
	k.sum = k.sum.Add(k.counter.Extra(beforeAnswer))
	for _, f := range t.Fields {
		if f.Name == "tools" || f.Name == "functions" || f.Name == "response_format" {
			k.rough(f.Value)
		}
	}
}

// input counts what is to be turned into vectors: a text, texts, or tokens, which
// are counted by their commas.
func (k *counting) input(raw []byte) {
	switch {
	case len(raw) == 0:
	case raw[0] == '[' && bytes.IndexByte(raw, '"') < 0:
		k.sum = k.sum.Add(meter.Count{Tokens: int64(bytes.Count(raw, []byte(",")) + 1), Source: meter.Counted})
	default:
		for _, s := range textsOf(raw) {
			k.text(s)
		}
	}
}

// textsOf reads a text, or a list of texts.
func textsOf(raw []byte) (list []string) {
	if raw[0] == '[' {
		_ = json.Unmarshal(raw, &list) // what could be read of it
		return list
	}
	var one string
	_ = json.Unmarshal(raw, &one)
	return []string{one}
}

func (k *counting) done() meter.Count {
	if k.skipped > 0 && k.seen > 0 {
		k.guess(roughly)
		k.sum.Tokens += k.sum.Tokens * k.skipped / k.seen
	}
	return k.sum
}
