package openai

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai"
	"github.com/weirhq/weir/internal/upstream"
)

// reply turns a response into what the contract promises, or says why it is
// none. It closes the response unless a stream is handed on.
func (d *Driver) reply(ctx context.Context, t *target, res *http.Response, stream bool, choices int) (*upstream.Reply, error) {
	body := d.answer(ctx, t, res)
	r := &upstream.Reply{Status: res.StatusCode, Header: res.Header}
	err := body.unpack(res)
	switch {
	case res.StatusCode >= 400:
		r.Body, err = d.errorBody(ctx, body, err)
	case err != nil:
	case res.StatusCode >= 300 || res.StatusCode < 200:
		err = errors.New(odd(res))
	default:
		var handed bool
		if r.Frames, handed, err = d.frames(res, body, stream, choices); handed {
			return r, nil
		}
	}
	_ = body.Close()
	if err == nil {
		return r, nil
	}
	var already *upstream.Error
	if errors.As(err, &already) || ctx.Err() != nil {
		return nil, err
	}
	return nil, d.failed(t, upstream.Protocol, err)
}

// odd describes a status that is neither an answer nor an error.
func odd(res *http.Response) string {
	s := fmt.Sprintf("answered %d", res.StatusCode)
	if res.StatusCode < 300 || res.StatusCode >= 400 {
		return s
	}
	if to, err := url.Parse(res.Header.Get("Location")); err == nil && to.Host != "" {
		s += " (a redirect to " + to.Scheme + "://" + to.Host + ")"
	}
	return s + ": redirects are not followed; give the final address as endpoint"
}

// frames reads or opens an answer. handed says that the body now belongs to the
// frames.
func (d *Driver) frames(res *http.Response, body *answerBody, stream bool, choices int) (_ chat.Frames, handed bool, _ error) {
	isStream, err := d.isStream(res, body, stream)
	switch {
	case err != nil:
		return nil, false, err
	case isStream && !stream:
		return nil, false, errors.New("answered with a stream of events although none was asked for")
	case isStream:
		return openai.NewStream(body, openai.StreamOptions{MaxEvent: d.model.MaxEvent, Choices: choices}), true, nil
	}
	length := res.ContentLength
	if body.packed {
		length = -1
	}
	raw, err := d.whole(body, length, d.model.MaxAnswer)
	if err != nil {
		return nil, false, err
	}
	f, err := openai.NewWhole(raw).Next()
	if err != nil || f.Kind == chat.Malformed {
		return nil, false, fmt.Errorf("answered %d with %s that is not a JSON object", res.StatusCode, described(res, raw))
	}
	return chat.Of(f), false, nil
}

func described(res *http.Response, raw []byte) string {
	if len(raw) == 0 {
		return "an empty body"
	}
	if ct := res.Header.Get("Content-Type"); ct != "" {
		return fmt.Sprintf("a body of type %q", ct)
	}
	return "a body of no type"
}

// isStream goes by the content type. Where that says neither, the first byte
// does: some servers stream as text/plain, or with no type at all.
func (d *Driver) isStream(res *http.Response, body *answerBody, asked bool) (bool, error) {
	kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	switch kind = strings.ToLower(strings.TrimSpace(kind)); {
	case kind == "text/event-stream":
		return true, nil
	case !asked || strings.HasSuffix(kind, "json"):
		return false, nil
	}
	first, err := body.peek()
	return err == nil && first != '{' && first != '<', err
}

// errorBody keeps what an error says, as far as it comes. How it breaks off
// matters less than the status, which is known.
func (d *Driver) errorBody(ctx context.Context, body *answerBody, packed error) ([]byte, error) {
	if packed != nil {
		return nil, nil
	}
	raw, err := io.ReadAll(io.LimitReader(body, maxErrorBody))
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	for _, secret := range d.secrets {
		if secret != "" {
			raw = bytes.ReplaceAll(raw, []byte(secret), []byte("[secret]"))
		}
	}
	return raw, nil
}

// whole reads an answer of a length that may be known. A length that is a lie
// costs at most a megabyte.
func (d *Driver) whole(body *answerBody, length, most int64) ([]byte, error) {
	if length > most {
		return nil, d.failed(body.target, upstream.TooLarge, fmt.Errorf("%w: %d bytes announced, %d allowed", chat.ErrTooLarge, length, most))
	}
	room := length
	if length < 0 {
		room = 4 << 10
	}
	buf := make([]byte, 0, min(max(room, 512), 1<<20))
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > most:
			return nil, d.failed(body.target, upstream.TooLarge, fmt.Errorf("%w: more than %d bytes", chat.ErrTooLarge, most))
		case err == io.EOF || err == nil && int64(len(buf)) == length:
			return buf, nil
		case err != nil:
			return nil, err
		}
	}
}
