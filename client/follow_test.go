package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// streams answers with the text of a stream, then ends the connection.
func streams(text string) http.HandlerFunc { return says(200, "text/event-stream", text) }

func sent(ids ...string) string {
	var b strings.Builder
	for _, id := range ids {
		fmt.Fprintf(&b, "id: %s\ndata: {\"id\":%q}\n\n", id, id)
	}
	return b.String()
}

var errEnough = errors.New("enough")

// take follows until n events came.
func take(t *testing.T, c *Client, q Query, n int) (ids []string, skipped []uint64, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err = c.Follow(ctx, q, func(e Event) error {
		ids, skipped = append(ids, e.ID), append(skipped, e.Skipped)
		if len(ids) == n {
			return errEnough
		}
		return nil
	})
	return ids, skipped, err
}

func TestFollowHandsEventsOn(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.String() != "/api/v1/events:stream?after=0&route=support" || r.Header.Get("Accept") != "text/event-stream" {
			t.Errorf("asked for %s, %v", r.URL, r.Header)
		}
		streams(": hello\n\n"+sent("1", "2")+": ping\n\nevent: news\ndata: {\"of\":\"later\"}\n\nretry: 5\n\n"+sent("3"))(w, r)
	})
	ids, _, err := take(t, New(s.URL), Query{Route: "support", After: "0", Limit: 5, PageToken: "x"}, 3)
	if !errors.Is(err, errEnough) || err != errEnough || !slices.Equal(ids, []string{"1", "2", "3"}) {
		t.Errorf("%v, %v", ids, err)
	}
}

func TestFollowGoesOnWhereItBrokeOff(t *testing.T) {
	var asked []string
	record := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r.URL.Query().Get("after"))
			h(w, r)
		}
	}
	s := serve(t,
		record(streams(sent("1", "2")+"id: 3\ndata: {\"id\"")), // cut in the middle of an event
		record(problem(503, "draining")),
		record(hangUp),
		record(streams(sent("3"))),
		record(streams(sent("4"))))
	ids, _, err := take(t, New(s.URL), Query{}, 4)
	if err != errEnough || !slices.Equal(ids, []string{"1", "2", "3", "4"}) {
		t.Errorf("%v, %v", ids, err)
	}
	if want := []string{"", "2", "2", "2", "3"}; !slices.Equal(slices.Compact(asked), slices.Compact(want)) {
		t.Errorf("asked for what came after %q, want %q", asked, want)
	}
}

func TestFollowTellsWhatWasSkipped(t *testing.T) {
	s := serve(t, streams(sent("1")+"event: dropped\ndata: {\"dropped\":7}\n\nevent: dropped\ndata: {\"dropped\":5}\n\n"+sent("20", "21")))
	_, skipped, err := take(t, New(s.URL), Query{}, 3)
	if err != errEnough || !slices.Equal(skipped, []uint64{0, 12, 0}) {
		t.Errorf("%v, %v", skipped, err)
	}
}

func TestFollowSaysAtOnceThatItMayNot(t *testing.T) {
	s := serve(t, problem(403, "scope_missing"))
	_, _, err := take(t, New(s.URL), Query{}, 1)
	var e *Error
	if !errors.As(err, &e) || e.Code != "scope_missing" || s.calls.Load() != 1 {
		t.Errorf("%d calls, %v", s.calls.Load(), err)
	}
}

func TestFollowStopsWhenTheKeyIsRevoked(t *testing.T) {
	s := serve(t, streams(sent("1")), problem(401, "invalid_api_key"))
	ids, _, err := take(t, New(s.URL), Query{}, 2)
	var e *Error
	if !errors.As(err, &e) || e.Status != 401 || len(ids) != 1 {
		t.Errorf("%v, %v", ids, err)
	}
}

func TestFollowSaysThatNobodyIsThere(t *testing.T) {
	s := serve(t, hangUp)
	s.Close()
	if _, _, err := take(t, New(s.URL), Query{}, 1); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestFollowEndsWithItsContext(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := New(s.URL).Follow(ctx, Query{}, func(Event) error { return nil }); err != context.Canceled {
		t.Error(err)
	}
}

func TestFollowRefusesAnEventItCannotRead(t *testing.T) {
	s := serve(t, streams("data: {oops\n\n"))
	if _, _, err := take(t, New(s.URL), Query{}, 1); err == nil || !strings.Contains(err.Error(), "decode an event") || s.calls.Load() != 1 {
		t.Errorf("%d calls, %v", s.calls.Load(), err)
	}
}
