package chaos

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// A reader of streams that shares no code with the writer: lines by any of the three
// line ends, fields by the first colon, events at blank lines, as the SSE standard has it.

type readEvent struct {
	data string
	name string
	id   string
}

// readEvents parts a stream; what has no blank line after it is dropped, as the standard says.
func readEvents(raw string) (events []readEvent, comments int) {
	raw = strings.ReplaceAll(raw, "\r\n", "\n")
	raw = strings.ReplaceAll(raw, "\r", "\n")
	lines := strings.Split(raw, "\n")
	var e readEvent
	var data []string
	for _, line := range lines[:len(lines)-1] {
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			if data != nil {
				e.data = strings.Join(data, "\n")
				events = append(events, e)
			}
			e, data = readEvent{}, nil
		case field == "":
			comments++
		case field == "data":
			data = append(data, value)
		case field == "event":
			e.name = value
		case field == "id":
			e.id = value
		}
	}
	return events, comments
}

// reading is what a stream means.
type reading struct {
	text      map[int]string
	reasoning string
	arguments map[string]string // by choice.index
	names     map[string]string
	finish    map[int]string
	usages    []*Usage // one per chunk that has it, null as nil
	done      bool
	errors    int
	malformed int
	chunks    int
}

// chunkRead is a chunk as a client reads it.
type chunkRead struct {
	Object  string
	Error   *struct{ Message, Type, Code string }
	Choices *[]struct {
		Index int
		Delta struct {
			Content   *string
			Reasoning string `json:"reasoning_content"`
			ToolCalls []struct {
				Index    int
				Function struct{ Name, Arguments string }
			} `json:"tool_calls"`
		}
		Finish *string `json:"finish_reason"`
	}
	Usage json.RawMessage
}

// readStream reads the events of a stream for their meaning.
func readStream(t *testing.T, raw string) reading {
	t.Helper()
	r := reading{text: map[int]string{}, arguments: map[string]string{}, names: map[string]string{}, finish: map[int]string{}}
	events, _ := readEvents(raw)
	for _, e := range events {
		if e.data == "[DONE]" {
			r.done = true
			continue
		}
		var c chunkRead
		if json.Unmarshal([]byte(e.data), &c) != nil {
			r.malformed++
			continue
		}
		if c.Error != nil {
			r.errors++
			continue
		}
		r.add(t, c)
	}
	return r
}

// add takes one chunk in.
func (r *reading) add(t *testing.T, c chunkRead) {
	t.Helper()
	r.chunks++
	if c.Object != "chat.completion.chunk" || c.Choices == nil {
		t.Errorf("chunk without object or choices: %+v", c)
		return
	}
	for _, ch := range *c.Choices {
		if ch.Delta.Content != nil {
			r.text[ch.Index] += *ch.Delta.Content
		}
		r.reasoning += ch.Delta.Reasoning
		for _, call := range ch.Delta.ToolCalls {
			key := fmt.Sprintf("%d.%d", ch.Index, call.Index)
			r.names[key] += call.Function.Name
			r.arguments[key] += call.Function.Arguments
		}
		if ch.Finish != nil {
			r.finish[ch.Index] = *ch.Finish
		}
	}
	if c.Usage != nil {
		r.usages = append(r.usages, readUsage(t, c.Usage))
	}
}

// last is the usage that counts.
func (r *reading) last() *Usage {
	for i := len(r.usages) - 1; i >= 0; i-- {
		if r.usages[i] != nil {
			return r.usages[i]
		}
	}
	return nil
}

// readUsage reads a usage field; null gives nil.
func readUsage(t *testing.T, raw json.RawMessage) *Usage {
	t.Helper()
	var u *struct {
		Prompt     int `json:"prompt_tokens"`
		Completion int `json:"completion_tokens"`
		Total      int `json:"total_tokens"`
		In         struct {
			Cached int `json:"cached_tokens"`
		} `json:"prompt_tokens_details"`
		Out struct {
			Reasoning int `json:"reasoning_tokens"`
		} `json:"completion_tokens_details"`
	}
	if err := json.Unmarshal(raw, &u); err != nil {
		t.Fatalf("usage %s: %v", raw, err)
	}
	if u == nil {
		return nil
	}
	if u.Total != u.Prompt+u.Completion {
		t.Errorf("usage %s does not add up", raw)
	}
	return &Usage{u.Prompt, u.Completion, u.In.Cached, u.Out.Reasoning}
}
