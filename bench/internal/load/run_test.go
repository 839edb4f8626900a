package load

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// stream is what mockllm sends, with the content chunks of the list.
func stream(tokens ...int) string {
	var b strings.Builder
	b.WriteString("data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n")
	for _, n := range tokens {
		fmt.Fprintf(&b, "data: {\"choices\":[{\"delta\":{\"content\":\" token%d\"}}]}\n\n", n)
	}
	return b.String() + "data: [DONE]\n\n"
}

func TestInOrder(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       bool
	}{
		{"whole", stream(0, 1, 2), true},
		{"one lost", stream(0, 2), false},
		{"last lost", stream(0, 1), false},
		{"twice", stream(0, 1, 1, 2), false},
		{"swapped", stream(1, 0, 2), false},
		{"another number with the same start", stream(0, 1, 20), false},
		{"no end", strings.TrimSuffix(stream(0, 1, 2), "data: [DONE]\n\n"), false},
		{"something after the end", stream(0, 1, 2) + "data: {}\n\n", false},
		{"nothing", "", false},
	} {
		if got := inOrder([]byte(c.body), 3); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestRunCountsWhatIsWrong(t *testing.T) {
	body, status := atomic.Value{}, atomic.Int64{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(int(status.Load()))
		fmt.Fprint(w, body.Load())
	}))
	defer srv.Close()
	for _, c := range []struct {
		name   string
		status int
		body   string
		kind   string
	}{
		{"a whole stream", 200, stream(0, 1), ""},
		{"an event lost", 200, stream(0), "incomplete"},
		{"an event in another's place", 200, stream(0, 0), "frames"},
		{"no end", 200, "data: {}\n\n", "incomplete"},
		{"an error", 503, "{}", "http 503"},
	} {
		body.Store(c.body)
		status.Store(int64(c.status))
		r, err := Run(Config{URL: srv.URL, Model: "m", Stream: true, BodySize: 512, Conns: 2, Duration: 50 * time.Millisecond, Events: 3, Tokens: 2})
		if err != nil {
			t.Fatal(err)
		}
		if c.kind == "" && (r.Requests == 0 || r.Errors > 0) || c.kind != "" && (r.Requests > 0 || r.ErrorKind[c.kind] == 0 || len(r.ErrorKind) != 1) {
			t.Errorf("%s: %d requests, errors %v", c.name, r.Requests, r.ErrorKind)
		}
	}
}

func TestCancelledClientsAreNeitherRequestsNorErrors(t *testing.T) {
	left := make(chan struct{}, 1000)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i := range 100 { // longer than any cancelling client stays
			fmt.Fprintf(w, "data: {\"n\":%d}\n\n", i)
			w.(http.Flusher).Flush()
			time.Sleep(time.Millisecond)
			if r.Context().Err() != nil {
				left <- struct{}{}
				return
			}
		}
	}))
	defer srv.Close()
	r, err := Run(Config{URL: srv.URL, Model: "m", Stream: true, BodySize: 512, Rate: 100, Conns: 50, Duration: 200 * time.Millisecond, Cancel: 1})
	if err != nil {
		t.Fatal(err)
	}
	if r.Cancelled == 0 || r.Requests > 0 || r.Errors > 0 || r.Unsent > 0 {
		t.Errorf("%d cancelled, %d requests, errors %v, %d unsent", r.Cancelled, r.Requests, r.ErrorKind, r.Unsent)
	}
	select {
	case <-left:
	case <-time.After(5 * time.Second):
		t.Error("the server saw nobody leave")
	}
}
