package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// sseReader takes a stream apart.
type sseReader struct {
	lines *bufio.Scanner
	body  io.Closer
}

// message is one event of a stream; a comment has name ":".
type message struct{ name, id, data string }

func (f *fixture) open(query string, header ...string) *sseReader {
	f.t.Helper()
	req := f.request("GET", "/api/v1/events:stream"+query, "", header...)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		f.t.Fatalf("stream answered %s, %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	f.t.Cleanup(func() { resp.Body.Close() })
	s := &sseReader{bufio.NewScanner(resp.Body), resp.Body}
	s.lines.Buffer(nil, 1<<20)
	if m, err := s.next(); err != nil || m.name != ":" {
		f.t.Fatalf("the stream began with %+v, %v", m, err)
	}
	return s
}

func (s *sseReader) next() (m message, err error) {
	for s.lines.Scan() {
		field, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch field {
		case "event":
			m.name = value
		case "id":
			m.id = value
		case "data":
			m.data += value
		case "":
			if s.lines.Text() == "" {
				return m, nil
			}
			m.name, m.data = ":", value
		}
	}
	if err := s.lines.Err(); err != nil {
		return m, err
	}
	return m, io.EOF
}

func (s *sseReader) want(t *testing.T, ids ...string) {
	t.Helper()
	for _, id := range ids {
		m, err := s.next()
		if err != nil || m.id != id {
			t.Fatalf("got %+v, %v; want event %s", m, err, id)
		}
		var e event.Event
		if err := json.Unmarshal([]byte(m.data), &e); err != nil || e.ID != id {
			t.Errorf("event %s carries %s (%v)", id, m.data, err)
		}
	}
}

func TestStreamSendsWhatMatchesAsItComes(t *testing.T) {
	f := start(t, nil)
	s := f.open("?route=even&outcome=ok")
	f.record(0, 4)
	s.want(t, "00000000", "00000002")
	f.ring.Record(&event.Event{ID: "no", Route: "even", Outcome: event.Timeout})
	f.record(4, 6)
	s.want(t, "00000004")
}

func TestStreamGoesOnBehindAnEvent(t *testing.T) {
	f := start(t, nil)
	f.record(0, 5)
	f.open("?after=00000002").want(t, "00000003", "00000004")
	f.open("", "Last-Event-ID", "00000003").want(t, "00000004")
	f.open("?after=gone").want(t, "00000000", "00000001", "00000002", "00000003", "00000004")
}

// Neither the gateway nor another reader waits for a reader that does not read;
// when it reads again, it learns what it lost, and nothing is lost in silence.
func TestSlowReaderIsToldWhatItLost(t *testing.T) {
	f := start(t, nil)
	f.server.clocks.stream = 2 * time.Minute
	slow, quick := f.open(""), f.open("")
	const total = 4000
	text := strings.Repeat("x", 8<<10) // 32 MB in all: more than the sockets hold
	for i := range total {
		f.ring.Record(&event.Event{ID: fmt.Sprint(i), Error: text})
		if i%16 == 0 { // the quick one keeps pace
			quick.want(t, idsFromTo(max(i-15, 0), i+1)...)
		}
	}
	seen, lost := 0, 0
	for seen+lost < total {
		m, err := slow.next()
		if err != nil {
			t.Fatalf("after %d events and %d lost: %v", seen, lost, err)
		}
		switch m.name {
		case "dropped":
			var d struct{ Dropped int }
			if err := json.Unmarshal([]byte(m.data), &d); err != nil || d.Dropped == 0 {
				t.Fatalf("%s: %v", m.data, err)
			}
			lost += d.Dropped
		case "":
			if m.id != fmt.Sprint(seen+lost) {
				t.Fatalf("event %s after %d seen and %d lost", m.id, seen, lost)
			}
			seen++
		}
	}
	if lost == 0 {
		t.Error("nothing was lost: the reader was not slow and the test shows nothing")
	}
	if d := f.ring.Stats().Dropped; d != uint64(lost) {
		t.Errorf("the ring counted %d, the reader %d", d, lost)
	}
}

func idsFromTo(from, to int) (list []string) {
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprint(i))
	}
	return list
}

func TestStreamOfAReaderWhoStoppedIsCutOff(t *testing.T) {
	f := start(t, nil)
	f.server.clocks.stream = 100 * time.Millisecond
	f.open("") // and never read
	text := strings.Repeat("x", 64<<10)
	deadline := time.Now().Add(20 * time.Second)
	for f.ring.Stats().Followers > 0 {
		if time.Now().After(deadline) {
			t.Fatal("the stream is still held open")
		}
		f.ring.Record(&event.Event{Error: text})
		time.Sleep(100 * time.Microsecond)
	}
}

func TestIdleStreamIsKeptAliveByComments(t *testing.T) {
	f := start(t, nil)
	f.server.clocks.ping = 20 * time.Millisecond
	s := f.open("")
	for range 3 {
		if m, err := s.next(); err != nil || m.name != ":" {
			t.Fatalf("got %+v, %v", m, err)
		}
	}
}

func TestCloseEndsStreamsAndNothingElse(t *testing.T) {
	f := start(t, nil)
	s := f.open("")
	if err := f.server.Close(); err != nil {
		t.Error(err)
	}
	if m, err := s.next(); err != io.EOF {
		t.Errorf("got %+v, %v after Close", m, err)
	}
	f.idle()
	if resp, _ := f.get("/api/v1/status"); resp.StatusCode != 200 {
		t.Errorf("status answered %s after Close", resp.Status)
	}
}

func TestReaderWhoLeavesIsForgotten(t *testing.T) {
	f := start(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	resp, err := http.DefaultClient.Do(f.request("GET", "/api/v1/events:stream", "").WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	cancel()
	f.idle()
}

// idle waits until no stream is open.
func (f *fixture) idle() {
	f.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for f.ring.Stats().Followers > 0 || len(f.server.streams) > 0 {
		if time.Now().After(deadline) {
			f.t.Fatal("a stream is still open")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	f := start(t, nil)
	for range maxStreams {
		f.server.streams <- struct{}{}
	}
	p := f.problem("GET", "/api/v1/events:stream", "", 503)
	if p.Code != "too_many_streams" {
		t.Errorf("code %q", p.Code)
	}
	<-f.server.streams
	f.open("")
}

func TestHeadOfAStreamDoesNotHang(t *testing.T) {
	f := start(t, nil)
	resp, err := http.DefaultClient.Do(f.request("HEAD", "/api/v1/events:stream", ""))
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	f.idle()
}

func TestStreamEndsWhenItsKeyIsRevoked(t *testing.T) {
	f := start(t, nil)
	f.state.setKeys(f.keyring("reader", "read"))
	s := f.open("", "Authorization", "Bearer "+f.token("reader"))
	f.record(0, 1)
	s.want(t, "00000000")
	f.state.setKeys(f.keyring("other", "read"))
	f.record(1, 2)
	if m, err := s.next(); err != io.EOF {
		t.Errorf("a revoked key read %+v, %v", m, err)
	}
}

func TestStreamQueryIsChecked(t *testing.T) {
	f := start(t, nil)
	for query, code := range map[string]string{
		"?outcome=fine": "invalid_parameter", "?since=soon": "invalid_parameter", "?rout=x": "unknown_parameter", "?limit=5": "unknown_parameter",
	} {
		if p := f.problem("GET", "/api/v1/events:stream"+query, "", 400); p.Code != code {
			t.Errorf("%s: code %q, want %q", query, p.Code, code)
		}
	}
	if len(f.server.streams) != 0 || f.ring.Stats().Followers != 0 {
		t.Error("a refused stream is still held")
	}
}
