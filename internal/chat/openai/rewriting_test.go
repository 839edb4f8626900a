package openai

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai/openaitest"
)

// redactor replaces SECRET, and holds back what might become one.
type redactor struct{ held string }

func (r *redactor) Write(text string) string {
	text = strings.ReplaceAll(r.held+text, "SECRET", "******")
	keep := 0
	for n := 1; n < len("SECRET") && n <= len(text); n++ {
		if strings.HasSuffix(text, "SECRET"[:n]) {
			keep = n
		}
	}
	r.held = text[len(text)-keep:]
	return text[:len(text)-keep]
}

func (r *redactor) Flush() string {
	held := r.held
	r.held = ""
	return held
}

func redacted(in chat.Frames) chat.Frames {
	return chat.Rewrite(in, Codec{}, func(int) chat.Filter { return &redactor{} })
}

// unchanged lets everything pass.
type unchanged struct{}

func (unchanged) Write(text string) string { return text }
func (unchanged) Flush() string            { return "" }

// heard is what a reader hears of one choice.
type heard struct {
	text, reasoning, refusal, finish string
	calls                            map[int]string
}

func listen(t *testing.T, frames []chat.Frame) map[int]*heard {
	t.Helper()
	all := map[int]*heard{}
	for _, f := range frames {
		deltas, err := Codec{}.Deltas(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range deltas {
			h := all[d.Choice]
			if h == nil {
				h = &heard{calls: map[int]string{}}
				all[d.Choice] = h
			}
			if h.finish != "" && d.Text+d.Reasoning+d.Refusal != "" {
				t.Errorf("choice %d says %q after its end", d.Choice, d.Text)
			}
			h.text, h.reasoning, h.refusal, h.finish = h.text+d.Text, h.reasoning+d.Reasoning, h.refusal+d.Refusal, h.finish+d.Finish
			for _, c := range d.ToolCalls {
				h.calls[c.Index] += c.Arguments
			}
		}
	}
	return all
}

// streamOf sends texts in pieces of n bytes, all members of all choices.
func streamOf(text string, n int, end string) string {
	var b strings.Builder
	for at := 0; at < len(text); at += n {
		p := string(appendText(nil, text[at:min(at+n, len(text))]))
		for _, delta := range []string{`{"content":` + p + `}`, `{"reasoning_content":` + p + `}`, `{"refusal":` + p + `}`,
			`{"tool_calls":[{"index":0,"function":{"arguments":` + p + `}},{"index":1,"function":{"arguments":` + p + `}}]}`} {
			for choice := range 2 {
				b.WriteString("data: " + chunk(choice, delta, "null") + "\n\n")
			}
		}
	}
	return b.String() + end
}

var twoEnds = "data: " + chunk(0, `{}`, "stop") + "\n\ndata: " + chunk(1, `{}`, "tool_calls") + "\n\ndata: " + usageChunk + "\n\ndata: [DONE]\n\n"

func TestRewriteAcrossFrames(t *testing.T) {
	const text, want = "a SECRET, SECSECRET and a SECRE", "a ******, SEC****** and a SECRE"
	for n := 1; n <= len(text); n++ {
		t.Run(fmt.Sprint("pieces of ", n), func(t *testing.T) {
			frames, err := readAll(t, redacted(openStream(strings.NewReader(streamOf(text, n, twoEnds)), 0)))
			if err != io.EOF {
				t.Fatal(err)
			}
			for choice, finish := range []string{"stop", "tool_calls"} {
				h := listen(t, frames)[choice]
				for what, got := range map[string]string{"text": h.text, "reasoning": h.reasoning, "refusal": h.refusal, "call 0": h.calls[0], "call 1": h.calls[1]} {
					if got != want {
						t.Errorf("choice %d, %s: %q, want %q", choice, what, got, want)
					}
				}
				if h.finish != finish {
					t.Errorf("choice %d ends with %q", choice, h.finish)
				}
			}
			checkFrames(t, frames)
			if n := len(frames); !frames[n-2].UsageOnly || frames[n-1].Kind != chat.Done {
				t.Errorf("it ends with %s%s", frames[n-2].Raw, frames[n-1].Raw)
			}
		})
	}
}

// unsaid leaves out where the texts of frames stand: what was rewritten is not
// looked through again.
func unsaid(frames []chat.Frame) []chat.Frame {
	list := slices.Clone(frames)
	for i := range list {
		list[i].Said, list[i].Many = nil, false
	}
	return list
}

// checkFrames reads what was written once more: the frames must be what a stream
// of these bytes gives.
func checkFrames(t *testing.T, frames []chat.Frame) {
	t.Helper()
	again, _ := readAll(t, openStream(strings.NewReader(rawOf(frames)), 0))
	if !reflect.DeepEqual(unsaid(again), unsaid(frames)) {
		t.Errorf("read again it is\n%+v, not\n%+v", again, frames)
	}
	for _, f := range frames {
		if f.Kind == chat.Event {
			if err := openaitest.Validate("CreateChatCompletionStreamResponse", f.Data); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestRewriteLeavesTheRestAlone(t *testing.T) {
	for name, in := range golden {
		t.Run(name, func(t *testing.T) {
			want, _ := readAll(t, openStream(strings.NewReader(in), 0))
			for i := range want {
				if want[i].Kind == chat.Malformed {
					want[i] = chat.Frame{Kind: chat.Malformed}
				}
			}
			same := chat.Rewrite(openStream(strings.NewReader(in), 0), Codec{}, func(int) chat.Filter { return unchanged{} })
			if got, err := readAll(t, same); err != io.EOF || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v\nwant %+v", got, err, want)
			}
		})
	}
}

// However an answer ends, what is held goes out before the end, once.
func TestRewriteFlushesBeforeEveryEnd(t *testing.T) {
	said := "data: " + chunk(0, `{"content":"x SECR"}`, "null") + "\n\n"
	reset := errors.New("connection reset")
	for _, c := range []struct {
		name string
		in   io.Reader
		err  error
		last chat.FrameKind
	}{
		{"the marker", strings.NewReader(said + "data: [DONE]\n\n"), io.EOF, chat.Done},
		{"an error", strings.NewReader(said + "data: {\"error\":{}}\n\n"), chat.ErrIncomplete, chat.Failure},
		{"a truncation", strings.NewReader(said), chat.ErrIncomplete, chat.Event},
		{"a reset", io.MultiReader(strings.NewReader(said), iotest.ErrReader(reset)), reset, chat.Event},
	} {
		t.Run(c.name, func(t *testing.T) {
			frames, err := readAll(t, redacted(openStream(c.in, 0)))
			if !errors.Is(err, c.err) || frames[len(frames)-1].Kind != c.last {
				t.Errorf("ends with %v after %+v", err, frames)
			}
			if got := listen(t, frames)[0].text; got != "x SECR" {
				t.Errorf("heard %q", got)
			}
			checkFrames(t, frames)
		})
	}
}

func TestRewriteTailDoesNotTellUsageAgain(t *testing.T) {
	running := strings.Replace(chunk(0, `{"content":"SECR"}`, "null"), `"choices"`, `"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2},"choices"`, 1)
	frames, err := readAll(t, redacted(openStream(strings.NewReader("data: "+running+"\n\ndata: "+usageChunk+"\n\ndata: [DONE]\n\n"), 0)))
	if err != io.EOF || len(frames) != 4 || frames[2].HasUsage || !frames[2].Visible {
		t.Errorf("got %+v, %v", frames, err)
	}
}

func TestRewriteWhole(t *testing.T) {
	in := strings.NewReplacer(`"Hello"`, `"a SECRET SEC"`, `"hm"`, `"SECRET"`, `"{}"`, `"{\"k\":\"SECRET\"}"`).Replace(wholeAnswer)
	frames, err := readAll(t, redacted(NewWhole([]byte(in))))
	if err != io.EOF || len(frames) != 1 || frames[0].Kind != chat.Whole || strings.Contains(string(frames[0].Raw), "SECRET") {
		t.Fatalf("%+v, %v", frames, err)
	}
	h := listen(t, frames)
	if h[0].text != "a ****** SEC" || h[1].reasoning != "******" || h[1].calls[0] != `{"k":"******"}` || h[0].finish != "stop" {
		t.Errorf("heard %+v %+v", h[0], h[1])
	}
	if f := frames[0]; !f.HasUsage || f.Usage.Output != 2 || !f.Visible || f.Finish != "stop" {
		t.Errorf("frame %+v", f)
	}
}

// A frame that cannot be read cannot be filtered: its bytes must not pass.
func TestRewriteStopsWhatItCannotRead(t *testing.T) {
	for _, data := range []string{`{"choices":[{"delta":{"content":"SECRET"}`, chunk(0, `{"content":"SECRET","content":"x"}`, "null"), "SECRET"} {
		frames, err := readAll(t, redacted(openStream(strings.NewReader("data: "+data+"\n\ndata: [DONE]\n\n"), 0)))
		if err != io.EOF || len(frames) != 2 || frames[0].Kind != chat.Malformed || len(frames[0].Raw) > 0 {
			t.Errorf("%s: %+v, %v", data, frames, err)
		}
	}
}

// Two transformers, one behind the other, as steps of a journey stand.
func TestRewriteTwice(t *testing.T) {
	const text = "one SECRET, two SECRET"
	for n := 1; n < 9; n++ {
		frames, _ := readAll(t, redacted(redacted(openStream(strings.NewReader(streamOf(text, n, twoEnds)), 0))))
		if got := listen(t, frames)[1].text; got != "one ******, two ******" {
			t.Errorf("pieces of %d: %q", n, got)
		}
		checkFrames(t, frames)
	}
}

func TestRewriteBufferedAndClose(t *testing.T) {
	b := newBody(strings.NewReader("data: " + chunk(0, `{"content":"SECR"}`, "null") + "\n\ndata: [DONE]\n\n"))
	r := redacted(NewStream(b, StreamOptions{}))
	for i, want := range []bool{true, true, false} { // the text, the tail, the marker
		if _, err := r.Next(); err != nil || r.Buffered() != want {
			t.Errorf("after frame %d: buffered %v, %v", i, r.Buffered(), err)
		}
	}
	if err := r.Close(); err != nil || b.times != 1 {
		t.Errorf("%v, closed %d times", err, b.times)
	}
}
