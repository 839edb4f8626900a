package gateway_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/feedback"
)

// K8: what another key's request is, and what is none, cannot be told apart.
func TestK8AnotherKeysRequestIsAsIfItDidNotExist(t *testing.T) {
	r, a := newFeedbackRig(t, feedbackKeys())
	mine, chat := r.asked("r", "app")
	never := event.NewID(time.Now())
	strip := func(s string) string { return requestID.ReplaceAllString(s, "") }
	want := r.say("other", never, `"name":"n","value":1`)
	got := r.say("other", mine, `"name":"n","value":1`)
	if got.status != 404 || got.code() != "request_not_found" || strip(got.body) != strip(want.body) {
		t.Errorf("%d %s\nis not %s", got.status, got.body, want.body)
	}
	reply := strings.Split(strings.SplitAfter(chat.body, `"id":"`)[1], `"`)[0]
	if got := r.post(feedbackPath, `{"id":"`+reply+`","name":"n","value":1}`, "X-Api-Key", "other"); got.status != 404 || strip(got.body) != strip(want.body) {
		t.Errorf("by the reply's id: %d %s", got.status, got.body)
	}
	// Late ones too: their age is in their id, whoever asks.
	old := a.add("app", 40*24*time.Hour)
	x, y := r.say("other", old, `"name":"n","value":1`), r.say("other", idAt(time.Now().Add(-40*24*time.Hour)), `"name":"n","value":1`)
	if x.status != 410 || strip(x.body) != strip(y.body) {
		t.Errorf("%s\nis not %s", x.body, y.body)
	}
	if n := len(r.said()); n != 0 {
		t.Errorf("%d scores of another key's request", n)
	}
}

// K8: replayed feedback counts once. The same idempotency key gives the same id, in
// another process too; something else under it is refused.
func TestK8ReplayedFeedback(t *testing.T) {
	r, a := newFeedbackRig(t, feedbackKeys())
	id, _ := r.asked("r", "app")
	const word = `"name":"stars","value":5,"comment":"c"`
	first := r.say("app", id, word, "Idempotency-Key", "k1").feedbackID(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if again := r.say("app", id, word+`,"idempotency_key":"k1"`); again.feedbackID(t) != first {
				t.Errorf("%s, first it was %s", again.body, first)
			}
		})
	}
	wg.Wait()
	if n := len(r.said()); n != 1 {
		t.Errorf("it was recorded %d times", n)
	}
	if got := r.say("app", id, `"name":"stars","value":1`, "Idempotency-Key", "k1"); got.status != 409 || got.code() != "idempotency_key_reused" {
		t.Errorf("another word: %d %s", got.status, got.body)
	}
	if other := r.say("app", id, word, "Idempotency-Key", "k2").feedbackID(t); other == first {
		t.Error("two keys give one id")
	}
	second, b := newFeedbackRig(t, feedbackKeys()) // as after a restart
	b.more = a.rig.events.all()
	if again := second.say("app", id, word, "Idempotency-Key", "k1").feedbackID(t); again != first {
		t.Errorf("after a restart it is %s, first it was %s", again, first)
	}
}

// K8: a token is good for its request and its time, and for nothing else here.
func TestK8TokensThatAreNotGood(t *testing.T) {
	r, a := newFeedbackRig(t, feedbackKeys())
	id, chat := r.asked("ab", "app")
	other, _ := r.asked("ab", "app")
	token := chat.header.Get("X-Weir-Feedback-Token")
	forged := feedback.NewSigner([]byte(strings.Repeat("x", 32))).Token(id, time.Now().Add(time.Hour))
	expired := feedback.NewSigner(tokenSecret).Token(id, time.Now().Add(-time.Second))
	over := feedback.NewSigner(tokenSecret).Token(a.add("app", 31*24*time.Hour), time.Now().Add(time.Hour))
	for name, c := range map[string]struct {
		token, of string
		status    int
		code      string
	}{
		"another request":    {token, other, 404, "request_not_found"},
		"another Weir's":     {forged, id, 401, "feedback_token_invalid"},
		"expired":            {expired, id, 401, "feedback_token_expired"},
		"changed":            {token[:len(token)-2] + "AA", id, 401, "feedback_token_invalid"},
		"cut":                {token[:20], id, 401, "feedback_token_invalid"},
		"nothing but a name": {"wft_", id, 401, "feedback_token_invalid"},
	} {
		body := fmt.Sprintf(`{"request_id":%q,"name":"n","value":1}`, c.of)
		if got := r.post(feedbackPath, body, "Authorization", "Bearer "+c.token); got.status != c.status || got.code() != c.code {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if got := r.post(feedbackPath, fmt.Sprintf(`{"request_id":%q,"name":"n","value":1,"token":%q}`, c.of, c.token)); got.status != c.status || got.code() != c.code {
			t.Errorf("%s, in the body: %d %s", name, got.status, got.body)
		}
	}
	if got := r.post(feedbackPath, `{"name":"n","value":1}`, "Authorization", "Bearer "+over); got.status != 410 {
		t.Errorf("longer than the window: %d %s", got.status, got.body)
	}
	if got := r.chat("r", false, "Authorization", "Bearer "+token); got.status != 401 {
		t.Errorf("it is taken for a key: %d %s", got.status, got.body)
	}
	if got := r.post(feedbackPath, `{"name":"n","value":1,"token":"`+token+`"}`, "Authorization", "Bearer wrong"); got.status != 401 || got.code() != "invalid_api_key" {
		t.Errorf("beside a wrong key: %d %s", got.status, got.body)
	}
	if n := len(r.said()); n != 0 {
		t.Errorf("%d scores were recorded", n)
	}
}

// K8: feedback stuffing. Of one request only so much is taken, by whichever way,
// whatever it is called; another request is not held up by it.
func TestK8StuffingOneRequest(t *testing.T) {
	r, _ := newFeedbackRig(t, feedbackKeys())
	id, chat := r.asked("ab", "app")
	token := chat.header.Get("X-Weir-Feedback-Token")
	refused := 0
	for i := range 60 {
		var got answer
		if word := fmt.Sprintf(`"name":"n%d","value":1`, i); i%2 == 0 {
			got = r.say("app", id, word)
		} else {
			got = r.post(feedbackPath, "{"+word+"}", "Authorization", "Bearer "+token)
		}
		if got.status == 200 {
			continue
		}
		refused++
		if after, err := strconv.Atoi(got.header.Get("Retry-After")); got.status != 429 || got.code() != "feedback_rate_limited" || err != nil || after < 1 || after > 24*3600 {
			t.Fatalf("%d, Retry-After %q: %s", got.status, got.header.Get("Retry-After"), got.body)
		}
	}
	if n := len(r.said()); n != 20 || refused != 40 {
		t.Errorf("%d were taken and %d refused", n, refused)
	}
	next, _ := r.asked("ab", "app")
	r.say("app", next, `"name":"n","value":1`).feedbackID(t)
}

// K8: a key that sends without end is slowed, before its body is looked at, while
// another key is not; and made-up ids that cannot be looked up do not help it.
func TestK8StuffingByAKey(t *testing.T) {
	r, a := newFeedbackRig(t, feedbackKeys())
	a.goes(errors.New("away"))
	limited := 0
	began := time.Now()
	for range 1000 {
		if got := r.say("app", event.NewID(time.Now()), `"name":"n","value":1`); got.status == 429 {
			limited++
			if got.header.Get("Retry-After") == "" {
				t.Fatal("without Retry-After")
			}
		}
	}
	most := 500 + int(time.Since(began)/(time.Second/50)) + 1
	if n := len(r.said()); n > most || n < 500 || limited != 1000-n {
		t.Errorf("%d were taken, at most %d should be; %d limited", n, most, limited)
	}
	r.say("other", event.NewID(time.Now()), `"name":"n","value":1`).feedbackID(t)
}

// K8: feedback needs the scope and the same machine as everything else.
func TestK8StrangersMaySayNothing(t *testing.T) {
	r, _ := newFeedbackRig(t, nil)
	id, _ := r.asked("r", "any")
	body := `{"request_id":"` + id + `","name":"n","value":1}`
	for name, c := range map[string]struct {
		headers []string
		code    string
	}{
		"through a proxy": {[]string{"X-Forwarded-For", "192.0.2.1"}, "no_keys"},
		"a page":          {[]string{"Origin", "https://evil.example"}, "origin_refused"},
	} {
		if got := r.post(feedbackPath, body, c.headers...); got.code() != c.code {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	r.post(feedbackPath, body).feedbackID(t)
	if n := len(r.said()); n != 1 {
		t.Errorf("%d scores", n)
	}
}
