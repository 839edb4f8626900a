package chaos

import "strings"

// The shapes of a chat completion, whole or in chunks. Pointers are fields that may be
// null or missing.
type (
	completion struct {
		ID          string   `json:"id"`
		Object      string   `json:"object"`
		Created     int64    `json:"created"`
		Model       string   `json:"model"`
		Fingerprint string   `json:"system_fingerprint"`
		Choices     []choice `json:"choices"`
		Usage       any      `json:"usage,omitempty"`
	}
	choice struct {
		Index    int      `json:"index"`
		Message  *message `json:"message,omitempty"`
		Delta    *message `json:"delta,omitempty"`
		Logprobs *string  `json:"logprobs"`
		Finish   *string  `json:"finish_reason"`
	}
	message struct {
		Role      string     `json:"role,omitempty"`
		Content   any        `json:"content,omitempty"`
		Reasoning string     `json:"reasoning_content,omitempty"`
		Refusal   any        `json:"refusal,omitempty"`
		ToolCalls []toolCall `json:"tool_calls,omitempty"`
	}
	toolCall struct {
		Index    *int     `json:"index,omitempty"`
		ID       string   `json:"id,omitempty"`
		Type     string   `json:"type,omitempty"`
		Function function `json:"function"`
	}
	function struct {
		Name      string `json:"name,omitempty"`
		Arguments string `json:"arguments"`
	}
)

// null is a field that is there and says null.
type null struct{}

func (null) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// MarshalJSON writes usage in OpenAI's shape.
func (u Usage) MarshalJSON() ([]byte, error) {
	return encode(map[string]any{
		"prompt_tokens":             u.Input,
		"completion_tokens":         u.Output,
		"total_tokens":              u.Input + u.Output,
		"prompt_tokens_details":     map[string]int{"cached_tokens": u.Cached},
		"completion_tokens_details": map[string]int{"reasoning_tokens": u.Reasoning},
	}), nil
}

// shell is a completion without content.
func (t turn) shell(object string) completion {
	return completion{ID: t.id, Object: object, Created: t.created, Model: t.ask.Model, Fingerprint: "fp_chaos", Choices: []choice{}}
}

// reply is the answer in one piece.
func (t turn) reply() completion {
	c := t.shell("chat.completion")
	for i := range t.ask.N {
		c.Choices = append(c.Choices, choice{Index: i, Message: t.message(i), Finish: t.finishOrNull()})
	}
	if !t.script.NoUsage {
		c.Usage = t.counted()
	}
	return c
}

// message is what one choice of a reply says.
func (t turn) message(index int) *message {
	m := &message{Role: "assistant", Content: t.text(index), Refusal: null{}}
	for i := range t.script.Reasoning {
		m.Reasoning += t.thought(i)
	}
	for k := range t.script.ToolCalls {
		m.Content = null{}
		m.ToolCalls = append(m.ToolCalls, toolCall{
			ID: t.callID(index, k), Type: "function",
			Function: function{t.tool(k), strings.Join(t.arguments(k), "")},
		})
	}
	return m
}

// finishOrNull is the finish_reason of a script that may hold it back.
func (t turn) finishOrNull() *string {
	if t.script.NoFinish {
		return nil
	}
	reason := t.finish()
	return &reason
}
