package otel

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// poster sends documents to one path of a collector.
type poster struct {
	client   *http.Client
	url      string
	header   http.Header
	squeeze  bool          // gzip bodies
	patience time.Duration // how long what was not taken is tried again; 0: it is not
}

// newPoster takes a signal, "traces" or "metrics".
func newPoster(cfg Config, signal string, patience time.Duration) (*poster, error) {
	u, err := url.Parse(cfg.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("send %s: the endpoint is no http or https URL; write http://HOST:PORT", signal)
	}
	p := &poster{client: newClient(cfg), url: u.JoinPath("v1", signal).String(), header: http.Header{}, patience: patience}
	p.header.Set("User-Agent", "weir/"+cmp.Or(cfg.Version, "unknown"))
	for name, value := range cfg.Header {
		p.header.Set(name, value)
	}
	p.header.Set("Content-Type", "application/json")
	if p.squeeze = compression(signal) == "gzip"; p.squeeze {
		p.header.Set("Content-Encoding", "gzip")
	}
	return p, nil
}

// compression is what OpenTelemetry's own variables ask for.
func compression(signal string) string {
	return cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_"+strings.ToUpper(signal)+"_COMPRESSION"), os.Getenv("OTEL_EXPORTER_OTLP_COMPRESSION"))
}

// Waits between tries: they grow by half from the first to the longest, and each
// is spread by half, so that not all come back at once.
const (
	firstWait   = time.Second
	longestWait = 5 * time.Second
)

// post sends a document until it is taken, refused for good, or patience or ctx
// ends. The error is a *partly where not all of it was taken.
func (p *poster) post(ctx context.Context, document any) error {
	body, err := p.encode(document)
	if err != nil {
		return err
	}
	began := time.Now()
	for pause := firstWait; ; pause = min(pause*3/2, longestWait) {
		err := p.once(ctx, body)
		var again *busy
		if !errors.As(err, &again) || p.patience == 0 {
			return err
		}
		wait := max(again.wait, pause/2+rand.N(pause))
		if time.Since(began)+wait > p.patience {
			return fmt.Errorf("given up after %s: %w", time.Since(began).Round(time.Millisecond), err)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}

func (p *poster) encode(document any) ([]byte, error) {
	body, err := json.Marshal(document)
	if err != nil || !p.squeeze {
		return body, err
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err = w.Write(body); err == nil {
		err = w.Close()
	}
	return b.Bytes(), err
}

func (p *poster) once(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = p.header.Clone()
	resp, err := p.client.Do(req)
	var failed *url.Error
	switch {
	case errors.As(err, &failed) && failed.Timeout() && ctx.Err() == nil:
		return &busy{why: failed.Err} // without the URL, whose query may hold a key
	case failed != nil:
		return failed.Err
	case err != nil:
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	said, err := io.ReadAll(io.LimitReader(resp.Body, mostRead)) // to its end, so that the connection is kept
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return became(resp, said)
}
