package openai

import (
	"bytes"

	"github.com/weirhq/weir/internal/chat"
)

// AppendPatched writes raw with some of its top-level members changed: a patch
// with a value replaces the member of its name or is added at the end, one
// without takes the member away. Every other byte stays as it came. h must be
// what Scan found in raw. The last patch of a name counts.
func AppendPatched(dst, raw []byte, h *chat.Head, patches []chat.Field) []byte {
	return splice(dst, raw, h.Members, patches)
}

// splice does it. Members must be in order; raw must be an object.
func splice(dst, raw []byte, members []chat.Span, patches []chat.Field) []byte {
	if len(patches) == 0 {
		return append(dst, raw...)
	}
	begin, end := bytes.IndexByte(raw, '{')+1, 0
	if end = begin; len(members) > 0 {
		begin, end = members[0].KeyAt, members[len(members)-1].Upto
	}
	dst = append(dst, raw[:begin]...)
	any := false
	gap := begin // where the text between the last member and this one begins
	for _, m := range members {
		p := patchFor(patches, m.Key)
		if p == nil || len(p.Value) > 0 {
			if !any {
				gap = m.KeyAt
			}
			any = true
			if p == nil {
				dst = append(dst, raw[gap:m.Upto]...)
			} else {
				dst = append(append(dst, raw[gap:m.From]...), p.Value...)
			}
		}
		gap = m.Upto
	}
	for i, p := range patches {
		if len(p.Value) == 0 || patchFor(patches[i+1:], p.Name) != nil || has(members, p.Name) {
			continue
		}
		if any {
			dst = append(dst, ',')
		}
		any = true
		dst = append(append(appendText(dst, p.Name), ':'), p.Value...)
	}
	return append(dst, raw[end:]...)
}

func patchFor(patches []chat.Field, name string) *chat.Field {
	for i := len(patches) - 1; i >= 0; i-- {
		if patches[i].Name == name {
			return &patches[i]
		}
	}
	return nil
}

func has(members []chat.Span, name string) bool {
	for i := range members {
		if members[i].Key == name {
			return true
		}
	}
	return false
}

// WithMember gives a whole reply one more top-level member, or another value of
// one that it has. A body that is not one JSON object stays as it is.
func WithMember(body []byte, name string, value []byte) []byte {
	o, ok := takeApart(body)
	if !ok {
		return body
	}
	return o.patched(make([]byte, 0, len(body)+len(name)+len(value)+8), chat.Field{Name: name, Value: value})
}
