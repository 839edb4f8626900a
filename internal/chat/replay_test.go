package chat

import (
	"errors"
	"io"
	"testing"
)

func TestKeepCopies(t *testing.T) {
	raw := []byte("data: {}\n\n")
	joined := []byte("{\n}")
	f, g := Keep(Frame{Raw: raw, Data: raw[6:8], ID: raw[:4], Said: raw[:2], Fingerprint: raw[2:4]}), Keep(Frame{Raw: raw, Data: joined})
	for i := range raw {
		raw[i] = 'x'
	}
	joined[0] = 'x'
	if string(f.Raw) != "data: {}\n\n" || string(f.Data) != "{}" || string(g.Data) != "{\n}" || string(f.ID) != "data" || string(f.Said) != "da" || string(f.Fingerprint) != "ta" {
		t.Errorf("kept %q %q %q %q", f.Raw, f.Data, f.ID, g.Data)
	}
	if h := Keep(Frame{Kind: Done, Raw: []byte("x")}); h.Data != nil {
		t.Errorf("data came from nowhere: %q", h.Data)
	}
}

// source gives frames, then an error, and counts how often it is closed.
type source struct {
	Frames
	end    error
	closed int
}

func (s *source) Next() (Frame, error) {
	f, err := s.Frames.Next()
	if err != nil {
		err = s.end
	}
	return f, err
}

func (s *source) Close() error { s.closed++; return nil }

func TestReplay(t *testing.T) {
	end := errors.New("reset")
	rest := &source{Frames: Of(Frame{Finish: "3"}), end: end}
	r := Replay([]Frame{{Finish: "1"}, {Finish: "2"}}, rest)
	got := ""
	for range 3 {
		if !r.Buffered() {
			t.Errorf("nothing buffered after %q", got)
		}
		f, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		got += f.Finish
	}
	if _, err := r.Next(); got != "123" || err != end || r.Buffered() {
		t.Errorf("got %q, then %v", got, err)
	}
	if err := r.Close(); err != nil || rest.closed != 1 {
		t.Errorf("%v, closed %d times", err, rest.closed)
	}
}

func TestOf(t *testing.T) {
	o := Of(Frame{Finish: "1"}, Frame{Finish: "2"})
	if f, err := o.Next(); err != nil || f.Finish != "1" {
		t.Fatal(f, err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Next(); err != io.EOF || o.Buffered() {
		t.Errorf("after Close: %v", err)
	}
}
