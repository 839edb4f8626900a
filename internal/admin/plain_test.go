package admin

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/weirhq/weir/internal/event"
)

// W3 of the list of faults: no control character that a caller or a model wrote
// leaves this listener as it is, whatever is asked for; what JSON says is the same.
func TestControlCharactersAreEscaped(t *testing.T) {
	evil := ""
	for r := rune(0); r < 0xa0; r++ {
		if r < 0x20 || r >= 0x7f {
			evil += string(r) + "x"
		}
	}
	evil += "\u202e\u2066é√😀"
	k := startKept(t, nil)
	e := hostileEvent(evil)
	e.ID = idAt(noon, 7)
	k.ring.Record(e)
	for _, path := range []string{"/api/v1/events", "/api/v1/events/" + e.ID, "/api/v1/status?" + strings.Repeat("x", 3) + "%c2%9b%7f=1", "/api/v1/%c2%9b%1b", "/api/v1/events?outcome=%c2%9b2J"} {
		_, body := k.get(path)
		if i := strings.IndexFunc(strings.TrimSuffix(body, "\n"), func(r rune) bool { return unicode.IsControl(r) || r == 0x202e || r == 0x2066 }); i >= 0 {
			t.Errorf("%s: %q", path, short(body[i:], 20))
		}
		if !json.Valid([]byte(body)) {
			t.Errorf("%s: not JSON: %s", path, body)
		}
	}
	if got := decode[EventPage](t, k.body("/api/v1/events")).Events[0].Route; got != evil {
		t.Errorf("%q came back as %q", evil, got)
	}
	s := k.open("?after=" + eventAt(9).ID)
	if m, err := s.next(); err != nil || strings.ContainsFunc(m.data, control) || decode[event.Event](t, m.data).Route != evil {
		t.Errorf("on the stream: %+v, %v", m, err)
	}
}

func TestEscapingLeavesTheRestAlone(t *testing.T) {
	for _, text := range []string{`{"a":"b"}`, `"é‚"`, `"😀 "`, `[1,2.5e3,null]`} {
		if got := string(escapeControls([]byte(text))); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := plainText("a\x1b[2Jb\n\tc\u009b\xff"); got != "a\ufffd[2Jb\n\tc\ufffd\ufffd" {
		t.Errorf("%q", got)
	}
}

// What the stream filters by is what the list filters by.
func TestStreamHasTheFiltersOfTheList(t *testing.T) {
	k := startKept(t, nil)
	s := k.open("?model=big&tag=team%3Da&unit=user:ada")
	for n, unit := range []string{"hash-of-user-ada", "another", "hash-of-user-ada", "hash-of-user-ada"} {
		e := eventAt(n)
		e.Unit = unit
		if n == 2 {
			e.Model = "small"
		}
		k.ring.Record(e)
	}
	s.want(t, eventAt(0).ID, eventAt(3).ID)
}
