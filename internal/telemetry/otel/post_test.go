package otel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// scripted is a collector that gives one answer after the other, the last for good.
type scripted struct {
	answers []answer
	at      []time.Duration // when each was given, since the start
	began   time.Time
}

type answer struct {
	status int
	after  string // Retry-After
	err    error
}

func (s *scripted) RoundTrip(req *http.Request) (*http.Response, error) {
	a := s.answers[min(len(s.at), len(s.answers)-1)]
	s.at = append(s.at, time.Since(s.began))
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return nil, err
	}
	if a.err != nil {
		return nil, a.err
	}
	h := http.Header{}
	if a.after != "" {
		h.Set("Retry-After", a.after)
	}
	return &http.Response{StatusCode: a.status, Status: fmt.Sprint(a.status), Header: h, Body: http.NoBody, Request: req}, nil
}

func post(ctx context.Context, patience time.Duration, answers ...answer) (*scripted, error) {
	s := &scripted{answers: answers, began: time.Now()}
	p := &poster{client: &http.Client{Transport: s, Timeout: 10 * time.Second}, url: "http://collector/v1/traces", patience: patience}
	return s, p.post(ctx, map[string]string{})
}

func TestTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := post(t.Context(), 30*time.Second,
			answer{status: 503, after: "7"}, answer{status: 429}, answer{err: os.ErrDeadlineExceeded},
			answer{status: 504, after: time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat)}, answer{status: 200})
		if err != nil || len(s.at) != 5 {
			t.Fatalf("%d tries: %v", len(s.at), err)
		}
		if s.at[1] != 7*time.Second {
			t.Errorf("the second try came after %s, and the collector asked for 7s", s.at[1])
		}
		// The second and third waits are 1.5 s and 2.25 s, each spread by half.
		for i, between := range [][2]time.Duration{1: {750 * time.Millisecond, 2250 * time.Millisecond}, 2: {1125 * time.Millisecond, 3375 * time.Millisecond}} {
			if wait := s.at[i+1] - s.at[i]; i > 0 && (wait < between[0] || wait > between[1]) {
				t.Errorf("wait %d is %s, want one of %s to %s", i+1, wait, between[0], between[1])
			}
		}
		if s.at[4] != 20*time.Second {
			t.Errorf("the last try came after %s, and the collector named a date 20s ahead", s.at[4])
		}
	})
}

func TestPatienceEnds(t *testing.T) {
	for name, c := range map[string]struct {
		patience time.Duration
		answer   answer
		tries    [2]int
	}{
		"a collector that stays busy":             {30 * time.Second, answer{status: 502}, [2]int{5, 30}},
		"one that asks for more than there is":    {30 * time.Second, answer{status: 429, after: "31"}, [2]int{1, 1}},
		"no patience, as with metrics":            {0, answer{status: 503}, [2]int{1, 1}},
		"one that refuses for good":               {30 * time.Second, answer{status: 400}, [2]int{1, 1}},
		"one that breaks, which is not said busy": {30 * time.Second, answer{status: 500}, [2]int{1, 1}},
		"one that is not there":                   {30 * time.Second, answer{err: errors.New("connection refused")}, [2]int{1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := post(t.Context(), c.patience, c.answer)
				if err == nil || len(s.at) < c.tries[0] || len(s.at) > c.tries[1] {
					t.Errorf("%d tries, want %v: %v", len(s.at), c.tries, err)
				}
				if took := time.Since(s.began); took > c.patience {
					t.Errorf("it took %s", took)
				}
				if c.answer.status != 0 && !strings.Contains(err.Error(), fmt.Sprint(c.answer.status)) {
					t.Errorf("error %q", err)
				}
			})
		})
	}
}

func TestEndOfAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		s, err := post(ctx, time.Minute, answer{status: 503, after: "20"})
		if took := time.Since(s.began); !errors.Is(err, context.DeadlineExceeded) || took != 3*time.Second {
			t.Errorf("after %s: %v", took, err)
		}
	})
}

func TestRetryAfterThatSaysNothing(t *testing.T) {
	for _, v := range []string{"", "-1", "soon", "1e9", "99999999999999999999", "Mon, 02 Jan 2006 15:04:05 GMT"} {
		if got := retryAfter(v); got != 0 {
			t.Errorf("%q: %s", v, got)
		}
	}
}

func TestCompression(t *testing.T) {
	for _, variable := range []string{"OTEL_EXPORTER_OTLP_COMPRESSION", "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION"} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, "gzip")
			c := newCollector(t)
			start(t, c, func(cfg *Config) { cfg.Metrics = false }).Record(answered())
			spansOf(t, c, 3)
			if got := c.header.Get("Content-Encoding"); got != "gzip" {
				t.Errorf("Content-Encoding %q", got)
			}
		})
	}
}

func TestCollectorAtAMetadataService(t *testing.T) {
	s, err := New(Config{Endpoint: "http://169.254.169.254", Traces: true, Batch: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	s.Record(answered())
	await(t, func() bool { return s.Telemetry().SpansLost == 3 })
	if why := s.Trouble(); !strings.Contains(why, "metadata service") {
		t.Errorf("trouble: %q", why)
	}
	shut(t, s, 5*time.Second)
}

// The endpoint may have a path and a query of its own; what is in the query may be
// a key.
func TestEndpointWithMore(t *testing.T) {
	p, err := newPoster(Config{Endpoint: "http://127.0.0.1:1/otlp?key=sesame", Timeout: time.Second}, "traces", 0)
	if err != nil || p.url != "http://127.0.0.1:1/otlp/v1/traces?key=sesame" {
		t.Fatalf("%s: %v", p.url, err)
	}
	if err := p.post(t.Context(), nil); err == nil || strings.Contains(err.Error(), "sesame") {
		t.Errorf("error %q", err)
	}
}

func TestEndpointThatIsNone(t *testing.T) {
	for _, endpoint := range []string{"collector:4318", "ftp://collector", "http://", "http://[::1"} {
		for _, cfg := range []Config{{Traces: true}, {Metrics: true}} {
			cfg.Endpoint = endpoint
			if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "http://HOST:PORT") {
				t.Errorf("%q: %v", endpoint, err)
			}
		}
	}
}
