package chat

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// letters is a dialect for this test: an event says its data in choice 0, and
// "." is a finish reason. What begins with "?" cannot be read.
type letters struct{ Codec }

func (letters) Deltas(f Frame) ([]Delta, error) {
	if bytes.HasPrefix(f.Data, []byte("?")) {
		return nil, errors.New("cannot read")
	}
	text, end := bytes.CutSuffix(f.Data, []byte("."))
	d := Delta{Text: string(text)}
	if end {
		d.Finish = "stop"
	}
	return []Delta{d}, nil
}

func (letters) AppendFrame(dst []byte, _ Frame, d []Delta) ([]byte, error) {
	dst = append(append(dst, "data: "...), d[0].Text...)
	if d[0].Finish != "" {
		dst = append(dst, '.')
	}
	return append(dst, "\n\n"...), nil
}

// late gives every text when the next one comes. A careless one has something
// to say whenever it is flushed.
type late struct {
	held     string
	careless bool
}

func (l *late) Write(text string) string {
	text, l.held = l.held, text
	return text
}

func (l *late) Flush() string {
	held := l.held
	if !l.careless {
		l.held = ""
	}
	return held
}

func events(data ...string) []Frame {
	var frames []Frame
	for _, d := range data {
		raw := []byte("data: " + d + "\n\n")
		frames = append(frames, Frame{Kind: Event, Raw: raw, Data: raw[6 : len(raw)-2], Visible: true})
	}
	return frames
}

func TestRewriteHoldsAndFlushes(t *testing.T) {
	marker := Frame{Kind: Done, Raw: []byte("data: [DONE]\n\n")}
	for _, c := range []struct {
		name     string
		in       []Frame
		careless bool
		want     string
	}{
		{"with the finish", append(events("a", "b", "c."), marker), false, "data: \n\ndata: a\n\ndata: bc.\n\ndata: [DONE]\n\n"},
		{"before the marker", append(events("a", "b"), marker), false, "data: \n\ndata: a\n\ndata: b\n\ndata: [DONE]\n\n"},
		{"before the end", events("a", "b"), false, "data: \n\ndata: a\n\ndata: b\n\n"},
		{"of a careless filter", append(events("a"), marker), true, "data: \n\ndata: a\n\ndata: [DONE]\n\n"},
		{"without what cannot be read", append(events("?", "a."), marker), false, "data: a.\n\ndata: [DONE]\n\n"},
		{"comments pass", append([]Frame{{Kind: Comment, Raw: []byte(": x\n\n")}}, marker), false, ": x\n\ndata: [DONE]\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Rewrite(Of(c.in...), letters{}, func(int) Filter { return &late{careless: c.careless} })
			got := ""
			for range 10 {
				f, err := r.Next()
				if err != nil {
					if err != io.EOF {
						t.Fatal(err)
					}
					break
				}
				got += string(f.Raw)
				if f.Visible != (len(f.Data) > 0 && f.Data[0] != '.') {
					t.Errorf("visible %v of %q", f.Visible, f.Raw)
				}
			}
			if got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}
