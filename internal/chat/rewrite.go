package chat

import (
	"bytes"
	"slices"
)

// Filter changes one text that comes in pieces. What Write gives back goes on
// to the reader in the place of its piece; it may be shorter than the piece, and
// come later, when the filter has to see more before it can tell. Flush gives
// back what is still held, when there will be no more.
type Filter interface {
	Write(text string) string
	Flush() string
}

// Rewrite passes an answer on with its texts filtered. Every text of every
// choice has a filter of its own, made by newFilter when it is first needed: the
// visible text, the refusal, the reasoning, and the arguments of each tool call.
// Frames without text pass untouched.
//
// What a filter holds goes out with the frame that finishes its choice, at the
// latest before the marker, error or end that closes the answer. A frame that
// the codec cannot read cannot be filtered either: it becomes Malformed without
// its bytes, and whoever writes the answer has to end it there.
func Rewrite(in Frames, codec Codec, newFilter func(choice int) Filter) Frames {
	return &rewriter{in: in, codec: codec, newFilter: newFilter}
}

type rewriter struct {
	in        Frames
	codec     Codec
	newFilter func(choice int) Filter

	choices []*filtered
	last    Frame // a copy of the last event that spoke: what a late tail is put into
	waiting bool  // next and err wait for a tail that goes before them
	next    Frame
	err     error
	buf     []byte
}

// filtered holds the filters of one choice.
type filtered struct {
	choice                   int
	text, refusal, reasoning Filter
	calls                    []filteredCall
}

type filteredCall struct {
	index int
	Filter
}

func (r *rewriter) Next() (Frame, error) {
	if r.waiting {
		r.waiting = false
		return r.next, r.err
	}
	f, err := r.in.Next()
	if err == nil && f.Kind != Done && f.Kind != Failure {
		return r.frame(f), nil
	}
	tail, ok := r.tail()
	r.choices = nil
	if !ok {
		return f, err
	}
	r.waiting, r.next, r.err = true, f, err
	return tail, nil
}

func (r *rewriter) Buffered() bool { return r.waiting || r.in.Buffered() }

func (r *rewriter) Close() error { return r.in.Close() }

// frame filters one frame.
func (r *rewriter) frame(f Frame) Frame {
	if f.Kind == Comment {
		return f
	}
	deltas, err := r.codec.Deltas(f)
	if f.Kind == Malformed || err != nil {
		return Frame{Kind: Malformed}
	}
	spoke := false
	for i := range deltas {
		spoke = r.delta(&deltas[i], f.Kind == Whole) || spoke
	}
	if !spoke {
		return f
	}
	if f.Kind == Event {
		r.remember(f)
	}
	return r.encode(f, deltas)
}

// delta filters what one choice says, and reports whether it said anything that
// a filter has to do with. A choice that ends gives out what is held of it.
func (r *rewriter) delta(d *Delta, whole bool) bool {
	end := whole || d.Finish != ""
	at := slices.IndexFunc(r.choices, func(c *filtered) bool { return c.choice == d.Choice })
	if at < 0 {
		if d.Text+d.Refusal+d.Reasoning == "" && len(d.ToolCalls) == 0 {
			return false
		}
		at = len(r.choices)
		r.choices = append(r.choices, &filtered{choice: d.Choice})
	}
	c := r.choices[at]
	d.Text = r.write(&c.text, c.choice, d.Text, end)
	d.Refusal = r.write(&c.refusal, c.choice, d.Refusal, end)
	d.Reasoning = r.write(&c.reasoning, c.choice, d.Reasoning, end)
	for i := range d.ToolCalls {
		call := &d.ToolCalls[i]
		call.Arguments = r.write(c.call(call.Index), c.choice, call.Arguments, false)
	}
	if end {
		c.flushCalls(d)
	}
	return true
}

// write passes a text through its filter, which is made for the first one.
func (r *rewriter) write(f *Filter, choice int, text string, end bool) string {
	if *f == nil {
		if text == "" {
			return ""
		}
		*f = r.newFilter(choice)
	}
	if text != "" {
		text = (*f).Write(text)
	}
	if end {
		text += (*f).Flush()
	}
	return text
}

// call finds the filter of a tool call.
func (c *filtered) call(index int) *Filter {
	for i := range c.calls {
		if c.calls[i].index == index {
			return &c.calls[i].Filter
		}
	}
	c.calls = append(c.calls, filteredCall{index: index})
	return &c.calls[len(c.calls)-1].Filter
}

// flushCalls adds to d what is held of the arguments of its calls.
func (c *filtered) flushCalls(d *Delta) {
	for _, k := range c.calls {
		if k.Filter == nil {
			continue
		}
		held := k.Flush()
		if held == "" {
			continue
		}
		at := slices.IndexFunc(d.ToolCalls, func(call ToolCall) bool { return call.Index == k.index })
		if at < 0 {
			at = len(d.ToolCalls)
			d.ToolCalls = append(d.ToolCalls, ToolCall{Index: k.index})
		}
		d.ToolCalls[at].Arguments += held
	}
}

// tail is a frame with all that is held; false when nothing is.
func (r *rewriter) tail() (Frame, bool) {
	var deltas []Delta
	for _, c := range r.choices {
		d := Delta{Choice: c.choice}
		d.Text = r.write(&c.text, c.choice, "", true)
		d.Refusal = r.write(&c.refusal, c.choice, "", true)
		d.Reasoning = r.write(&c.reasoning, c.choice, "", true)
		c.flushCalls(&d)
		if d.Text+d.Refusal+d.Reasoning != "" || len(d.ToolCalls) > 0 {
			deltas = append(deltas, d)
		}
	}
	if len(deltas) == 0 || r.last.Kind != Event {
		return Frame{}, false
	}
	f := r.encode(r.last, deltas)
	f.HasUsage = false // said once already
	return f, f.Kind == Event
}

// remember keeps the event that spoke last. Its buffers are used again.
func (r *rewriter) remember(f Frame) {
	raw, data, id, print, model := r.last.Raw, r.last.Data, r.last.ID, r.last.Fingerprint, r.last.Model
	r.last = f
	r.last.Raw = append(raw[:0], f.Raw...)
	r.last.Data = append(data[:0], f.Data...)
	r.last.ID = append(id[:0], f.ID...)
	r.last.Fingerprint = append(print[:0], f.Fingerprint...)
	r.last.Model = append(model[:0], f.Model...)
	r.last.Said, r.last.Many = nil, f.Many || f.Said != nil
}

// encode puts the deltas into a frame, and says anew what the frame carries.
func (r *rewriter) encode(f Frame, deltas []Delta) Frame {
	raw, err := r.codec.AppendFrame(r.buf[:0], f, deltas)
	if err != nil {
		return Frame{Kind: Malformed}
	}
	r.buf = raw
	if bytes.Equal(raw, f.Raw) {
		return f
	}
	f.Raw, f.Data = raw, raw
	if f.Kind == Event {
		f.Data = payload(raw)
	}
	f.Finish, f.Visible, f.Reasoning, f.Refusal = "", false, false, false
	f.Said, f.Many = nil, len(deltas) > 0 // where each piece stands is not looked for again
	for _, d := range deltas {
		if f.Finish == "" {
			f.Finish = d.Finish
		}
		f.Visible = f.Visible || d.Text != "" || d.Refusal != "" || len(d.ToolCalls) > 0
		f.Reasoning = f.Reasoning || d.Reasoning != ""
		f.Refusal = f.Refusal || d.Refusal != ""
	}
	return f
}

// payload finds the data of an event that has one data line. All dialects
// stream server-sent events.
func payload(raw []byte) []byte {
	for line := range bytes.FieldsFuncSeq(raw, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if data, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			return bytes.TrimSpace(data)
		}
	}
	return nil
}
