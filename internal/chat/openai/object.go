package openai

import "github.com/weirhq/weir/internal/chat"

// object is a JSON object taken apart into its members, each still raw. It is
// for the paths that change content; the relay path uses a cursor.
type object struct {
	raw     []byte
	members []chat.Span
	repeats string // a key that came twice, "" when none did
}

// takeApart reports false when raw is not one JSON object.
func takeApart(raw []byte) (object, bool) {
	o := object{raw: raw}
	c := cursor{b: raw}
	if !c.enter('{') {
		return o, false
	}
	for {
		key, more := c.member()
		if !more {
			return o, c.finish()
		}
		at := c.keyAt
		from, upto := c.skip()
		if has(o.members, view(key)) {
			o.repeats = string(key)
		}
		o.members = append(o.members, chat.Span{Key: view(key), KeyAt: at, From: from, Upto: upto})
	}
}

// get gives the raw value of a member, nil when there is none. Of a repeated
// one it is the last, as most readers have it.
func (o object) get(name string) []byte {
	for i := len(o.members) - 1; i >= 0; i-- {
		if o.members[i].Key == name {
			return o.value(i)
		}
	}
	return nil
}

func (o object) value(i int) []byte { return o.raw[o.members[i].From:o.members[i].Upto] }

// patched writes the object with some members changed.
func (o object) patched(dst []byte, patches ...chat.Field) []byte {
	return splice(dst, o.raw, o.members, patches)
}

// elements gives the raw elements of an array; false when raw is not an array.
func elements(raw []byte) (list [][]byte, ok bool) {
	c := cursor{b: raw}
	if !c.enter('[') {
		return nil, false
	}
	for c.element() {
		list = append(list, c.raw())
	}
	return list, c.finish()
}
