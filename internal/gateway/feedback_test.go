package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/feedback"
	"github.com/weirhq/weir/internal/gateway"
)

// archive stands for what finds requests: those of a rig's recorder, and more.
type archive struct {
	mu    sync.Mutex
	rig   *rig
	more  []*event.Event
	bare  map[string]time.Time // requests of which only the exposure is left
	away  error
	looks int
}

func (a *archive) find(_ context.Context, q gateway.Sought) (gateway.Origin, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.looks++
	if a.away != nil {
		return gateway.Origin{}, a.away
	}
	for _, e := range append(a.rig.events.all(), a.more...) {
		if q.ID != "" && e.ID == q.ID || q.BodyID != "" && e.BodyID == q.BodyID && e.Key == q.Key && e.Project == q.Project {
			return gateway.Origin{ID: e.ID, Time: e.Time, Project: e.Project, Key: e.Key}, nil
		}
	}
	if at, ok := a.bare[q.ID]; ok {
		return gateway.Origin{ID: q.ID, Time: at, Bare: true}, nil
	}
	return gateway.Origin{}, gateway.ErrNoRequest
}

// idAt is an id that Weir made at a time: event.NewID never goes back.
func idAt(at time.Time) string {
	id := event.NewID(time.Now())
	ms := fmt.Sprintf("%012x", at.UnixMilli())
	return ms[:8] + "-" + ms[8:] + id[13:]
}

// goes makes the archive unreachable, or reachable again.
func (a *archive) goes(why error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.away = why
}

// add puts in a request of a key that came some time ago.
func (a *archive) add(key string, age time.Duration) string {
	at := time.Now().Add(-age)
	e := &event.Event{ID: idAt(at), BodyID: "chatcmpl-old", Time: at, Key: key, Project: access.DefaultProject}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.more = append(a.more, e)
	return e.ID
}

// feedbackKeys are two applications that may say something, and one that may not.
func feedbackKeys() []access.Key {
	var keys []access.Key
	for name, scopes := range map[string]access.Scope{"app": access.Call | access.Feedback, "other": access.Call | access.Feedback, "mute": access.Call} {
		keys = append(keys, access.Key{Name: name, SHA256: access.Digest(name), Scopes: scopes})
	}
	return keys
}

var tokenSecret = []byte(strings.Repeat("s", 32))

// newFeedbackRig is a rig that takes feedback. Route "ab" hands out tokens.
func newFeedbackRig(t *testing.T, keys []access.Key) (*rig, *archive) {
	t.Helper()
	a := &archive{bare: map[string]time.Time{}}
	r := newRig(t, setup{keys: keys,
		config: func(c *gateway.Config) { c.Find, c.Tokens = a.find, feedback.NewSigner(tokenSecret) },
		route:  func(r *experiment.Route) { r.Token = r.Name == "ab" }})
	a.rig = r
	return r, a
}

const feedbackPath = "/v1/feedback"

// said gives the scores that were recorded.
func (r *rig) said() []*event.Score {
	r.events.mu.Lock()
	defer r.events.mu.Unlock()
	return append([]*event.Score(nil), r.events.scores...)
}

// asked asks with a key and gives Weir's id of the request.
func (r *rig) asked(route, key string) (id string, a answer) {
	r.t.Helper()
	a = r.chat(route, false, "Authorization", "Bearer "+key, "X-User-Id", "u")
	if a.status != 200 {
		r.t.Fatal(a.status, a.body)
	}
	id = a.header.Get("X-Weir-Request-Id")
	for range 1000 { // its record is made before its answer's last byte, and read by this test beside it
		for _, e := range r.events.all() {
			if e.ID == id {
				return id, a
			}
		}
		time.Sleep(time.Millisecond)
	}
	r.t.Fatal("not recorded: ", id)
	return "", a
}

// say says something with a key; more are members of the body.
func (r *rig) say(key, id, more string, headers ...string) answer {
	r.t.Helper()
	return r.post(feedbackPath, fmt.Sprintf(`{"request_id":%q,%s}`, id, more), append([]string{"Authorization", "Bearer " + key}, headers...)...)
}

func (a answer) feedbackID(t *testing.T) string {
	t.Helper()
	var reply struct {
		ID string `json:"feedback_id"`
	}
	if err := json.Unmarshal([]byte(a.body), &reply); err != nil || reply.ID == "" || a.status/100 != 2 {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return reply.ID
}

func TestFeedbackBecomesAScore(t *testing.T) {
	r, _ := newFeedbackRig(t, feedbackKeys())
	id, chat := r.asked("r", "app")
	before := time.Now()
	a := r.say("app", id, `"name":"thumbs","value":"down","comment":"wrong parcel","tags":{"page":"help"}`)
	fid := a.feedbackID(t)
	if len(fid) != 36 || fid[14] != '7' || a.status != 200 || a.header.Get("X-Weir-Request-Id") == "" {
		t.Errorf("%d %q %v", a.status, fid, a.header)
	}
	s := r.said()[0]
	if s.ID != fid || s.Event != id || s.Name != "thumbs" || s.Type != event.TypeBoolean || s.Value != 0 || s.Comment != "wrong parcel" || s.Source != "feedback" ||
		s.By != "app" || s.Project != "default" || s.Token || s.Unchecked || strings.Join(s.Tags, "") != "page=help" || s.Time.Before(before.Add(-time.Second)) {
		t.Errorf("%+v", s)
	}
	var reply struct{ ID string }
	_ = json.Unmarshal([]byte(chat.body), &reply)
	byReply := r.post(feedbackPath, fmt.Sprintf(`{"id":%q,"metric":"stars","value":4.5}`, reply.ID), "X-Api-Key", "app")
	byReply.feedbackID(t)
	if s := r.said()[1]; s.Event != id || s.Value != 4_500_000 || s.Type != event.TypeNumber {
		t.Errorf("by the reply's id: %+v", s)
	}
	if n := r.events.count(); n != 1 {
		t.Errorf("%d events: feedback is none", n)
	}
	if n := r.weir.Feedback.With("accepted").Value(); n != 2 {
		t.Errorf("%d accepted", n)
	}
}

func TestFeedbackIsRefusedWithAReason(t *testing.T) {
	r, _ := newFeedbackRig(t, feedbackKeys())
	id, _ := r.asked("r", "app")
	for name, c := range map[string]struct {
		got    answer
		status int
		code   string
	}{
		"no key":            {r.post(feedbackPath, `{"request_id":"`+id+`","name":"n","value":1}`), 401, "missing_api_key"},
		"a wrong key":       {r.say("wrong", id, `"name":"n","value":1`), 401, "invalid_api_key"},
		"without the scope": {r.say("mute", id, `"name":"n","value":1`), 403, "scope_missing"},
		"no value":          {r.say("app", id, `"name":"n"`), 400, "missing_field"},
		"a typing error":    {r.say("app", id, `"name":"n","vlaue":1`), 400, "unknown_field"},
		"no request":        {r.post(feedbackPath, `{"name":"n","value":1}`, "X-Api-Key", "app"), 400, "missing_field"},
		"one never made":    {r.say("app", event.NewID(time.Now()), `"name":"n","value":1`), 404, "request_not_found"},
		"too long":          {r.say("app", id, `"name":"n","value":1,"comment":"`+strings.Repeat("x", feedback.MaxBody)+`"`), 413, "body_too_large"},
		"two keys":          {r.say("app", id, `"name":"n","value":1,"idempotency_key":"a"`, "Idempotency-Key", "b"), 400, "invalid_feedback"},
		"packed":            {r.say("app", id, `"name":"n","value":1`, "Content-Encoding", "gzip"), 400, "unsupported_encoding"},
	} {
		if c.got.status != c.status || c.got.code() != c.code {
			t.Errorf("%s: %d %s", name, c.got.status, c.got.body)
		}
		inDialect(t, name, c.got)
	}
	if n := len(r.said()); n != 0 {
		t.Errorf("%d scores were recorded", n)
	}
	for _, result := range []string{"unauthorized", "refused", "not_found"} {
		if r.weir.Feedback.With(result).Value() == 0 {
			t.Errorf("nothing was counted as %s", result)
		}
	}
}

// Weeks late is early enough; beyond the window the reason is told, and what is
// known without the event is enough.
func TestLateFeedback(t *testing.T) {
	r, a := newFeedbackRig(t, feedbackKeys())
	const day = 24 * time.Hour
	r.say("app", a.add("app", 29*day), `"name":"n","value":1`).feedbackID(t)
	late := a.add("app", 31*day)
	for range 2 {
		if got := r.say("app", late, `"name":"n","value":1`); got.status != 410 || got.code() != "feedback_window_over" || !strings.Contains(got.body, "30 days") {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	if got := r.post(feedbackPath, `{"id":"chatcmpl-old","name":"n","value":1}`, "X-Api-Key", "app"); got.status != 200 {
		t.Errorf("the nearer of two: %d %s", got.status, got.body)
	}
	gone := idAt(time.Now().Add(-20 * day))
	a.bare[gone] = time.Now().Add(-20 * day)
	r.say("app", gone, `"name":"n","value":1`).feedbackID(t)
	if s := r.said(); len(s) != 3 || s[2].Event != gone || s[2].Project != "default" {
		t.Errorf("%+v", s)
	}
}

// While the store is away a word is taken, and marked: whose request it is will be
// looked up by who writes it there.
func TestFeedbackWhileTheStoreIsAway(t *testing.T) {
	r, a := newFeedbackRig(t, feedbackKeys())
	id := a.add("app", 48*time.Hour)
	a.goes(errors.New("the disk hangs"))
	got := r.say("app", id, `"name":"n","value":1`)
	if got.feedbackID(t); got.status != http.StatusAccepted {
		t.Errorf("%d %s", got.status, got.body)
	}
	if s := r.said()[0]; !s.Unchecked || s.By != "app" {
		t.Errorf("%+v", s)
	}
	got = r.post(feedbackPath, `{"id":"chatcmpl-old","name":"n","value":1}`, "X-Api-Key", "app")
	if got.status != 503 || got.code() != "feedback_later" || got.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if strings.Contains(got.body, "disk") {
		t.Errorf("the caller reads what is for the operator: %s", got.body)
	}
}

func TestFeedbackWithoutAStoreIsNotTaken(t *testing.T) {
	r := newRig(t, setup{})
	if a := r.post(feedbackPath, `{}`); a.status != 503 || a.code() != "feedback_not_kept" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// A store's defect is not the gateway's end.
func TestAFinderThatPanics(t *testing.T) {
	r := newRig(t, setup{config: func(c *gateway.Config) {
		c.Find = func(context.Context, gateway.Sought) (gateway.Origin, error) { panic("defect") }
	}})
	if a := r.post(feedbackPath, `{"request_id":"`+event.NewID(time.Now())+`","name":"n","value":1}`); a.status != 500 || a.code() != "internal_error" || strings.Contains(a.body, "defect") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if r.gw.InFlight() != 0 {
		t.Error("it counts as under way")
	}
}

// Only routes that ask for it send tokens, on streams and errors too.
func TestFeedbackTokensAreSentWhereAskedFor(t *testing.T) {
	r, _ := newFeedbackRig(t, feedbackKeys())
	if _, a := r.asked("r", "app"); a.header.Get("X-Weir-Feedback-Token") != "" {
		t.Error("a route that did not ask sends one")
	}
	for name, a := range map[string]answer{
		"whole":  r.chat("ab", false, "X-Api-Key", "app"),
		"stream": r.chat("ab", true, "X-Api-Key", "app"),
	} {
		token := a.header.Get("X-Weir-Feedback-Token")
		got, err := feedback.NewSigner(tokenSecret).Open(token, time.Now().Add(29*24*time.Hour))
		if err != nil || got != a.header.Get("X-Weir-Request-Id") {
			t.Errorf("%s: %q is for %q, %v", name, token, got, err)
		}
	}
}

// A page of any origin may send a token, in the header or in a body that needs no
// leave; nothing else on the listener lets pages in.
func TestFeedbackFromABrowser(t *testing.T) {
	for name, keys := range map[string][]access.Key{"with keys": feedbackKeys(), "without": nil} {
		t.Run(name, func(t *testing.T) {
			r, _ := newFeedbackRig(t, keys)
			a := r.chat("ab", false, "X-Api-Key", "app")
			id, token := a.header.Get("X-Weir-Request-Id"), a.header.Get("X-Weir-Feedback-Token")
			req, _ := http.NewRequest(http.MethodOptions, r.url+feedbackPath, nil)
			req.Header.Set("Origin", "https://app.example")
			req.Header.Set("Access-Control-Request-Method", "POST")
			res, err := r.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != 204 || res.Header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(res.Header.Get("Access-Control-Allow-Headers"), "authorization") ||
				res.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("preflight: %d %v", res.StatusCode, res.Header)
			}
			got := r.post(feedbackPath, `{"name":"thumbs","value":"up"}`, "Authorization", "Bearer "+token, "Origin", "https://app.example")
			if got.feedbackID(t); got.header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%v", got.header)
			}
			r.post(feedbackPath, `{"name":"thumbs","value":"up","token":"`+token+`"}`, "Content-Type", "text/plain", "Origin", "https://app.example").feedbackID(t)
			r.post(feedbackPath, `{"name":"thumbs","value":"up","token":"`+token+`"}`).feedbackID(t)
			for _, s := range r.said() {
				if s.Event != id || !s.Token || s.By != "" || s.Project != "default" || s.Source != "feedback" {
					t.Errorf("%+v", s)
				}
			}
			if len(r.said()) != 3 {
				t.Errorf("%d scores", len(r.said()))
			}
		})
	}
}
