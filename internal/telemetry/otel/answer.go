package otel

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// mostRead is how much of a collector's answer is read.
const mostRead = 64 << 10

// busy is a collector that did not take a document and may take it later.
type busy struct {
	why  error
	wait time.Duration // at least, if it said so
}

func (b *busy) Error() string { return b.why.Error() }
func (b *busy) Unwrap() error { return b.why }

// partly is an answer that a part of a document was refused. Sending it again
// would not help.
type partly struct {
	refused int64 // spans or points
	why     string
}

func (p *partly) Error() string { return fmt.Sprintf("%d refused: %s", p.refused, p.why) }

// became says what became of a document that was answered.
func became(resp *http.Response, said []byte) error {
	if resp.StatusCode/100 == 2 {
		return taken(resp.Header.Get("Content-Type"), said)
	}
	words := text("", strings.TrimSpace(string(said))).Value.AsString()
	if words == "" {
		words = "without a word"
	}
	err := fmt.Errorf("the collector answered %s: %s", resp.Status, words)
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return &busy{err, retryAfter(resp.Header.Get("Retry-After"))}
	}
	return err
}

// taken looks for what a collector that answered well did not take. An answer in
// another format than the question's is taken for "all of it".
func taken(contentType string, said []byte) error {
	if kind, _, _ := mime.ParseMediaType(contentType); kind != "application/json" || len(said) == 0 {
		return nil
	}
	var answer struct {
		Part struct {
			Spans  json.Number `json:"rejectedSpans"` // as a number or as a string
			Points json.Number `json:"rejectedDataPoints"`
			Why    string      `json:"errorMessage"`
		} `json:"partialSuccess"`
	}
	if err := json.Unmarshal(said, &answer); err != nil {
		return fmt.Errorf("read the collector's answer: %w", err)
	}
	spans, _ := answer.Part.Spans.Int64()
	points, _ := answer.Part.Points.Int64()
	if n := spans + points; n > 0 {
		return &partly{n, text("", answer.Part.Why).Value.AsString()}
	}
	return nil // words without a number are advice
}

// retryAfter reads seconds or a date; 0 is neither.
func retryAfter(v string) time.Duration {
	if n, err := strconv.ParseUint(v, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}
