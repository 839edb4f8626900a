package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

func TestStoreSaysHowItGoes(t *testing.T) {
	k := startKept(t, nil)
	k.keep(0, 3)
	if v := decode[StoreView](t, k.body("/api/v1/store")); v.State != "ok" || v.Engine != "memory" || v.Rows["events"] != 3 || v.Error != "" {
		t.Errorf("%+v", v)
	}
	// S1: that it is away is the answer, not an error.
	k.set(func(s *keptStore) {
		s.away = errors.New("connection refused")
		s.health = RecordStatus{State: "away", Reason: "connection refused", Since: noon, AsOf: noon, Durability: "fsync", Shed: map[string]int64{"body": 3},
			Journal: JournalStatus{Bytes: 10, Limit: 100, Segments: 1, LagRecords: 5, LagBytes: 6, LagSeconds: 7, AtRisk: 8, Failed: 9}}
	})
	if v := decode[StoreView](t, k.body("/api/v1/store")); v.State != "away" || v.Engine != "" || !strings.Contains(v.Error, "connection refused") || v.Journal.AtRisk != 8 || v.Shed["body"] != 3 || v.Durability != "fsync" {
		t.Errorf("%+v", v)
	}
	f := start(t, nil)
	if v := decode[StoreView](t, f.body("/api/v1/store")); v.State != "none" || v.Error == "" {
		t.Errorf("%+v", v)
	}
}

func TestCheckAndRebuild(t *testing.T) {
	k := startKept(t, nil)
	check := func(body string) CheckReply {
		t.Helper()
		resp, answer := k.do(k.request("POST", "/api/v1/store:check", body))
		if resp.StatusCode != 200 {
			t.Fatalf("%s %s", resp.Status, answer)
		}
		return decode[CheckReply](t, answer)
	}
	if r := check("{}"); !r.Sound || r.Damage != "" || r.DryRun {
		t.Errorf("%+v", r)
	}
	k.set(func(s *keptStore) { s.check = fmt.Errorf("page 7 of events.db: %w", store.ErrDamaged) })
	if r := check(""); r.Sound || !strings.Contains(r.Damage, "page 7") || r.Next == "" { // S5
		t.Errorf("%+v", r)
	}
	if r := check(`{"dry_run":true}`); !r.DryRun || r.Sound || r.Damage != "" {
		t.Errorf("%+v", r)
	}
	k.set(func(s *keptStore) { s.check = errors.New("disk on fire") })
	k.problem("POST", "/api/v1/store:check", "{}", 503)

	resp, answer := k.do(k.request("POST", "/api/v1/store:rebuild", "{}"))
	if r := decode[Rebuilt](t, answer); resp.StatusCode != 200 || r.Total != 0 || r.DryRun || len(k.recorded.decisions()) != 1 || k.recorded.decisions()[0].Subject != "store" {
		t.Errorf("%s %s %v", resp.Status, answer, k.recorded.decisions())
	}
	resp, answer = k.do(k.request("POST", "/api/v1/store:rebuild", `{"dry_run":true}`))
	if r := decode[Rebuilt](t, answer); resp.StatusCode != 200 || !r.DryRun || len(k.recorded.decisions()) != 1 {
		t.Errorf("%s %s", resp.Status, answer)
	}
	k.set(func(s *keptStore) { s.away = errors.New("connection refused") })
	k.problem("POST", "/api/v1/store:rebuild", `{"dry_run":true}`, 503)
	k.problem("POST", "/api/v1/store:check", `{}`, 503)
	k.problem("GET", "/api/v1/store:backup", ``, 503)
	k.problem("POST", "/api/v1/units:forget", `{"kind":"user","id":"ada"}`, 503)
}

// Who was forgotten is forgotten: neither the id nor its hash is in what is kept
// of the forgetting, in the log or in an answer.
func TestForgetErasesAndKeepsNoName(t *testing.T) {
	k := startKept(t, nil)
	mine, other := eventAt(1), eventAt(2)
	mine.Unit = "hash-of-user-ada@example.com"
	k.ring.Record(mine)
	k.ring.Record(other)
	k.apply(&store.Batch{Events: []*event.Event{mine, other}, Bodies: []*event.Body{{ID: mine.ID, Time: noon}}, Scores: []*event.Score{{ID: idAt(noon, 1), Event: mine.ID, Name: "n", Time: noon}}})
	forget := func(body string) Forgotten {
		t.Helper()
		resp, answer := k.do(k.request("POST", "/api/v1/units:forget", body))
		if resp.StatusCode != 200 || strings.Contains(answer, "ada") {
			t.Fatalf("%s %s", resp.Status, answer)
		}
		return decode[Forgotten](t, answer)
	}
	if f := forget(`{"kind":"user","id":"ada@example.com","dry_run":true}`); !f.DryRun || !f.Found || f.Events != 0 || len(k.recorded.decisions()) != 0 {
		t.Errorf("%+v", f)
	}
	if f := forget(`{"kind":"user","id":"ada@example.com","note":"ticket 17"}`); !f.Found || f.Events != 1 || f.Bodies != 1 || f.Scores != 1 {
		t.Errorf("%+v", f)
	}
	if ids, _ := k.pagesThrough(""); len(ids) != 1 || ids[0] != other.ID {
		t.Errorf("left: %v", ids)
	}
	k.problem("GET", "/api/v1/events/"+mine.ID, "", 404)
	if page := k.body("/"); strings.Contains(page, mine.ID) || !strings.Contains(page, other.ID) {
		t.Error("the page shows who was forgotten")
	}
	k.open("?after=nothing").want(t, other.ID)
	d := k.recorded.decisions()
	if len(d) != 1 || d[0].Subject != "units" || d[0].Action != "forget" || d[0].Reason != "ticket 17" || strings.Contains(fmt.Sprintf("%+v %s", *d[0], d[0].Report), "ada") {
		t.Errorf("%+v %s", d[0], d[0].Report)
	}
	if strings.Contains(k.log.String(), "ada") {
		t.Errorf("the log: %s", k.log.String())
	}
	if f := forget(`{"kind":"session","id":"nobody"}`); f.Found {
		t.Errorf("%+v", f)
	}
	for body, status := range map[string]int{`{"kind":"person","id":"ada"}`: 400, `{"kind":"user","id":""}`: 400, `{}`: 400, `{"kind":"user","id":"ada","note":"for ada"}`: 400} {
		k.problem("POST", "/api/v1/units:forget", body, status)
	}
}

func TestBackupIsStreamed(t *testing.T) {
	k := startKept(t, nil)
	resp, body := k.get("/api/v1/store:backup")
	if resp.StatusCode != 200 || len(body) != 1<<20 || resp.Header.Get("Content-Type") != "application/octet-stream" || !strings.Contains(resp.Header.Get("Content-Disposition"), "weir-20260310-120000.backup") {
		t.Errorf("%s %v, %d bytes", resp.Status, resp.Header, len(body))
	}
	k.set(func(s *keptStore) { s.backup = func(io.Writer) error { return errors.New("disk on fire") } })
	if p := k.problem("GET", "/api/v1/store:backup", "", 503); !strings.Contains(p.Detail, "disk on fire") {
		t.Errorf("%+v", p)
	}
	// One that breaks off is not taken for a whole one.
	k.set(func(s *keptStore) {
		s.backup = func(w io.Writer) error {
			_, _ = w.Write(make([]byte, 1<<20))
			return errors.New("disk on fire")
		}
	})
	broken, err := http.DefaultClient.Do(k.request("GET", "/api/v1/store:backup", ""))
	if err == nil {
		_, err = io.Copy(io.Discard, broken.Body)
		broken.Body.Close()
	}
	if err == nil {
		t.Error("half a copy ended like a whole one")
	}
	k.set(func(s *keptStore) { s.backup = func(io.Writer) error { return nil } })
	if resp, body := k.get("/api/v1/store:backup"); resp.StatusCode != 200 || body != "" {
		t.Errorf("an empty one: %s %q", resp.Status, body)
	}
}

// A backup may take longer than other answers, as long as its reader reads.
func TestALongBackupIsNotCutOff(t *testing.T) {
	k := startKept(t, nil)
	k.server.clocks.read, k.server.clocks.write = 300*time.Millisecond, 300*time.Millisecond
	k.set(func(s *keptStore) {
		s.backup = func(w io.Writer) error {
			for range 8 {
				time.Sleep(150 * time.Millisecond)
				if _, err := w.Write(make([]byte, 1000)); err != nil {
					return err
				}
			}
			return nil
		}
	})
	if resp, body := k.get("/api/v1/store:backup"); resp.StatusCode != 200 || len(body) != 8000 {
		t.Errorf("%s, %d bytes", resp.Status, len(body))
	}
}

// Decisions are on disk before the answer says that they are made.
func TestDecisionsAreWrittenBeforeTheAnswer(t *testing.T) {
	synced := 0
	var k *kept
	k = startKept(t, func(c *Config) { c.Sync = nil })
	k.server.cfg.Sync = func(context.Context) error {
		synced = len(k.recorded.decisions())
		return errors.New("disk on fire")
	}
	k.applied(applying(document2(), ""))
	if synced != 1 || !strings.Contains(k.log.String(), "write a decision to disk") {
		t.Errorf("%d decisions were waited for", synced)
	}
}
