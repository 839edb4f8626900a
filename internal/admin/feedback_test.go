package admin

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

const (
	made  = "0198c1a2-7f3e-7c44-9d1b-2f0a6c5e8b71"
	inMem = "0198c1a2-7f3e-7c44-9d1b-2f0a6c5e8b72"
	bare  = "0198c1a2-7f3e-7c44-9d1b-2f0a6c5e8b73"
	old   = "0198c1a2-7f3e-7c44-9d1b-2f0a6c5e8b74"
)

// takesFeedback starts a server over a store with some requests of several keys.
func takesFeedback(t *testing.T, st *store.Memory, away *error) (*fixture, *recorder) {
	t.Helper()
	kept := &recorder{}
	at := noon.Add(-time.Hour)
	if err := st.Apply(t.Context(), &store.Batch{Replica: "0", To: event.Position{Segment: 1},
		Events:    []*event.Event{{ID: made, BodyID: "chatcmpl-1", Project: "default", Key: "app", Time: at}, {ID: old, Project: "default", Key: "app", Time: noon.Add(-31 * 24 * time.Hour)}},
		Exposures: []store.Exposure{{RequestID: bare, Time: at, UnitKey: store.UnitKey{Experiment: "e", Epoch: 1, UnitKind: "user", Unit: "h"}, Variant: "v"}}}); err != nil {
		t.Fatal(err)
	}
	f := start(t, func(c *Config) {
		c.Recorder, c.Now = kept, func() time.Time { return noon }
		c.Store = func() (Store, error) {
			if away != nil && *away != nil {
				return nil, *away
			}
			return st, nil
		}
	})
	f.ring.Record(&event.Event{ID: inMem, Project: "default", Key: "other", Time: at})
	return f, kept
}

func (r *recorder) scores() (list []*event.Score) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range r.list {
		if s, ok := rec.(*event.Score); ok {
			list = append(list, s)
		}
	}
	return list
}

func item(id, more string) string { return fmt.Sprintf(`{"request_id":%q,"name":"n",%s}`, id, more) }

func TestFeedbackOfManyRequests(t *testing.T) {
	f, kept := takesFeedback(t, store.NewMemory(), nil)
	list := []string{
		item(made, `"value":true,"tags":["a=b"],"time":"`+noon.Add(-time.Minute).Format(time.RFC3339)+`"`),
		item(inMem, `"value":2.5`), item(bare, `"value":"text"`), `{"id":"chatcmpl-1","name":"n","value":1}`,
		item(old, `"value":1`), item("0198c1a2-7f3e-7c44-9d1b-2f0a6c5e8b79", `"value":1`), item(made, `"value":null`), `{"request_id":"x","name":"n","value":1}`,
		item(made, `"value":1,"time":"`+noon.Add(time.Hour).Format(time.RFC3339)+`"`), item(made, `"value":1,"time":"2001-01-01T00:00:00Z"`), `{"name":"n","value":1}`,
	}
	send := func(more string) FeedbackReply {
		resp, body := f.do(f.request("POST", "/api/v1/feedback", `{"feedback":[`+strings.Join(list, ",")+`]`+more+`}`))
		if resp.StatusCode != 200 {
			t.Fatal(resp.Status, body)
		}
		return decode[FeedbackReply](t, body)
	}
	if dry := send(`,"dry_run":true`); dry.Accepted != 4 || len(kept.scores()) != 0 || !dry.DryRun {
		t.Errorf("a dry run: %+v, %d kept", dry, len(kept.scores()))
	}
	r := send("")
	var codes []string
	for _, p := range r.Rejected {
		codes = append(codes, fmt.Sprintf("%d %s", p.Index, p.Code))
	}
	if want := "4 feedback_window_over|5 request_not_found|6 invalid_feedback|7 invalid_feedback|8 invalid_feedback|9 invalid_feedback|10 missing_field"; r.Accepted != 4 || strings.Join(codes, "|") != want {
		t.Errorf("%d accepted, %s", r.Accepted, strings.Join(codes, "|"))
	}
	send("")
	s := kept.scores()
	if len(s) != 8 || s[0].Event != made || s[0].Type != event.TypeBoolean || s[0].Source != "import" || !s[0].Time.Equal(noon.Add(-time.Minute)) || s[2].Text != "text" || s[3].Event != made {
		t.Fatalf("%+v", s)
	}
	for i := range 4 { // what is sent twice has one id
		if s[i].ID != s[i+4].ID {
			t.Errorf("%s, sent again it is %s", s[i].ID, s[i+4].ID)
		}
	}
	if !s[2].Time.After(s[1].Time) {
		t.Error("of two words without a time the later one must be known")
	}
	send(`,"source":"judge:big"`)
	if other := kept.scores()[8]; other.ID == s[0].ID || other.Source != "judge:big" {
		t.Errorf("%+v", other)
	}
}

func TestFeedbackIsWholeOrNotTaken(t *testing.T) {
	var away error
	f, kept := takesFeedback(t, store.NewMemory(), &away)
	away = fmt.Errorf("gone")
	resp, body := f.do(f.request("POST", "/api/v1/feedback", `{"feedback":[`+item(inMem, `"value":1`)+`,`+item(made, `"value":1`)+`]}`))
	if p := decode[Problem](t, body); resp.StatusCode != 503 || p.Code != "store_unavailable" || len(kept.scores()) != 0 {
		t.Errorf("%s %s, %d kept", resp.Status, body, len(kept.scores()))
	}
	many, _ := json.Marshal(FeedbackBatch{Feedback: make([]FeedbackItem, 1001)})
	for body, code := range map[string]string{
		`{"source":"Über","feedback":[]}`: "invalid_feedback", `{"feedback":[{"name":"n","vlaue":1}]}`: "invalid_body", string(many): "too_much_feedback",
	} {
		if _, got := f.do(f.request("POST", "/api/v1/feedback", body)); decode[Problem](t, got).Code != code {
			t.Errorf("%.60s: %s", body, got)
		}
	}
	f.state.setKeys(f.keyring("reader", "read", "operator", "operate"))
	if resp, _ := f.do(f.request("POST", "/api/v1/feedback", `{"feedback":[]}`, "Authorization", "Bearer "+f.token("reader"))); resp.StatusCode != 403 {
		t.Errorf("with scope read: %s", resp.Status)
	}
	if resp, body := f.do(f.request("POST", "/api/v1/feedback", `{"feedback":[]}`, "Authorization", "Bearer "+f.token("operator"))); resp.StatusCode != 200 {
		t.Errorf("with scope operate: %s %s", resp.Status, body)
	}
}
