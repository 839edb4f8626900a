package chaos

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestGoldenStreamsMeanWhatTheySay(t *testing.T) {
	for _, g := range Golden() {
		t.Run(g.Name, func(t *testing.T) {
			r := readStream(t, string(g.Bytes))
			if r.text[0] != g.Text {
				t.Errorf("text is %q, said to be %q", r.text[0], g.Text)
			}
			if r.finish[0] != g.Finish {
				t.Errorf("finish is %q, said to be %q", r.finish[0], g.Finish)
			}
			if !reflect.DeepEqual(r.last(), g.Usage) {
				t.Errorf("usage is %+v, said to be %+v", r.last(), g.Usage)
			}
			if r.malformed > 0 || !utf8.Valid(g.Bytes) {
				t.Errorf("%d events are no JSON, valid UTF-8: %v", r.malformed, utf8.Valid(g.Bytes))
			}
			if complete := len(r.finish) > 0 || r.done; complete != g.Complete {
				t.Errorf("complete is %v, said to be %v", complete, g.Complete)
			}
		})
	}
}

func TestGoldenStreamsAreCompleteExactlyFromCompleteAt(t *testing.T) {
	for _, g := range Golden() {
		want := len(readStream(t, string(g.Bytes)).finish) // choices that must have finished
		for n := range len(g.Bytes) + 1 {
			if n > 0 && g.Bytes[n-1] != '\n' && n != g.CompleteAt-1 {
				continue // a reader learns nothing before the line ends
			}
			if strings.HasSuffix(string(g.Bytes[:n]), "\r") {
				continue // half a line end, which the reader of this test takes for a whole one
			}
			r := readStream(t, string(g.Bytes[:n]))
			complete := want > 0 && len(r.finish) == want || want == 0 && r.done
			if said := g.Complete && n >= g.CompleteAt; complete != said {
				t.Fatalf("%s: after %d of %d bytes complete is %v, CompleteAt says %d", g.Name, n, len(g.Bytes), complete, g.CompleteAt)
			}
		}
	}
}

func TestGoldenStreamsAreManyAndDistinct(t *testing.T) {
	seen, complete := map[string]bool{}, 0
	for _, g := range Golden() {
		if seen[g.Name] || seen[string(g.Bytes)] {
			t.Errorf("%s is there twice", g.Name)
		}
		seen[g.Name], seen[string(g.Bytes)] = true, true
		if g.Complete {
			complete++
		}
	}
	if complete < 20 {
		t.Errorf("%d complete streams, want 20 at least", complete)
	}
}

func TestGoldenFormsAreWhatTheyAreCalled(t *testing.T) {
	has := func(name, part string) {
		t.Helper()
		g, ok := goldenNamed(name)
		if !ok || !strings.Contains(string(g.Bytes), part) {
			t.Errorf("golden %s has no %q", name, part)
		}
	}
	has("crlf", "}\r\n\r\ndata: ")
	has("nospace", "data:{")
	has("comments", "\n\n: ping\n\ndata: ")
	has("multiline-data", "data: {\ndata: \"id\"")
	has("event-and-id", "event: message\nid: 2\ndata: ")
	has("surrogate-escapes", `\ud83d\ude00`)
	has("usage-empty-choices", `"choices":[],"usage":{`)
	has("usage-empty-choices", `"usage":null`)
	g, _ := goldenNamed("crlf")
	if strings.Contains(strings.ReplaceAll(string(g.Bytes), "\r\n", ""), "\n") {
		t.Error("golden crlf has a line that ends in LF alone")
	}
	calls, _ := goldenNamed("tool-calls")
	r := readStream(t, string(calls.Bytes))
	if r.arguments["0.0"] != `{"city":"Paris"}` || r.arguments["0.1"] != `{"zone":"UTC"}` {
		t.Errorf("golden tool-calls: arguments %v", r.arguments)
	}
	two, _ := goldenNamed("n-2")
	if r := readStream(t, string(two.Bytes)); r.text[1] != "right b c" || r.finish[1] != "length" {
		t.Errorf("golden n-2: choice 1 says %q, ends with %q", r.text[1], r.finish[1])
	}
}

func TestGoldenReturnsNewBytes(t *testing.T) {
	Golden()[0].Bytes[0] = 'X'
	if Golden()[0].Bytes[0] == 'X' {
		t.Error("a change to one call's bytes shows in the next")
	}
}

func TestRawFramesKeepEveryByte(t *testing.T) {
	for _, g := range Golden() {
		var joined []byte
		events := 0
		for f := range rawFrames(g.Bytes) {
			joined = append(joined, f.bytes...)
			if f.event {
				events++
			}
		}
		want, _ := readEvents(string(g.Bytes))
		if !bytes.Equal(joined, g.Bytes) || events != len(want) {
			t.Errorf("%s: %d of %d bytes, %d events, want %d", g.Name, len(joined), len(g.Bytes), events, len(want))
		}
	}
}

func FuzzRawFrames(f *testing.F) {
	for _, g := range Golden() {
		f.Add(g.Bytes)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var joined []byte
		for fr := range rawFrames(raw) {
			if len(fr.bytes) == 0 {
				t.Fatal("an empty frame")
			}
			joined = append(joined, fr.bytes...)
		}
		if !bytes.Equal(joined, raw) {
			t.Errorf("%q came back as %q", raw, joined)
		}
	})
}
