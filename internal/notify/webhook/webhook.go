// Package webhook delivers messages by POST to an address: JSON of notify.Message,
// whose member text is what the incoming webhooks of chat services show.
//
// The address is a secret: who has it can post. It is asked for each time, so that
// one that was replaced is in force at once, and it stands in no error. It comes
// from definitions, never from a caller, and still is not trusted to lead where it
// says: redirects are not followed, proxies of the environment are not used, and
// the address is looked at after names are resolved (dial.go), so that no name
// reaches a cloud's metadata service.
package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/offlimits"
)

// Config says where to and how patiently.
type Config struct {
	URL      func() (string, error) // resolves the address; asked for each message
	Timeout  time.Duration          // of one attempt; 0: 10 s
	Attempts int                    // at most; 0: 4
	Pause    time.Duration          // before the second attempt, twice as long before each further one; 0: 1 s
}

// Sender posts messages.
type Sender struct {
	cfg  Config
	http *http.Client
}

var _ notify.Sender = (*Sender)(nil)

// New makes a Sender. Nothing is called yet.
func New(cfg Config) (*Sender, error) {
	if cfg.URL == nil {
		return nil, errors.New("make a webhook: there is no address")
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.Attempts <= 0 {
		cfg.Attempts = 4
	}
	if cfg.Pause <= 0 {
		cfg.Pause = time.Second
	}
	dialer := &net.Dialer{ControlContext: refuseMetadata}
	return &Sender{cfg: cfg, http: &http.Client{
		Transport: &http.Transport{DialContext: dialer.DialContext, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 1,
			IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close gives up connections that are kept.
func (s *Sender) Close() { s.http.CloseIdleConnections() }

// Send posts a message, again where that may help.
func (s *Sender) Send(ctx context.Context, m *notify.Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode message %q: %w", m.ID, err)
	}
	to, err := s.address()
	if err != nil {
		return fmt.Errorf("send message %q: %w", m.ID, err)
	}
	wait := s.cfg.Pause
	for try := 1; ; try++ {
		again, err := s.post(ctx, to, m.ID, body)
		if err == nil {
			return nil
		}
		if again < 0 || try == s.cfg.Attempts || ctx.Err() != nil {
			return fmt.Errorf("send message %q to %s (%s): %w", m.ID, to.Host, attempts(try), err)
		}
		if sleep(ctx, max(wait, again)) != nil {
			return fmt.Errorf("send message %q to %s (%s): %w", m.ID, to.Host, attempts(try), err)
		}
		wait *= 2
	}
}

func attempts(n int) string {
	if n == 1 {
		return "1 attempt"
	}
	return strconv.Itoa(n) + " attempts"
}

// address resolves and reads the address. What is wrong with it is said without it.
func (s *Sender) address() (*url.URL, error) {
	text, err := s.cfg.URL()
	if err != nil {
		return nil, fmt.Errorf("find the address of the webhook: %w", err)
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil, errors.New("the address of the webhook is no http:// or https:// URL (it is not shown: it is a secret)")
	}
	return u, nil
}

// never says that another attempt would not help.
const never = time.Duration(-1)

// post makes one attempt; again is how long to wait at least before another.
func (s *Sender) post(ctx context.Context, to *url.URL, id string, body []byte) (again time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), bytes.NewReader(body))
	if err != nil {
		return never, errors.New("the address of the webhook cannot be called (it is not shown: it is a secret)")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "weir")
	req.Header.Set("Idempotency-Key", header(id))
	resp, err := s.http.Do(req)
	if err != nil {
		return s.failed(ctx, err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be used again
	return verdict(resp)
}

// failed is an attempt without an answer. The layer of net/http names the address;
// it is left out.
func (s *Sender) failed(ctx context.Context, err error) (time.Duration, error) {
	var layer *url.Error
	if errors.As(err, &layer) {
		err = layer.Err
	}
	if errors.Is(err, offlimits.ErrMetadata) {
		return never, err
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return 0, fmt.Errorf("no answer within %s: %w", s.cfg.Timeout, context.DeadlineExceeded)
	}
	return 0, err
}

// verdict reads the status of an answer.
func verdict(resp *http.Response) (time.Duration, error) {
	code := resp.StatusCode
	switch {
	case code/100 == 2:
		return 0, nil
	case code/100 == 3:
		return never, fmt.Errorf("it answered %d: redirects are not followed; give the address that this one leads to", code)
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code/100 == 5:
		return retryAfter(resp.Header), fmt.Errorf("it answered %d", code)
	}
	return never, fmt.Errorf("it answered %d", code)
}

// longestPause bounds what a receiver may make us wait.
const longestPause = 30 * time.Second

func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(min(n, 3600))*time.Second, longestPause)
}

// header makes a value of a header of an id, which holds names from definitions.
func header(id string) string { return url.PathEscape(id) }

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
