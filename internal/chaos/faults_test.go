package chaos

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestStatusScripts(t *testing.T) {
	u := start(t, "")
	tests := []struct {
		script    string
		status    int
		kind      string // error.type
		code      string
		header    string
		headerIs  string
		wholeBody string
	}{
		{script: "status=503;retry-after=2", status: 503, kind: "server_error", header: "Retry-After", headerIs: "2"},
		{script: "status=429;retry-after=junk", status: 429, kind: "rate_limit_error", header: "Retry-After", headerIs: "junk"},
		{script: "status=429", status: 429, kind: "rate_limit_error", header: "Retry-After", headerIs: ""},
		{script: "status=400;code=context_length_exceeded", status: 400, kind: "invalid_request_error", code: "context_length_exceeded"},
		{script: "status=401", status: 401, kind: "authentication_error"},
		{script: "redirect=http://169.254.169.254/", status: 302, kind: "invalid_request_error", header: "Location", headerIs: "http://169.254.169.254/"},
		{script: "status=307;redirect=/x", status: 307, kind: "invalid_request_error", header: "Location", headerIs: "/x"},
		{script: "header=Content-Type: text/html;status=502;body=<h1>Bad; gateway</h1>", status: 502, header: "Content-Type", headerIs: "text/html", wholeBody: "<h1>Bad; gateway</h1>"},
		{script: "body={}", status: 200, wholeBody: "{}"},
		{script: "error-in-200", status: 200, kind: "server_error"},
		{script: "status=204", status: 204},
	}
	for _, tt := range tests {
		u.Enqueue(MustParse(tt.script))
		res := post(t, u.URL(), plainBody)
		if res.err != nil || res.StatusCode != tt.status {
			t.Errorf("%s: %d %v", tt.script, res.StatusCode, res.err)
		}
		if got := res.Header.Get(tt.header); tt.header != "" && got != tt.headerIs {
			t.Errorf("%s: %s is %q", tt.script, tt.header, got)
		}
		if tt.kind == "" {
			if res.body != tt.wholeBody {
				t.Errorf("%s: body %q", tt.script, res.body)
			}
			continue
		}
		r := read(t, res.body)
		if r.Error == nil || r.Error.Type != tt.kind || tt.code != "" && *r.Error.Code != tt.code || tt.code == "" && r.Error.Code != nil {
			t.Errorf("%s: %s", tt.script, res.body)
		}
	}
}

func TestStreamShapes(t *testing.T) {
	full := &Usage{Input: 7, Output: 4}
	tests := []struct {
		script string
		body   string
		check  func(raw string, r reading) bool
	}{
		{"tokens=4;no-done", streamBody, func(_ string, r reading) bool { return !r.done && r.finish[0] == "stop" }},
		{"tokens=4;no-finish", streamBody, func(_ string, r reading) bool { return r.done && len(r.finish) == 0 }},
		{"tokens=4;finish=content_filter", streamBody, func(_ string, r reading) bool { return r.finish[0] == "content_filter" }},
		{"tokens=4;crlf", streamBody, func(raw string, r reading) bool {
			return strings.Count(raw, "\r\n\r\n") == 7 && !strings.Contains(raw, "\n\n")
		}},
		{"tokens=4;nospace", streamBody, func(raw string, r reading) bool {
			return strings.Contains(raw, "data:{") && !strings.Contains(raw, "data: ")
		}},
		{"tokens=4;comments", streamBody, func(raw string, r reading) bool { return strings.Count(raw, ": ping\n\n") == 7 }},
		{"tokens=4;multiline-data", streamBody, func(raw string, r reading) bool { return strings.Count(raw, "data: ") == 6*3+1 }},
		{"tokens=4;event-fields", streamBody, func(raw string, r reading) bool { return strings.Contains(raw, "event: message\nid: 7\n") }},
		{"tokens=4;malformed-event", streamBody, func(_ string, r reading) bool { return r.malformed == 1 && r.text[0] == "one two three four" }},
		{"tokens=4;big-event=5MiB", streamBody, func(raw string, r reading) bool {
			return len(raw) > 5<<20 && strings.HasPrefix(r.text[0], "xxx") && r.done
		}},
		{"tokens=4;error-in-200", streamBody, func(_ string, r reading) bool { return r.errors == 1 && r.chunks == 0 && !r.done }},
		{"tokens=4;error-in-200=3", streamBody, func(_ string, r reading) bool { return r.errors == 1 && r.text[0] == "one two" && !r.done }},
		{"tokens=4;two-usage", streamBody, func(_ string, r reading) bool {
			return len(r.usages) == 2 && r.usages[0].Output == 2 && reflect.DeepEqual(r.usages[1], full)
		}},
		{"tokens=4;usage-null", streamBody, func(_ string, r reading) bool { return len(r.usages) == 6 && r.last() == nil }},
		{"tokens=4;usage-nonempty-choices", usageBody, func(raw string, r reading) bool {
			return reflect.DeepEqual(r.last(), full) && !strings.Contains(raw, `"choices":[]`)
		}},
		{"tokens=4;no-usage", usageBody, func(raw string, _ reading) bool { return !strings.Contains(raw, "usage") }},
		{"tokens=4;continuous-usage", streamBody, func(_ string, r reading) bool {
			return len(r.usages) == 6 && r.usages[2].Output == 2 && reflect.DeepEqual(r.usages[5], full)
		}},
		{"tokens=4;usage=0/0", usageBody, func(_ string, r reading) bool { return reflect.DeepEqual(r.last(), &Usage{}) }},
		{"tokens=4;usage=9/8/7/6", usageBody, func(_ string, r reading) bool { return reflect.DeepEqual(r.last(), &Usage{9, 8, 7, 6}) }},
		{"text=say; it", streamBody, func(_ string, r reading) bool { return r.text[0] == "say; it" }},
	}
	u := start(t, "")
	for i, tt := range tests {
		u.Enqueue(MustParse(tt.script))
		res := post(t, u.URL(), tt.body)
		if r := readStream(t, res.body); res.err != nil || !tt.check(res.body, r) {
			t.Errorf("%s: %v, %+v\n%.2000s", tt.script, res.err, r, res.body)
		}
		events, _ := readEvents(res.body)
		if got := finished(t, u, i+1); got.Frames != len(events) {
			t.Errorf("%s: %d frames recorded, %d read", tt.script, got.Frames, len(events))
		}
	}
}

func TestNoUsageInReply(t *testing.T) {
	u := start(t, "no-usage")
	if res := post(t, u.URL(), plainBody); strings.Contains(res.body, "usage") {
		t.Errorf("reply %s", res.body)
	}
}

func TestEarlyEnds(t *testing.T) {
	golden, _ := goldenNamed("cjk")
	tests := []struct {
		script string
		body   string
		want   Ending
		bytes  int // of the body; -1: not said
		frames int
		err    error // of reading the body
	}{
		{"golden=cjk;cut-at-byte=137", streamBody, EndCut, 137, 0, io.ErrUnexpectedEOF},
		{"golden=cjk;cut-at-byte=0", streamBody, EndCut, 0, 0, io.ErrUnexpectedEOF},
		{"golden=cjk;rst-at-byte=137", streamBody, EndReset, 137, 0, syscall.ECONNRESET},
		{"golden=cjk;rst-after=2", streamBody, EndReset, -1, 2, syscall.ECONNRESET},
		{"golden=cjk;cut-after=2", streamBody, EndCut, -1, 2, io.ErrUnexpectedEOF},
		{"golden=cjk;eof-at-byte=137", streamBody, EndEarly, 137, 0, nil},
		{"golden=cjk;eof-after=3", streamBody, EndEarly, -1, 3, nil},
		{"golden=cjk;eof-after=0", streamBody, EndEarly, 0, 0, nil},
		{"golden=cjk;until-close;cut-at-byte=137", streamBody, EndCut, 137, 0, nil}, // HTTP cannot tell
		{"golden=cjk", streamBody, EndDone, len(golden.Bytes), 8, nil},
		{"golden=cjk;cut-at-byte=1000000", streamBody, EndDone, len(golden.Bytes), 8, nil},
		{"cut-at-byte=20", plainBody, EndCut, 20, 0, io.ErrUnexpectedEOF},
		{"rst-at-byte=20", plainBody, EndReset, 20, 0, syscall.ECONNRESET},
		{"eof-at-byte=20", plainBody, EndEarly, 20, 0, nil}, // a whole reply, of half a JSON
		{"eof-at-byte=2000", plainBody, EndEarly, 2000, 0, nil},
		{"wrong-content-length", plainBody, EndDone, -1, 1, io.ErrUnexpectedEOF},
		{"golden=cjk;wrong-content-length=5", streamBody, EndDone, len(golden.Bytes), 8, io.ErrUnexpectedEOF},
		{"golden=cjk;wrong-content-length=-100", streamBody, EndDone, len(golden.Bytes) - 100, 8, nil},
	}
	for _, tt := range tests {
		u := start(t, tt.script)
		res := post(t, u.URL(), tt.body)
		got := finished(t, u, 1)
		if !errors.Is(res.err, tt.err) {
			t.Errorf("%s: error %v, want %v", tt.script, res.err, tt.err)
		}
		if got.Ended != tt.want || got.Frames != tt.frames || tt.bytes >= 0 && len(res.body) != tt.bytes {
			t.Errorf("%s: ended %q after %d frames, client has %d bytes", tt.script, got.Ended, got.Frames, len(res.body))
		}
		if strings.HasPrefix(tt.script, "golden") && !bytes.HasPrefix(golden.Bytes, []byte(res.body)) {
			t.Errorf("%s: not the beginning of the golden stream: %q", tt.script, res.body)
		}
	}
}

func TestEndsBeforeTheAnswer(t *testing.T) {
	u := start(t, "")
	for _, tt := range []struct {
		script string
		want   Ending
		reads  int
		err    error
	}{
		{"rst", EndReset, 0, syscall.ECONNRESET},
		{"cut-at-wire-byte=0", EndCut, 0, nil},
		{"cut-at-wire-byte=9", EndCut, 9, nil},
		{"rst-at-wire-byte=9", EndReset, 9, syscall.ECONNRESET},
	} {
		u.Enqueue(MustParse(tt.script))
		nc := rawPost(t, u.Addr(), streamBody)
		data, err := io.ReadAll(nc)
		if len(data) != tt.reads || !errors.Is(err, tt.err) || !strings.HasPrefix("HTTP/1.1 200", string(data)) {
			t.Errorf("%s: read %q, %v", tt.script, data, err)
		}
		list := u.Requests()
		if got := list[len(list)-1]; got.Ended != tt.want || got.Bytes != tt.reads {
			t.Errorf("%s: recorded %+v", tt.script, got)
		}
	}
}

func TestCutAtEveryByteArrivesAtThatByte(t *testing.T) {
	golden, _ := goldenNamed("usage-nonempty-choices")
	u := start(t, "")
	for how, step := range map[Ending]int{EndCut: 1, EndReset: 5, EndEarly: 5} {
		for n := 0; n < len(golden.Bytes); n += step {
			u.Enqueue(Script{Raw: golden.Bytes, Stop: Stop{Point{Bytes, n}, how}})
			if res := post(t, u.URL(), streamBody); res.body != string(golden.Bytes[:n]) {
				t.Fatalf("%s at %d: client has %d bytes", how, n, len(res.body))
			}
		}
	}
}

func TestStopWithoutAKindIsACut(t *testing.T) {
	u := start(t, "")
	for i, s := range []Script{{Stop: Stop{At: Point{Bytes, 9}}}, {Stop: Stop{Point{Wire, 9}, EndEarly}}} {
		u.Enqueue(s)
		post(t, u.URL(), streamBody)
		if got := finished(t, u, i+1); got.Ended != EndCut {
			t.Errorf("%+v: ended %q", s.Stop, got.Ended)
		}
	}
}

func TestRefuseClosesUnread(t *testing.T) {
	u := start(t, "")
	u.Enqueue(Script{Refuse: true})
	res := post(t, u.URL(), plainBody)
	if res.err == nil {
		t.Error("a refused connection gave an answer")
	}
	if res = post(t, u.URL(), plainBody); res.StatusCode != 200 {
		t.Errorf("the next request: %v", res.err)
	}
	list := u.Requests()
	if u.Count() != 2 || list[0].Ended != EndRefused || list[0].Method != "" || list[1].Method != "POST" {
		t.Errorf("recorded %+v", list)
	}
	// By model, it cannot be known before the request is read.
	u.ForModel("m-1", Script{Refuse: true})
	if res = post(t, u.URL(), plainBody); res.err == nil {
		t.Error("a refused model gave an answer")
	}
	if got := finished(t, u, 3); got.Ended != EndRefused || got.Model != "m-1" || got.Bytes != 0 {
		t.Errorf("recorded %+v", got)
	}
}

func TestTimes(t *testing.T) {
	u := start(t, "")
	for i, tt := range []struct {
		script string
		first  time.Duration // at least, to the first byte
		whole  time.Duration // at least, from there to the last
	}{
		{"ttft=60ms", 60 * time.Millisecond, 0},
		{"tokens=4;delay-between=10ms", 0, 60 * time.Millisecond}, // 7 frames
		{"stall-after=2;stall-for=60ms", 0, 60 * time.Millisecond},
		{"slice=100;slice-delay=1ms;tokens=4", 0, 10 * time.Millisecond}, // more than 1000 bytes
		{"stall-at-wire-byte=0;stall-for=60ms", 60 * time.Millisecond, 0},
	} {
		u.Enqueue(MustParse(tt.script))
		res := post(t, u.URL(), streamBody)
		got := finished(t, u, i+1)
		if first := got.FirstByte.Sub(got.Received); first < tt.first {
			t.Errorf("%s: first byte after %v", tt.script, first)
		}
		if whole := got.LastByte.Sub(got.FirstByte); whole < tt.whole {
			t.Errorf("%s: last byte %v after the first", tt.script, whole)
		}
		if r := readStream(t, res.body); got.Ended != EndDone || !r.done || r.finish[0] != "stop" {
			t.Errorf("%s: %+v", tt.script, got)
		}
	}
}

func TestSlicesAreSeenByTheReader(t *testing.T) {
	u := start(t, "slice=7;slice-delay=2ms;tokens=1")
	nc := rawPost(t, u.Addr(), plainBody)
	buf, pieces, largest := make([]byte, 4096), 0, 0
	for end := false; !end; {
		n, err := nc.Read(buf)
		pieces, largest = pieces+1, max(largest, n)
		end = err != nil || bytes.Contains(buf[:n], []byte("}}"))
		if err != nil && err != io.EOF {
			t.Fatal(err)
		}
		if r := u.Requests(); len(r) == 1 && r[0].Ended != "" {
			break
		}
	}
	// A slow reader may find a few slices joined, but never the whole.
	if pieces < 10 || largest > 200 {
		t.Errorf("%d pieces, the largest of %d bytes", pieces, largest)
	}
}

func TestPingsFillAStall(t *testing.T) {
	u := start(t, "stall-after=1;stall-for=200ms;pings=20ms;tokens=2")
	res := post(t, u.URL(), streamBody)
	_, comments := readEvents(res.body)
	if r := readStream(t, res.body); comments < 2 || comments > 10 || r.text[0] != "one two" {
		t.Errorf("%d comments, %+v", comments, r)
	}
	if got := finished(t, u, 1); got.Frames != 5 {
		t.Errorf("%d frames recorded, want 5: pings are none", got.Frames)
	}
}

func TestGzip(t *testing.T) {
	u := start(t, "gzip;tokens=3")
	for i, body := range []string{plainBody, streamBody} {
		res := post(t, u.URL(), body)
		zip, err := gzip.NewReader(strings.NewReader(res.body))
		if err != nil || res.Header.Get("Content-Encoding") != "gzip" {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(zip)
		if err != nil || !strings.Contains(string(plain), "three") || finished(t, u, i+1).Frames != []int{1, 6}[i] {
			t.Errorf("%q, %v", plain, err)
		}
	}
}

func TestGzipBombIsSmallOnTheWire(t *testing.T) {
	u := start(t, "gzip-bomb=8MiB")
	res := post(t, u.URL(), plainBody)
	zip, err := gzip.NewReader(strings.NewReader(res.body))
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, zip)
	if n != 8<<20 || err != nil || len(res.body) > 64<<10 {
		t.Errorf("%d bytes unpack to %d, %v", len(res.body), n, err)
	}
}

func TestEndlessHeadersEndWithThePeer(t *testing.T) {
	u := start(t, "endless-headers")
	if res := post(t, u.URL(), plainBody); res.err == nil || !strings.Contains(res.err.Error(), "header") {
		t.Errorf("a client with a limit on headers: %v", res.err)
	}
	if got := finished(t, u, 1); got.Ended != EndPeerLeft || got.Bytes < 1<<20 {
		t.Errorf("recorded %+v", got)
	}
}

func TestRawStreamIsSentAsItStands(t *testing.T) {
	u := start(t, "")
	for _, g := range Golden() {
		u.Enqueue(Script{Raw: g.Bytes}, Script{Raw: g.Bytes, Slice: 1}, Script{Golden: g.Name, UntilClose: true})
		for range 3 {
			if res := post(t, u.URL(), streamBody); res.err != nil || res.body != string(g.Bytes) {
				t.Errorf("%s: %d bytes of %d, %v", g.Name, len(res.body), len(g.Bytes), res.err)
			}
		}
	}
}

func TestWhoeverChoosesTheScript(t *testing.T) {
	u := start(t, "status=501")
	u.Register("busy", MustParse("status=502"))
	u.ForModel("m-2", MustParse("status=503"))
	u.ForPath("/models", MustParse("status=504"))
	u.Enqueue(MustParse("status=505"), MustParse("status=506"))
	c := client(t)
	ask := func(path, model, header string, want int) {
		t.Helper()
		h := http.Header{}
		if header != "" {
			h.Set(Header, header)
		}
		if res := send(t, c, u.URL()+path, `{"model":"`+model+`"}`, h); res.StatusCode != want {
			t.Errorf("%s %s %q: %d, want %d: %s", path, model, header, res.StatusCode, want, res.body)
		}
	}
	ask("/v1/chat/completions", "m-2", "busy", 502)
	ask("/v1/chat/completions", "m-2", "status=507", 507)
	ask("/v1/chat/completions", "m-2", "", 503)
	ask("/v1/models", "m-2", "", 504)
	ask("/v1/models?x=1", "m-2", "", 504)
	ask("/v1/chat/completions", "m-1", "", 505)
	ask("/v1/embeddings", "m-1", "", 506)
	ask("/v1/chat/completions", "m-1", "", 501)
	ask("/v1/chat/completions", "m-1", "no such word", 400)
	u.SetScript(Script{Status: 508})
	ask("/v1/chat/completions", "m-1", "", 508)
	if got := u.Requests()[5]; got.Script != "status=505" || got.Status != 505 {
		t.Errorf("recorded %+v", got)
	}
}

func TestWhatIsNoHTTPIsRecorded(t *testing.T) {
	u := start(t, "")
	nc, err := net.Dial("tcp", u.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	io.WriteString(nc, "\x16\x03\x01 hello\r\n\r\n")
	if answer, _ := io.ReadAll(nc); !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") {
		t.Errorf("answer %q", answer)
	}
	if got := finished(t, u, 1); got.Ended != EndInvalid {
		t.Errorf("recorded %+v", got)
	}
}

func TestHTTP10GetsNoChunks(t *testing.T) {
	u := start(t, "tokens=2")
	nc := rawPost(t, u.Addr(), streamBody) // a 1.1 request may go first on the same connection
	nc.Write(bytes.Replace(rawRequest(streamBody), []byte("HTTP/1.1"), []byte("HTTP/1.0"), 1))
	all, err := io.ReadAll(nc)
	if err != nil || strings.Count(string(all), "Transfer-Encoding") != 1 || !strings.HasSuffix(string(all), "data: [DONE]\n\n") {
		t.Errorf("%v: %s", err, all)
	}
}

// holdOpen asks, and leaves when the context does.
func holdOpen(ctx context.Context, t *testing.T, base, body string) <-chan error {
	req, err := http.NewRequestWithContext(ctx, "POST", base+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	c, gone := client(t), make(chan error, 1)
	go func() {
		resp, err := c.Do(req)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		gone <- err
	}()
	return gone
}
