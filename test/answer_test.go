package test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"
)

// answer is what came back, taken apart without a client library.
type answer struct {
	status    int
	header    http.Header
	raw       []byte
	model     string
	text      string
	finish    string
	usageSeen int // of a whole answer, or chunks of a stream, that carry usage
	output    int // completion tokens by the last usage
	chunks    [][]byte
	first     time.Duration // to the first chunk with text
}

// ask posts a body to /v1/chat/completions. An answer that is not 200, or a
// stream that does not end as one should, is an error.
func ask(ctx context.Context, base string, body []byte, header http.Header) (answer, error) {
	began := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v1/chat/completions", bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header = header.Clone()
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		err = a.readStream(resp.Body, began)
	} else if a.raw, err = io.ReadAll(resp.Body); err == nil {
		err = a.read(a.raw, "message")
	}
	if a.status != http.StatusOK {
		return a, fmt.Errorf("status %d: %s", a.status, a.raw)
	}
	return a, err
}

// readStream reads events to the end of the stream. The upstreams of these tests
// write one line of data to an event, and Weir relays them as they came.
func (a *answer) readStream(r io.Reader, began time.Time) error {
	done := false
	var partial []byte
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		a.raw = append(a.raw, buf[:n]...)
		partial = append(partial, buf[:n]...)
		for {
			event, rest, whole := bytes.Cut(partial, []byte("\n\n"))
			if !whole {
				break
			}
			partial = rest
			data := bytes.TrimPrefix(event, []byte("data: "))
			if done {
				return fmt.Errorf("the stream goes on after [DONE]: %q", data)
			}
			if string(data) == "[DONE]" {
				done = true
				continue
			}
			a.chunks = append(a.chunks, bytes.Clone(data))
			if err := a.read(data, "delta"); err != nil {
				return err
			}
			if a.first == 0 && a.text != "" {
				a.first = time.Since(began)
			}
		}
		switch {
		case err == io.EOF && done && len(partial) == 0:
			return nil
		case err == io.EOF:
			return fmt.Errorf("the stream ended without [DONE], after %q", a.raw[max(0, len(a.raw)-200):])
		case err != nil:
			return err
		}
	}
}

// read takes one object apart: a whole answer or a chunk.
func (a *answer) read(data []byte, member string) error {
	var o struct {
		Model   string
		Choices []struct {
			Message, Delta struct{ Content string }
			FinishReason   string `json:"finish_reason"`
		}
		Usage *struct {
			Output int `json:"completion_tokens"`
		}
		Error json.RawMessage
	}
	if err := json.Unmarshal(data, &o); err != nil {
		return fmt.Errorf("reading %.200q: %w", data, err)
	}
	if o.Error != nil {
		return fmt.Errorf("an error inside the answer: %s", o.Error)
	}
	if a.model = o.Model; o.Usage != nil {
		a.usageSeen++
		a.output = o.Usage.Output
	}
	for _, c := range o.Choices {
		if member == "message" {
			a.text += c.Message.Content
		} else {
			a.text += c.Delta.Content
		}
		if c.FinishReason != "" {
			a.finish = c.FinishReason
		}
	}
	return nil
}

// sameJSON compares documents as values.
func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
