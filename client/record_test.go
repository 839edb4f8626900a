package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answering gives one answer and checks what was asked.
func answering(t *testing.T, call, body, answer string) *Client {
	t.Helper()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		if got := r.Method + " " + r.URL.RequestURI(); got != call || string(sent) != body {
			t.Errorf("asked %s %s, want %s %s", got, sent, call, body)
		}
		says(200, "application/json", answer)(w, r)
	})
	return New(s.URL)
}

func TestTrace(t *testing.T) {
	c := answering(t, "GET /api/v1/events/a%2Fb?body=true", "", `{"id":"a/b","cost_micro":7,"waterfall":[{"name":"attempt","attempt":1,"start_ns":5,"took_ns":9}],"money":{"lines":[{"tokens":"input","count":3}]},"body":{"request":"q"},"partial":{"reason":"r"}}`)
	x, err := c.Trace(t.Context(), "a/b", true)
	if err != nil || x.ID != "a/b" || x.Cost != 7 || x.Waterfall[0].Took != 9 || x.Money.Lines[0].Count != 3 || x.Body.Request != "q" || x.Partial.Reason != "r" {
		t.Errorf("%+v, %v", x, err)
	}
}

func TestUsageAndMonths(t *testing.T) {
	day := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	c := answering(t, "GET /api/v1/usage?by=route%2Ctag%3Ateam&from=2026-01-02T00%3A00%3A00Z&per=day&route=support&tz=Europe%2FVienna", "",
		`{"rows":[{"start":"2026-01-02T00:00:00+01:00","keys":{"route":"support"},"requests":5,"cost_micro":12}],"total":{"requests":5}}`)
	u, err := c.Usage(t.Context(), UsageQuery{By: []string{"route", "tag:team"}, Per: "day", From: day, Zone: "Europe/Vienna", UsageFilter: UsageFilter{Route: "support"}})
	if err != nil || u.Rows[0].Requests != 5 || u.Rows[0].Cost != 12 || u.Rows[0].Keys["route"] != "support" || u.Rows[0].Start.Hour() != 0 || u.Total.Requests != 5 {
		t.Errorf("%+v, %v", u, err)
	}
	c = answering(t, "GET /api/v1/usage/months?by=model", "", `{"rows":[{"cost_change_share":null,"requests_change_share":0.5}]}`)
	if m, err := c.Months(t.Context(), MonthsQuery{By: []string{"model"}}); err != nil || m.Rows[0].Cost != nil || *m.Rows[0].Requests != 0.5 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestReportAsText(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RequestURI() != "/api/v1/reports/weekly?format=markdown&top=3" {
			t.Errorf("asked for %s", r.URL)
		}
		says(200, "text/markdown; charset=utf-8", "# Weekly\n")(w, r)
	})
	if text, err := New(s.URL).ReportMarkdown(t.Context(), "weekly", ReportQuery{Top: 3}); err != nil || text != "# Weekly\n" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestApplyIsSentOnceAndKeepsWhatWeirSays(t *testing.T) {
	one := 1
	c := answering(t, "POST /api/v1/definitions", `{"files":[{"name":"weir.yaml","text":"x"}],"expect_revision":1,"note":"n"}`, `{"applied":true,"revision":{"number":2},"diff":{"changes":[{"path":"a.b"}]}}`)
	if a, err := c.Apply(t.Context(), ApplyRequest{Files: []File{{"weir.yaml", "x"}}, Expect: &one, Note: "n"}); err != nil || !a.Applied || a.Revision.Number != 2 || a.Diff.Changes[0].Path != "a.b" {
		t.Errorf("%+v, %v", a, err)
	}
	s := serve(t, says(409, "application/problem+json", `{"code":"owned_by_file","detail":"d","status":409,"diff":{"text":"--- a\n","changes":[]}}`))
	_, err := New(s.URL).Apply(t.Context(), ApplyRequest{})
	var e *Error
	if !errors.As(err, &e) || e.Status != 409 || e.Diff == nil || e.Diff.Text != "--- a\n" || s.calls.Load() != 1 {
		t.Errorf("%d calls, %+v", s.calls.Load(), err)
	}
	c = answering(t, "POST /api/v1/revisions/3:restore", `{"expect_revision":1,"dry_run":true}`, `{"dry_run":true}`)
	if a, err := c.Restore(t.Context(), 3, RestoreRequest{Expect: &one, DryRun: true}); err != nil || !a.DryRun {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestBackupGoesToAWriter(t *testing.T) {
	s := serve(t, says(200, "application/octet-stream", strings.Repeat("x", 3<<20)))
	var out bytes.Buffer
	if n, err := New(s.URL).Backup(t.Context(), &out); err != nil || n != 3<<20 || out.Len() != 3<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
	cut := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	if _, err := New(cut.URL).Backup(t.Context(), io.Discard); err == nil {
		t.Error("half a copy was taken for a whole one")
	}
	refused := serve(t, problem(403, "scope_missing"))
	var e *Error
	if n, err := New(refused.URL).Backup(t.Context(), io.Discard); !errors.As(err, &e) || n != 0 {
		t.Errorf("%d, %v", n, err)
	}
	hung := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := New(hung.URL).Backup(ctx, io.Discard); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestForgetAndKeeping(t *testing.T) {
	c := answering(t, "POST /api/v1/units:forget", `{"kind":"user","id":"ada"}`, `{"found":true,"events":2}`)
	if f, err := c.Forget(t.Context(), ForgetRequest{Kind: "user", ID: "ada"}); err != nil || f.Events != 2 {
		t.Errorf("%+v, %v", f, err)
	}
	c = answering(t, "POST /api/v1/store:rebuild", `{"dry_run":true}`, `{"dry_run":true}`)
	if r, err := c.Rebuild(t.Context(), true); err != nil || !r.DryRun {
		t.Errorf("%+v, %v", r, err)
	}
	c = answering(t, "POST /api/v1/store:check", `{}`, `{"sound":true}`)
	if r, err := c.Check(t.Context(), false); err != nil || !r.Sound {
		t.Errorf("%+v, %v", r, err)
	}
	c = answering(t, "GET /api/v1/store", ``, `{"state":"away","journal":{"lag_records":5}}`)
	if s, err := c.Store(t.Context()); err != nil || s.State != "away" || s.Journal.LagRecords != 5 {
		t.Errorf("%+v, %v", s, err)
	}
	c = answering(t, "POST /api/v1/links", `{}`, `{"url":"http://x/?t=1"}`)
	if l, err := c.Link(t.Context()); err != nil || l.URL != "http://x/?t=1" {
		t.Errorf("%+v, %v", l, err)
	}
}
