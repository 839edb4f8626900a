package openai

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/weirhq/weir/internal/chat"
)

// chunk is an event's data with one choice.
func chunk(index int, delta, finish string) string {
	if finish != "null" {
		finish = `"` + finish + `"`
	}
	return fmt.Sprintf(`{"id":"c-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":%d,"delta":%s,"finish_reason":%s}]}`, index, delta, finish)
}

const usageChunk = `{"id":"c-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10,` +
	`"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}}`

// golden are whole answers; each is complete.
var golden = map[string]string{
	"plain": "data: " + chunk(0, `{"role":"assistant","content":""}`, "null") + "\n\ndata: " + chunk(0, `{"content":"Hi"}`, "null") + "\n\ndata: " +
		chunk(0, `{}`, "stop") + "\n\ndata: " + usageChunk + "\n\ndata: [DONE]\n\n",
	"crlf, comments, no space": ": OPENROUTER PROCESSING\r\n\r\ndata:" + chunk(0, `{"content":"a"}`, "null") + "\r\n\r\n:\r\n\r\ndata:" +
		chunk(0, `{}`, "length") + "\r\n\r\ndata:[DONE]\r\n\r\n",
	"lone cr":         "data: " + chunk(0, `{"content":"a"}`, "null") + "\r\rdata: " + chunk(0, `{}`, "stop") + "\r\rdata: [DONE]\r\r",
	"mixed line ends": "data: " + chunk(0, `{"content":"a"}`, "null") + "\r\r\n\ndata: " + chunk(0, `{}`, "stop") + "\n\r\ndata: [DONE]\r\n\n",
	"mark, names, several lines": "\ufeffevent: message\nid: 1\ndata: {\"choices\":\ndata: [{\"index\":0,\ndata:\"delta\":{\"content\":\"b\"}}]}\nretry: 5\n\n" +
		"data: " + chunk(0, `{}`, "stop") + "\n\ndata\n\ndata: [DONE]\n\n",
	"two choices, tools, no marker, no last blank line": "data: " + chunk(0, `{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]}`, "null") +
		"\n\ndata: " + chunk(1, `{"content":"x"}`, "null") + "\n\ndata: " + chunk(0, `{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}`, "tool_calls") +
		"\n\ndata: " + chunk(1, `{}`, "stop") + "\n",
	"no marker, no line end": "data: " + chunk(0, `{"content":"x"}`, "null") + "\n\ndata: " + chunk(0, `{}`, "stop"),
	"scripts": "data: " + chunk(0, `{"reasoning_content":"思考"}`, "null") + "\n\ndata: " + chunk(0, `{"content":"👩\u200d👩‍👧 漢字 \ud83d\ude00"}`, "null") +
		"\n\ndata: " + chunk(0, `{"refusal":"いいえ"}`, "content_filter") + "\n\ndata: [DONE]\n\n",
	"rubbish between": "data: {\"choices\":[{\"index\":0}\n\ndata: hello\n\nnonsense\n\n\n\ndata: " + chunk(0, `{"content":"x"}`, "stop") + "\n\ndata: [DONE]\n\n",
}

// readAll keeps every frame of a stream.
func readAll(t testing.TB, in chat.Frames) (frames []chat.Frame, err error) {
	t.Helper()
	for {
		f, err := in.Next()
		if err != nil {
			if again, twice := in.Next(); again.Raw != nil || !errors.Is(twice, err) {
				t.Fatalf("after %v comes %q, %v", err, again.Raw, twice)
			}
			return frames, err
		}
		frames = append(frames, chat.Keep(f))
	}
}

func openStream(r io.Reader, max int) chat.Frames {
	return NewStream(io.NopCloser(r), StreamOptions{MaxEvent: max})
}

func rawOf(frames []chat.Frame) string {
	var b strings.Builder
	for _, f := range frames {
		b.Write(f.Raw)
	}
	return b.String()
}

func TestStreamFrames(t *testing.T) {
	event := func(f chat.Frame) chat.Frame { f.Kind = chat.Event; return f }
	done, comment, malformed := chat.Frame{Kind: chat.Done}, chat.Frame{Kind: chat.Comment}, chat.Frame{Kind: chat.Malformed}
	end := func(reason string) chat.Frame { return event(chat.Frame{Finish: reason}) }
	visible := event(chat.Frame{Visible: true})
	usage := event(chat.Frame{HasUsage: true, UsageOnly: true, Usage: chat.Usage{Input: 7, Output: 3, Cached: 4, Reasoning: 2}})
	for name, want := range map[string][]chat.Frame{
		"plain":                      {event(chat.Frame{}), visible, end("stop"), usage, done},
		"crlf, comments, no space":   {comment, visible, comment, end("length"), done},
		"lone cr":                    {visible, end("stop"), done},
		"mixed line ends":            {visible, comment, end("stop"), done},
		"mark, names, several lines": {visible, end("stop"), comment, done},
		"two choices, tools, no marker, no last blank line": {visible, visible, event(chat.Frame{Visible: true, Finish: "tool_calls"}), end("stop")},
		"no marker, no line end":                            {visible, end("stop")},
		"scripts":                                           {event(chat.Frame{Reasoning: true}), visible, event(chat.Frame{Visible: true, Refusal: true, Finish: "content_filter"}), done},
		"rubbish between":                                   {malformed, malformed, comment, comment, comment, event(chat.Frame{Visible: true, Finish: "stop"}), done},
	} {
		t.Run(name, func(t *testing.T) {
			in := golden[name]
			frames, err := readAll(t, openStream(strings.NewReader(in), 0))
			if err != io.EOF {
				t.Errorf("ends with %v", err)
			}
			if got := rawOf(frames); got != in {
				t.Errorf("relayed %q\nof      %q", got, in)
			}
			if len(frames) != len(want) {
				t.Fatalf("%d frames, want %d", len(frames), len(want))
			}
			for i, f := range frames {
				f.Raw, f.Data, f.ID, f.Fingerprint, f.Model, f.Said, f.Many = nil, nil, nil, nil, nil, nil, false
				if !reflect.DeepEqual(f, want[i]) {
					t.Errorf("frame %d: got %+v, want %+v", i, f, want[i])
				}
			}
		})
	}
}

func TestStreamData(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"one space is taken off", "data:  {} \n\n", "{}"},
		{"several lines are joined", "data: {\"a\":\ndata:1\r\ndata: }\n\n", "{\"a\":\n1\n}"},
		{"comments and fields between", "data: {\n: x\nevent: y\ndata: }\n\n", "{\n}"},
		{"not a field of data", "data: {}\ndatax: 1\n data: 2\n\n", "{}"},
		{"a mark", "\ufeffdata: {\ndata: }\n\n", "{\n}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := openStream(strings.NewReader(c.in), 0).Next()
			if err != nil || string(f.Data) != c.want || f.Kind != chat.Event {
				t.Errorf("got %d %q, %v; want %q", f.Kind, f.Data, err, c.want)
			}
		})
	}
}

// However the bytes arrive, the frames are the same.
func TestStreamSlicedAnywhere(t *testing.T) {
	for name, in := range golden {
		t.Run(name, func(t *testing.T) {
			want, _ := readAll(t, openStream(strings.NewReader(in), 0))
			same := func(what string, r io.Reader) {
				t.Helper()
				got, err := readAll(t, openStream(r, 0))
				if err != io.EOF || !reflect.DeepEqual(got, want) {
					t.Fatalf("%s: %v\n got %+v\nwant %+v", what, err, got, want)
				}
			}
			same("byte by byte", iotest.OneByteReader(strings.NewReader(in)))
			same("the end with the last bytes", iotest.DataErrReader(strings.NewReader(in)))
			for i := 1; i < len(in); i++ {
				same(fmt.Sprintf("at %d", i), io.MultiReader(strings.NewReader(in[:i]), strings.NewReader(in[i:])))
			}
		})
	}
}

// Cut anywhere, a stream is complete only if all choices had finished or the
// marker had come, and nothing is made up.
func TestStreamCutAnywhere(t *testing.T) {
	for name, in := range golden {
		t.Run(name, func(t *testing.T) {
			whole, _ := readAll(t, openStream(strings.NewReader(in), 0))
			for cut := range len(in) {
				for _, broken := range []error{nil, io.ErrUnexpectedEOF} {
					r := io.Reader(strings.NewReader(in[:cut]))
					if broken != nil {
						r = io.MultiReader(r, iotest.ErrReader(broken))
					}
					frames, err := readAll(t, openStream(r, 0))
					raw := rawOf(frames)
					if !strings.HasPrefix(in[:cut], raw) {
						t.Fatalf("cut at %d: relayed %q", cut, raw)
					}
					switch complete := completeAt(in, whole, cut); {
					case complete && (err != io.EOF || raw != in[:cut]):
						t.Fatalf("cut at %d: complete, but %v after %d bytes", cut, err, len(raw))
					case !complete && broken == nil && err != chat.ErrIncomplete:
						t.Fatalf("cut at %d: %v, want ErrIncomplete", cut, err)
					case !complete && broken != nil && !errors.Is(err, broken):
						t.Fatalf("cut at %d: %v, want %v", cut, err, broken)
					}
				}
			}
		})
	}
}

// completeAt is an oracle: by then every choice seen so far has its finish
// reason, or the marker is there.
func completeAt(in string, whole []chat.Frame, cut int) bool {
	var t tracker
	end := 0
	for _, f := range whole {
		end += len(f.Raw)
		line := strings.TrimRight(string(f.Raw), "\r\n")
		if end-len(f.Raw)+len(line) > cut {
			break
		}
		if f.Kind == chat.Done {
			return true
		}
		probe := f
		inspect(f.Data, &probe, &t)
	}
	return t.complete()
}

func TestStreamTooLarge(t *testing.T) {
	event := "data: {\"x\":\"" + strings.Repeat("y", 1000) + "\"}\n\n"
	for _, c := range []struct {
		name, in string
		max      int
		frames   int
		want     error
	}{
		{"exactly the limit", event + "data: [DONE]\n\n", len(event), 2, io.EOF},
		{"one byte more", "data: {}\n\n" + event, len(event) - 1, 1, chat.ErrTooLarge},
		{"without an end", event + strings.Repeat("x", 5000), 2000, 1, chat.ErrTooLarge},
	} {
		for how, wrap := range map[string]func(io.Reader) io.Reader{"at once": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader} {
			t.Run(c.name+", "+how, func(t *testing.T) {
				frames, err := readAll(t, openStream(wrap(strings.NewReader(c.in)), c.max))
				if err != c.want || len(frames) != c.frames {
					t.Errorf("%d frames, %v; want %d, %v", len(frames), err, c.frames, c.want)
				}
			})
		}
	}
}

func TestStreamGrowsOnlyToItsLimit(t *testing.T) {
	const limit = 256 << 10
	s := openStream(endless{}, limit).(*stream)
	if _, err := s.Next(); err != chat.ErrTooLarge {
		t.Fatal(err)
	}
	big := strings.Repeat("y", limit-100)
	s = openStream(strings.NewReader("data: {\"x\":\""+big+"\"}\n\n"), limit).(*stream)
	if f, err := s.Next(); err != nil || f.Kind != chat.Event {
		t.Fatal(err)
	}
	if len(s.buf) > limit+firstBuffer {
		t.Errorf("the buffer grew to %d", len(s.buf))
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return copy(b, "data: endless "), nil }

func TestStreamFailures(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       chat.FrameKind
	}{
		{"an error object", `data: {"error":{"message":"overloaded"}}`, chat.Failure},
		{"an error text", `data: {"id":"x","error":"overloaded"}`, chat.Failure},
		{"no error", `data: {"error":null,"choices":[]}`, chat.Event},
		{"vLLM's older form", `data: {"object":"error","message":"m","code":400}`, chat.Failure},
		{"the name of the event", "event: error\ndata: {\"message\":\"m\"}", chat.Failure},
		{"the name, without a last blank line", "event: error\ndata: overloaded", chat.Failure},
		{"a list", `data: [1]`, chat.Malformed},
		{"rubbish behind", `data: {} {}`, chat.Malformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			end := "\n\n"
			if strings.HasSuffix(c.data, "overloaded") {
				end = ""
			}
			frames, err := readAll(t, openStream(strings.NewReader(c.data+end), 0))
			if err != chat.ErrIncomplete || len(frames) != 1 || frames[0].Kind != c.want || len(frames[0].Data) == 0 {
				t.Errorf("got %+v, %v", frames, err)
			}
		})
	}
}

// A body that breaks off may lack choices that had not begun; one that ends as it
// should comes from a server that makes only one.
func TestStreamThatLacksAChoice(t *testing.T) {
	const one = `data: {"choices":[{"index":0,"delta":{"content":"A"},"finish_reason":"stop"}]}` + "\n\n"
	reset := errors.New("connection reset")
	for _, c := range []struct {
		name  string
		asked int
		end   error
		whole bool
	}{
		{"broken off, one of two", 2, reset, false},
		{"ended, one of two", 2, io.EOF, true},
		{"broken off after all", 1, reset, true},
		{"broken off, and nobody said how many", 0, reset, true},
	} {
		body := io.NopCloser(io.MultiReader(strings.NewReader(one), iotest.ErrReader(c.end)))
		_, err := readAll(t, NewStream(body, StreamOptions{Choices: c.asked}))
		if whole := err == io.EOF; whole != c.whole {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestStreamIgnoresWhatFollowsTheMarker(t *testing.T) {
	frames, err := readAll(t, openStream(strings.NewReader("data: [DONE]\n\ndata: {}\n\nrubbish"), 0))
	if err != io.EOF || rawOf(frames) != "data: [DONE]\n\n" {
		t.Errorf("got %q, %v", rawOf(frames), err)
	}
}

func TestStreamBuffered(t *testing.T) {
	r, w := io.Pipe()
	s := NewStream(r, StreamOptions{})
	if s.Buffered() {
		t.Error("buffered before anything came")
	}
	go func() {
		_, _ = io.WriteString(w, "data: {\"a\":\ndata: 1}\n\ndata: {\"a\":\ndata: 2}\n\ndata: {\"choi")
	}()
	f, err := s.Next()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if !s.Buffered() {
			t.Fatal("the second event is at hand, but not buffered")
		}
		if got := string(f.Data); got != "{\"a\":\n1}" {
			t.Fatalf("asking for what is buffered (%d) changed the frame to %q", i, got)
		}
	}
	if f, err = s.Next(); err != nil || string(f.Data) != "{\"a\":\n2}" {
		t.Fatalf("%q, %v", f.Data, err)
	}
	if s.Buffered() {
		t.Error("half an event counts as buffered")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Next(); err == nil || err == io.EOF {
		t.Errorf("after Close: %v", err)
	}
}

// body notes what happens to it.
type body struct {
	io.Reader
	closed chan struct{}
	read   int
	times  int
}

func newBody(r io.Reader) *body { return &body{Reader: r, closed: make(chan struct{}, 9)} }

func (b *body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.read += n
	return n, err
}

func (b *body) Close() error { b.times++; b.closed <- struct{}{}; return nil }

func TestStreamCloseReadsALittleToTheEnd(t *testing.T) {
	b := newBody(iotest.OneByteReader(strings.NewReader("data: [DONE]\n\n: bye\n\n")))
	s := NewStream(b, StreamOptions{})
	if f, err := s.Next(); err != nil || f.Kind != chat.Done {
		t.Fatal(f, err)
	}
	if err := s.Close(); err != nil || b.read != len("data: [DONE]\n\n: bye\n\n") || b.times != 1 {
		t.Errorf("%v; read %d bytes, closed %d times", err, b.read, b.times)
	}
	if err := s.Close(); err != nil || b.times != 1 {
		t.Errorf("closed twice: %v, %d", err, b.times)
	}
}

func TestStreamCloseDoesNotReadOnWhenIncomplete(t *testing.T) {
	b := newBody(iotest.OneByteReader(strings.NewReader("data: {}\n\nmore")))
	s := NewStream(b, StreamOptions{})
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil || b.read != len("data: {}\n\n") {
		t.Errorf("%v; read %d bytes", err, b.read)
	}
}

// A model that sends its marker and then neither goes on nor ends must not keep
// the caller waiting.
func TestStreamCloseDoesNotWaitForLong(t *testing.T) {
	r, w := io.Pipe()
	go func() { _, _ = io.WriteString(w, "data: [DONE]\n\n") }()
	s := NewStream(r, StreamOptions{})
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(); err != io.EOF {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(begun); d < drainTime/2 || d > 3*drainTime+time.Second {
		t.Errorf("waited %v, want about %v", d, drainTime)
	}
}

func TestStreamOfNothing(t *testing.T) {
	if _, err := readAll(t, openStream(strings.NewReader(""), 0)); err != chat.ErrIncomplete {
		t.Error(err)
	}
	if _, err := readAll(t, openStream(lazy{}, 0)); !errors.Is(err, io.ErrNoProgress) {
		t.Error(err)
	}
}

type lazy struct{}

func (lazy) Read([]byte) (int, error) { return 0, nil }

// answer is a stream of 53 events, with usage.
func answer() []byte {
	var b bytes.Buffer
	b.WriteString("data: " + chunk(0, `{"role":"assistant","content":""}`, "null") + "\n\n")
	for i := range 50 {
		fmt.Fprintf(&b, "data: %s\n\n", chunk(0, fmt.Sprintf(`{"content":" word%d"}`, i), "null"))
	}
	b.WriteString("data: " + chunk(0, `{}`, "stop") + "\n\ndata: " + usageChunk + "\n\ndata: [DONE]\n\n")
	return b.Bytes()
}

// rewinding gives the same bytes again and again, one event a read.
type rewinding struct {
	whole, left []byte
}

func (r *rewinding) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		r.left = r.whole
	}
	n := copy(p, r.left[:bytes.Index(r.left, []byte("\n\n"))+2])
	r.left = r.left[n:]
	return n, nil
}

func TestStreamNextDoesNotAllocate(t *testing.T) {
	s := openStream(&rewinding{whole: bytes.TrimSuffix(answer(), []byte("data: [DONE]\n\n"))}, 0)
	if n := testing.AllocsPerRun(1000, func() {
		if _, err := s.Next(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkStream(b *testing.B) {
	whole := answer()
	r := bytes.NewReader(whole)
	b.SetBytes(int64(len(whole)))
	b.ReportAllocs()
	for b.Loop() {
		r.Reset(whole)
		s := NewStream(io.NopCloser(r), StreamOptions{})
		n := 0
		for {
			if _, err := s.Next(); err != nil {
				break
			}
			n++
		}
		if n != 54 {
			b.Fatal(n)
		}
		_ = s.Close()
	}
}

// FuzzStream compares a stream that comes at once with the same one in pieces.
func FuzzStream(f *testing.F) {
	for _, in := range golden {
		f.Add([]byte(in), uint8(1), uint8(3))
	}
	f.Add([]byte("data\r\r\n\r\ndata:x\n\r\n"), uint8(1), uint8(1))
	f.Fuzz(func(t *testing.T, in []byte, one, two uint8) {
		const limit = 2000
		want, wantErr := readAll(t, openStream(bytes.NewReader(in), limit))
		got, gotErr := readAll(t, openStream(&pieces{in, [2]int{int(one) + 1, int(two) + 1}, 0}, limit))
		if !reflect.DeepEqual(got, want) || !errors.Is(gotErr, wantErr) {
			t.Fatalf("in pieces: %+v, %v\nat once: %+v, %v", got, gotErr, want, wantErr)
		}
		raw := rawOf(want)
		if !bytes.HasPrefix(in, []byte(raw)) {
			t.Fatalf("relayed %q of %q", raw, in)
		}
		if last := len(want) - 1; wantErr == io.EOF && want[last].Kind != chat.Done && len(raw) != len(in) {
			t.Fatalf("complete, but relayed %q of %q", raw, in)
		}
	})
}

type pieces struct {
	left  []byte
	sizes [2]int
	turn  int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		return 0, io.EOF
	}
	p.turn ^= 1
	n := copy(b, p.left[:min(p.sizes[p.turn], len(p.left))])
	p.left = p.left[n:]
	return n, nil
}
