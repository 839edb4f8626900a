package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/chaos"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// tested are definitions with an experiment, whose route hands out tokens.
const tested = `
models:
  m: {vendor: vllm, model: id-m, endpoints: ["%s/v1"], price: {input: 0, output: 0}}
  n: {vendor: vllm, model: id-n, endpoints: ["%[1]s/v1"], price: {input: 0, output: 0}}
routes:
  m: {baseline: m, unit: [header:x-user-id], feedback_token: true}
experiments:
  e: {route: m, candidate: n, share: 50%%}
`

func newTested(t *testing.T) *live {
	t.Helper()
	u, err := chaos.NewUpstream(chaos.UpstreamConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = u.Close() })
	return newLive(t, listenFree("")+fmt.Sprintf(tested, u.URL()))
}

// says posts to /v1/feedback.
func (l *live) says(body string, headers ...string) got {
	l.t.Helper()
	req, err := http.NewRequest(http.MethodPost, l.s.data.url()+"/v1/feedback", strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return do(l.client, req)
}

func feedbackID(t *testing.T, g got) string {
	t.Helper()
	var reply struct {
		ID string `json:"feedback_id"`
	}
	if json.Unmarshal([]byte(g.body), &reply); reply.ID == "" {
		t.Fatalf("%d %s", g.status, g.body)
	}
	return reply.ID
}

// scored gives n and sum of a score's measure over all variants, and checks that
// it is what the unit rows say.
func (l *live) scored(measure string) (n, sum int64) {
	l.t.Helper()
	if err := l.s.kept.own.writer.Settle(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	st, err := l.s.kept.reader()
	if err != nil {
		l.t.Fatal(err)
	}
	days, err := st.DayRows(l.t.Context(), "e")
	if err != nil {
		l.t.Fatal(err)
	}
	for _, d := range days {
		if d.Metric == measure {
			n, sum = n+d.N, sum+d.Sum
		}
	}
	if differences, err := st.Rebuild(l.t.Context()); err != nil || len(differences) != 0 {
		l.t.Errorf("the sums were wrong: %v, %v", differences, err)
	}
	return n, sum
}

// command runs a command line against it.
func (l *live) command(args ...string) (code int, out, errs string) {
	var o, e strings.Builder
	a := &app{in: strings.NewReader(""), out: &o, err: &e, env: func(name string) (string, bool) {
		switch name {
		case "WEIR_ADMIN":
			return l.s.adminListener.url(), true
		case "WEIR_GATEWAY":
			return l.s.data.url(), true
		}
		return "", false
	}}
	code = a.run(args)
	return code, o.String(), e.String()
}

// K8, the whole way: what is said of a request counts once for the variant that it
// was assigned to; a correction takes its place, a replay after a restart does not
// count again, and a browser does not speak over the application.
func TestK8FeedbackCountsOnceOverARestart(t *testing.T) {
	l := newTested(t)
	var ids, tokens []string
	for i := range 10 {
		g := l.ask("m", i%2 == 0, "X-User-Id", fmt.Sprint("u", i))
		ids, tokens = append(ids, g.header.Get("X-Weir-Request-Id")), append(tokens, g.header.Get("X-Weir-Feedback-Token"))
	}
	word := func(i int, more string) string { return fmt.Sprintf(`{"request_id":%q,%s}`, ids[i], more) }
	kept := map[int]string{}
	for i := range ids {
		kept[i] = feedbackID(t, l.says(word(i, fmt.Sprintf(`"name":"stars","value":%d`, i)), "Idempotency-Key", "k"))
	}
	if n, sum := l.scored("score:stars:feedback"); n != 10 || sum != 45e6 {
		t.Fatalf("%d words of %d", n, sum)
	}
	feedbackID(t, l.says(word(9, `"name":"stars","value":1`))) // a correction: 9 less, 1 more
	feedbackID(t, l.says(word(8, `"name":"stars","value":"eight"`)))
	feedbackID(t, l.says(fmt.Sprintf(`{"name":"stars","value":1000,"token":%q}`, tokens[7]), "Origin", "https://app.example"))
	if n, sum := l.scored("score:stars:feedback"); n != 9 || sum != 29e6 {
		t.Errorf("corrected: %d words of %d", n, sum)
	}
	l.ends()
	next := l.again(serverOptions{})
	for i := range 8 {
		if id := feedbackID(t, next.says(word(i, fmt.Sprintf(`"name":"stars","value":%d`, i)), "Idempotency-Key", "k")); id != kept[i] {
			t.Errorf("after the restart it is %s, before it was %s", id, kept[i])
		}
	}
	if g := next.says(fmt.Sprintf(`{"name":"thumbs","value":"up","token":%q}`, tokens[0])); g.status != 200 {
		t.Errorf("a token of the process before: %d %s", g.status, g.body)
	}
	if n, sum := next.scored("score:stars:feedback"); n != 9 || sum != 29e6 {
		t.Errorf("replayed after the restart: %d words of %d", n, sum)
	}
	if n, sum := next.scored("score:thumbs:feedback"); n != 1 || sum != 1e6 {
		t.Errorf("thumbs: %d of %d", n, sum)
	}
}

// A file that is imported twice counts once, by either form; bad lines are told and
// kept, and what is good is taken.
func TestFeedbackFiles(t *testing.T) {
	l := newTested(t)
	var ids []string
	for i := range 1200 {
		if i < 20 {
			ids = append(ids, l.ask("m", false, "X-User-Id", fmt.Sprint("u", i)).header.Get("X-Weir-Request-Id"))
		}
	}
	file := filepath.Join(t.TempDir(), "stars.csv")
	text := "request_id,name,value,comment\n"
	for i := range 1200 { // several portions; the last word of each counts
		text += fmt.Sprintf("%s,stars,%d,\"line\n%d\"\n", ids[i%20], i, i)
	}
	text += "nobody,stars,1,\n0198c1a2-7f3e-7c44-9d1b-2f0a6c5e8b71,stars,1,never made\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := l.command("feedback", "import", file, "--dry-run"); code != exitUsage || !strings.Contains(out, "1,200 of 1,202 lines good") || !strings.Contains(errs, "line 2402: ") {
		t.Errorf("dry: exit code %d, %s%s", code, out, errs)
	}
	if n, _ := l.scored("score:stars:import"); n != 0 || exists(file+".rejected") {
		t.Errorf("a dry run kept %d", n)
	}
	const sum = (1180 + 1199) * 20 / 2 * 1_000_000
	for range 2 {
		code, out, errs := l.command("feedback", "import", file)
		if code != exitUsage || !strings.Contains(out, "1,200 of 1,202 lines taken") || !strings.Contains(errs, "line 2403: there is no such request") {
			t.Fatalf("exit code %d, %s%s", code, out, errs)
		}
		if n, got := l.scored("score:stars:import"); n != 20 || got != sum {
			t.Errorf("%d words of %d, want 20 of %d", n, got, sum)
		}
	}
	rejected, err := os.ReadFile(file + ".rejected")
	if want := "request_id,name,value,comment\nnobody,stars,1,\n0198c1a2-7f3e-7c44-9d1b-2f0a6c5e8b71,stars,1,never made\n"; err != nil || string(rejected) != want {
		t.Errorf("%q, %v", rejected, err)
	}
	lines := filepath.Join(t.TempDir(), "judged.jsonl")
	if err := os.WriteFile(lines, []byte(fmt.Sprintf(`{"request_id":%q,"value":0.5}`, ids[0])), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := l.command("feedback", "import", lines, "--source", "judge:big", "--name", "relevance", "-o", "json"); code != exitOK || !strings.Contains(out, `"accepted": 1`) {
		t.Errorf("exit code %d, %s%s", code, out, errs)
	}
	if n, got := l.scored("score:relevance:judge:big"); n != 1 || got != 500_000 {
		t.Errorf("%d of %d", n, got)
	}
}

// What people write reaches no terminal as they wrote it, and no log at all.
func TestHostileFeedbackIsHarmless(t *testing.T) {
	l := newTested(t)
	id := l.ask("m", false, "X-User-Id", "u").header.Get("X-Weir-Request-Id")
	const hostile = "\x1b]0;owned\x07\x1b[2J\r\u202enice\u2028\u009b31m"
	text, _ := json.Marshal(hostile)
	feedbackID(t, l.says(fmt.Sprintf(`{"request_id":%q,"name":"said","value":%s,"comment":%s}`, id, text, text)))
	if code, out, errs := l.command("feedback", "send", "--request-id", id, "--name", "thumbs", "--value", "down", "--comment", "no\nparcel", "--tags", "page=help"); code != exitOK || len(strings.TrimSpace(out)) != 36 {
		t.Errorf("send: %d %s%s", code, out, errs)
	}
	if err := l.s.kept.own.writer.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	code, out, errs := l.command("trace", id)
	if code != exitOK || !strings.Contains(out, "nice") || !strings.Contains(out, "owned") || !strings.Contains(out, "no\n") || !strings.Contains(out, "page=help") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	if strings.ContainsFunc(out, func(r rune) bool { return r != '\n' && hostileRune(r) }) {
		t.Errorf("it came to the terminal: %q", out)
	}
	tr, err := l.admin().Trace(t.Context(), id, false)
	if err != nil || len(tr.Scores) != 2 || tr.Scores[1].Text != hostile || tr.Scores[1].Type != event.TypeText || tr.Scores[0].Tags[0] != "page=help" {
		t.Errorf("%+v, %v", tr.Scores, err)
	}
	if log := l.log.String(); strings.Contains(log, "owned") || strings.Contains(log, "parcel") {
		t.Error("it is in the log")
	}
	code, _, errs = l.command("feedback", "send", "--request-id", "01a20309-811d-75fb-b0dc-07fde92f3fe6", "--name", "n", "--value", "1")
	if code != exitNotFound {
		t.Errorf("of no request: %d %s", code, errs)
	}
	if code, _, errs = l.command("feedback", "send", "--name", "n", "--value", "1"); code != exitUsage || !strings.Contains(errs, "request_id") {
		t.Errorf("%d %s", code, errs)
	}
}

func hostileRune(r rune) bool { return hostile(r) && r != '\uFFFD' }

// Late: the event is deleted, what it counted for is not, and the word still joins.
func TestFeedbackAfterTheEventIsGone(t *testing.T) {
	l := newTested(t)
	id := l.ask("m", false, "X-User-Id", "u").header.Get("X-Weir-Request-Id")
	if err := l.s.kept.own.writer.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	st, err := l.s.kept.reader()
	if err != nil {
		t.Fatal(err)
	}
	l.ends()
	next := l.again(serverOptions{})
	if st, err = next.s.kept.db.get(t.Context()); err != nil {
		t.Fatal(err)
	}
	old := retentionOfEvents()
	for more := true; more; {
		if _, more, err = st.Retain(t.Context(), old, time.Now().Add(24*time.Hour), 1000); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := st.Event(t.Context(), id); err == nil {
		t.Fatal("the event is still there")
	}
	if g := next.says(fmt.Sprintf(`{"request_id":%q,"name":"solved","value":true}`, id)); g.status != 200 {
		t.Fatalf("%d %s", g.status, g.body)
	}
	if n, sum := next.scored("score:solved:feedback"); n != 1 || sum != 1e6 {
		t.Errorf("%d of %d", n, sum)
	}
}

// retentionOfEvents keeps all but events.
func retentionOfEvents() store.Retention { return store.Retention{Events: time.Hour} }
