package chat

import (
	"bytes"
	"io"
)

// Keep copies a frame, so that it outlives the next call of Next.
func Keep(f Frame) Frame {
	raw, data := f.Raw, f.Data
	f.Raw, f.Data = bytes.Clone(raw), nil
	f.ID, f.Said, f.Fingerprint, f.Model = bytes.Clone(f.ID), bytes.Clone(f.Said), bytes.Clone(f.Fingerprint), bytes.Clone(f.Model)
	if data == nil {
		return f
	}
	if at := bytes.Index(raw, data); at >= 0 {
		f.Data = f.Raw[at : at+len(data) : at+len(data)]
	} else {
		f.Data = bytes.Clone(data)
	}
	return f
}

// Of is an answer made of the frames given.
func Of(frames ...Frame) Frames { return &replay{first: frames} }

// Replay gives the first frames, which must have been kept, and then the rest.
// It is for a reader that had to look ahead.
func Replay(first []Frame, rest Frames) Frames { return &replay{first: first, rest: rest} }

type replay struct {
	first []Frame
	rest  Frames // nil when there is none
}

func (r *replay) Next() (Frame, error) {
	if len(r.first) > 0 {
		f := r.first[0]
		r.first = r.first[1:]
		return f, nil
	}
	if r.rest == nil {
		return Frame{}, io.EOF
	}
	return r.rest.Next()
}

func (r *replay) Buffered() bool {
	return len(r.first) > 0 || r.rest != nil && r.rest.Buffered()
}

func (r *replay) Close() error {
	r.first = nil
	if r.rest == nil {
		return nil
	}
	return r.rest.Close()
}
