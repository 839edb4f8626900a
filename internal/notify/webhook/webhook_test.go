package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/notify/notifytest"
	"github.com/weirhq/weir/internal/offlimits"
)

// receiver answers with the next of its statuses, the last one for ever, and keeps
// what came.
type receiver struct {
	mu       sync.Mutex
	statuses []int
	header   http.Header // of its answers
	calls    []*http.Request
	messages []notify.Message // of calls that were answered with 200
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var m notify.Message
	data, _ := io.ReadAll(req.Body)
	_ = json.Unmarshal(data, &m)
	r.calls = append(r.calls, req)
	status := 200
	if len(r.statuses) > 0 {
		status = r.statuses[0]
		if len(r.statuses) > 1 {
			r.statuses = r.statuses[1:]
		}
	}
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(status)
	if status == 200 {
		r.messages = append(r.messages, m)
	}
}

func (r *receiver) arrived() []notify.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]notify.Message(nil), r.messages...)
}

func (r *receiver) called() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.calls)
}

const secretPath = "/hooks/T0/c4n4ry"

func sender(t *testing.T, url string) *Sender {
	t.Helper()
	s, err := New(Config{URL: func() (string, error) { return url, nil }, Pause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func receive(t *testing.T, r *receiver) string {
	t.Helper()
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return server.URL + secretPath
}

func TestWebhookKeepsTheContract(t *testing.T) {
	notifytest.Test(t, func(t *testing.T) (notify.Sender, func() []notify.Message) {
		r := &receiver{}
		return sender(t, receive(t, r)), r.arrived
	})
}

// What may pass is tried again, what will not is not.
func TestAttempts(t *testing.T) {
	for _, c := range []struct {
		name     string
		statuses []int
		calls    int
		words    string // of the error; "": it arrives
	}{
		{"at once", []int{200}, 1, ""},
		{"the third time", []int{500, 503, 200}, 3, ""},
		{"too many requests", []int{429, 200}, 2, ""},
		{"never", []int{503}, 4, "(4 attempts): it answered 503"},
		{"refused", []int{403}, 1, "(1 attempt): it answered 403"},
		{"gone", []int{410}, 1, "it answered 410"},
		{"elsewhere", []int{302}, 1, "redirects are not followed"},
		{"elsewhere for ever", []int{308}, 1, "redirects are not followed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			other := &receiver{}
			r := &receiver{statuses: c.statuses, header: http.Header{"Location": {receive(t, other)}}}
			err := sender(t, receive(t, r)).Send(t.Context(), &notify.Message{ID: "budget/team a/80"})
			switch {
			case c.words == "" && err != nil:
				t.Error(err)
			case c.words != "" && (err == nil || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), "c4n4ry")):
				t.Errorf("%v, want %q", err, c.words)
			}
			if r.called() != c.calls || other.called() != 0 {
				t.Errorf("%d calls, want %d; %d followed", r.called(), c.calls, other.called())
			}
			if key := r.calls[0].Header.Get("Idempotency-Key"); key != "budget%2Fteam%20a%2F80" {
				t.Errorf("Idempotency-Key %q", key)
			}
		})
	}
}

// The time of the receiver is not ours: it may ask for a pause, within bounds.
func TestRetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "2": 2 * time.Second, "86400": longestPause, "-1": 0, "soon": 0} {
		if got := retryAfter(http.Header{"Retry-After": {text}}); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestSlowReceiver(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	s, err := New(Config{URL: func() (string, error) { return server.URL + secretPath, nil }, Timeout: 30 * time.Millisecond, Attempts: 2, Pause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Send(t.Context(), &notify.Message{ID: "a"})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "(2 attempts)") || strings.Contains(err.Error(), "c4n4ry") {
		t.Errorf("%v", err)
	}
}

// A context that ends ends the pause between attempts too.
func TestContextEndsThePause(t *testing.T) {
	r := &receiver{statuses: []int{503}}
	url := receive(t, r)
	s, err := New(Config{URL: func() (string, error) { return url, nil }, Pause: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Send(ctx, &notify.Message{ID: "a"}) }()
	for r.called() == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; err == nil || r.called() != 1 {
		t.Errorf("%v, %d calls", err, r.called())
	}
}

// No address of a metadata service is called, in whichever form it is written, and
// not a second time.
func TestMetadataIsRefused(t *testing.T) {
	for _, host := range []string{"169.254.169.254", "169.254.170.2", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "100.100.100.200", "[fd00:ec2::254]", "168.63.129.16"} {
		err := sender(t, "http://"+host+secretPath).Send(t.Context(), &notify.Message{ID: "a"})
		if !errors.Is(err, offlimits.ErrMetadata) || !strings.Contains(err.Error(), "(1 attempt)") || strings.Contains(err.Error(), "c4n4ry") {
			t.Errorf("%s: %v", host, err)
		}
	}
	for address, refused := range map[string]bool{"169.254.169.254:80": true, "[fe80::a9fe:a9fe%eth0]:80": true, "127.0.0.1:80": false, "10.0.0.1:443": false, "nonsense": true} {
		if err := refuseMetadata(t.Context(), "tcp", address, nil); (err != nil) != refused {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// What is wrong with the address is said without it.
func TestWrongAddresses(t *testing.T) {
	for _, url := range []string{"", "c4n4ry", "ftp://h/c4n4ry", "http:///c4n4ry", "http://h:c4n4ry/", "http://h/%zzc4n4ry", "https://c4n4ry\x7f/"} {
		err := sender(t, url).Send(t.Context(), &notify.Message{ID: "a"})
		if err == nil || strings.Contains(err.Error(), "c4n4ry") {
			t.Errorf("%q: %v", url, err)
		}
	}
	unset := errors.New("env:HOOK is not set")
	s, err := New(Config{URL: func() (string, error) { return "", unset }})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), &notify.Message{ID: "a"}); !errors.Is(err, unset) {
		t.Errorf("%v", err)
	}
	if _, err := New(Config{}); err == nil {
		t.Error("a webhook without an address")
	}
}

// Nobody is there: the error names the host, and no more of the address.
func TestNobodyThere(t *testing.T) {
	err := sender(t, "http://127.0.0.1:1"+secretPath).Send(t.Context(), &notify.Message{ID: "a"})
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") || strings.Contains(err.Error(), "c4n4ry") {
		t.Errorf("%v", err)
	}
}
