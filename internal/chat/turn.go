package chat

// Turn is a request in its parsed form. Only what features read has a field;
// everything else stays in Fields, as it came and in its order.
type Turn struct {
	Messages []Message
	Fields   []Field // top-level members other than messages
}

// Message is one message of the conversation.
type Message struct {
	Role       string
	Content    []Part // one text part when the content was a plain string
	Plain      bool   // the content was a string and is written as one
	Null       bool   // the content was null or absent
	ToolCalls  []ToolCall
	ToolCallID string
	Name       string
	Fields     []Field // unknown members, as they came
}

// Part is a piece of a message's content: text, or anything else kept raw.
type Part struct {
	Type string // "text", "image_url", ...
	Text string // for text parts
	Raw  []byte // the part as it came; nil for a text part that was made or changed
}

// Text joins the text parts of a message.
func (m *Message) Text() string {
	if len(m.Content) == 1 {
		return m.Content[0].Text
	}
	var s string
	for _, p := range m.Content {
		s += p.Text
	}
	return s
}

// Text makes a message of plain text.
func Text(role, text string) Message {
	return Message{Role: role, Plain: true, Content: []Part{{Type: "text", Text: text}}}
}
