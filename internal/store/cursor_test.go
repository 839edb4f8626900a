package store

import (
	"errors"
	"testing"
)

func TestCursorIsOfOneList(t *testing.T) {
	c := Cursor("events", "after")
	if after, err := ParseCursor("events", c); after != "after" || err != nil {
		t.Errorf("%q, %v", after, err)
	}
	if _, err := ParseCursor("decisions", c); !errors.Is(err, ErrCursor) {
		t.Errorf("of another list: %v", err)
	}
	for i := range c {
		changed := []byte(c)
		changed[i] ^= 1
		if _, err := ParseCursor("events", string(changed)); !errors.Is(err, ErrCursor) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
}
