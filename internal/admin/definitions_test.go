package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// applying is the body of an apply.
func applying(files []store.File, more string) string {
	list := []DefinitionFile{}
	for _, f := range files {
		list = append(list, DefinitionFile(f))
	}
	text, _ := json.Marshal(list)
	return fmt.Sprintf(`{"files":%s%s}`, text, more)
}

func (k *kept) applied(body string, header ...string) ApplyReply {
	k.t().Helper()
	resp, answer := k.do(k.request("POST", "/api/v1/definitions", body, header...))
	if resp.StatusCode != 200 {
		k.t().Fatalf("%s %s", resp.Status, answer)
	}
	return decode[ApplyReply](k.t(), answer)
}

func (k *kept) inForce() DefinitionsView {
	k.t().Helper()
	return decode[DefinitionsView](k.t(), k.body("/api/v1/definitions"))
}

func TestDefinitionsAreShownAsWritten(t *testing.T) {
	k := startKept(t, nil)
	resp, body := k.get("/api/v1/definitions")
	v := decode[DefinitionsView](t, body)
	if resp.Header.Get("ETag") != `"1"` || v.Owner != "store" || v.Revision.Number != 1 || v.Revision.Author != "ada" || v.Hash != v.Revision.Hash || v.Files[0] != DefinitionFile(document1()[0]) || v.Revision.Files != nil {
		t.Errorf("%v %+v", resp.Header, v)
	}
}

func TestApplyPutsADocumentInForceAndSaysWhatChanged(t *testing.T) {
	k := startKept(t, nil)
	a := k.applied(applying(document2(), `,"expect_revision":1,"note":"twice the share"`))
	if !a.Applied || !a.Changed || a.DryRun || a.Revision.Number != 2 || a.Revision.Note != "twice the share" || a.Revision.Files != nil {
		t.Errorf("%+v", a)
	}
	if d := a.Diff; d.Equal || len(d.Changes) != 1 || d.Changes[0] != (DiffChange{"experiments.e.share", `0.1`, `0.2`}) ||
		!strings.Contains(d.Text, "-  e: {route: r, candidate: n, share: 10%}\n+  e: {route: r, candidate: n, share: 20%}\n") || !strings.HasPrefix(d.Text, "--- weir.yaml (in force)\n+++ weir.yaml\n@@ -4,4 +4,4 @@\n") {
		t.Errorf("%+v\n%s", d, d.Text)
	}
	if v := k.inForce(); v.Revision.Number != 2 || v.Files[0].Text != document2()[0].Text {
		t.Errorf("%+v", v)
	}
	d := k.recorded.decisions()
	if len(d) != 1 || d[0].Subject != "definitions" || d[0].Action != "apply" || d[0].Reason != "twice the share" || !strings.Contains(string(d[0].Report), `"revision":2`) || d[0].By != "a caller on this machine" || d[0].Project != "default" {
		t.Errorf("%+v", d)
	}
	// The decision can be read although no store has it yet.
	if page := decode[DecisionPage](t, k.body("/api/v1/decisions?subject=definitions")); len(page.Decisions) != 1 || page.Decisions[0].ID != d[0].ID {
		t.Errorf("%+v", page)
	}
}

func TestTheSameDocumentAgainIsNoRevision(t *testing.T) {
	k := startKept(t, nil)
	a := k.applied(applying(document1(), ""))
	if !a.Applied || a.Changed || a.Revision.Number != 1 || !a.Diff.Equal || a.Diff.Text != "" || len(k.recorded.decisions()) != 0 {
		t.Errorf("%+v", a)
	}
	// Other layout, same meaning.
	other := document1()
	other[0].Text = "# a comment\n" + other[0].Text
	if a := k.applied(applying(other, `,"dry_run":true`)); a.Changed || !a.Diff.Equal || !strings.Contains(a.Diff.Text, "+# a comment") {
		t.Errorf("%+v", a)
	}
}

func TestADryRunChangesNothing(t *testing.T) {
	k := startKept(t, nil)
	a := k.applied(applying(document2(), `,"dry_run":true`))
	if a.Applied || !a.Changed || !a.DryRun || a.Revision.Number != 1 || len(a.Diff.Changes) != 1 {
		t.Errorf("%+v", a)
	}
	if v := k.inForce(); v.Revision.Number != 1 || len(k.recorded.decisions()) != 0 {
		t.Errorf("%+v, %v", v, k.recorded.decisions())
	}
}

// F1 of the list of faults: wholly or not at all, with the place of each mistake.
func TestWhatIsWrongIsListedWithItsPlace(t *testing.T) {
	k := startKept(t, nil)
	wrong := []store.File{{Name: "weir.yaml", Text: "models: {m: {vendor: simulated}}\nroutes:\n  r: {baseline: m, untis: [user]}\n  s: {baseline: nobody}\n"}}
	for _, call := range []string{"/api/v1/definitions", "/api/v1/definitions:diff"} {
		p := k.problem("POST", call, applying(wrong, ""), 422)
		if p.Code != "definition_invalid" || len(p.Problems) != 2 || p.Problems[0].Line != 3 || p.Problems[0].Column == 0 || !strings.Contains(p.Problems[0].Message, "untis") ||
			p.Problems[0].Hint == "" || p.Problems[1].Line != 4 || !strings.Contains(p.Next, k.inForce().Hash) {
			t.Errorf("%s: %+v", call, p)
		}
	}
	k.definitions.mu.Lock()
	k.definitions.spoils = errors.New("change experiment \"e\" while it runs: raise its epoch")
	k.definitions.mu.Unlock()
	if p := k.problem("POST", "/api/v1/definitions", applying(document2(), ""), 422); !strings.Contains(p.Detail, "raise its epoch") {
		t.Errorf("%+v", p)
	}
	if v := k.inForce(); v.Revision.Number != 1 {
		t.Errorf("%+v", v)
	}
}

func TestFilesNeedPlainNames(t *testing.T) {
	k := startKept(t, nil)
	for _, name := range []string{"", "/etc/passwd", "../weir.yaml", "a/../b", "a//b", "./a", "a\\b", "c:a", "a\nb", "a\u009bb", strings.Repeat("a", 256)} {
		if p := k.problem("POST", "/api/v1/definitions", applying([]store.File{{Name: name, Text: document1()[0].Text}}, ""), 400); p.Code != "invalid_body" {
			t.Errorf("%q: %+v", name, p)
		}
	}
	k.problem("POST", "/api/v1/definitions", applying(append(document1(), document1()...), ""), 400)
	k.problem("POST", "/api/v1/definitions", `{"files":[]}`, 400)
	k.problem("POST", "/api/v1/definitions", applying(document2(), `,"note":"`+strings.Repeat("x", maxNote+1)+`"`), 413)
}

// F5 of the list of faults: the second of two is told who was first.
func TestOfTwoWhoApplyOneIsToldWhoWasFirst(t *testing.T) {
	k := startKept(t, nil)
	k.applied(applying(document2(), `,"expect_revision":1`))
	for name, ask := range map[string][]string{"expect_revision": {applying(document1(), `,"expect_revision":1`)}, "If-Match": {applying(document1(), ""), "If-Match", `"1"`},
		"dry run": {applying(document1(), `,"expect_revision":1,"dry_run":true`)}} {
		resp, body := k.do(k.request("POST", "/api/v1/definitions", ask[0], ask[1:]...))
		p := problemIn(t, body)
		if resp.StatusCode != 409 || p.Code != "revision_conflict" || !strings.Contains(p.Detail, "a caller on this machine applied revision 2 at 2026-03-10 12:00:00 UTC") || !strings.Contains(p.Next, "/api/v1/revisions/2") {
			t.Errorf("%s: %s %+v", name, resp.Status, p)
		}
	}
	// Somebody is faster between the look and the act.
	third := document1()
	third[0].Text = strings.Replace(third[0].Text, "10%", "30%", 1)
	k.definitions.mu.Lock()
	k.definitions.between = func() {
		_, _ = k.definitions.AddRevision(t.Context(), store.Revision{Hash: "h", Author: "bob", Time: noon, Files: document1(), Owner: "store"}, 2)
	}
	k.definitions.mu.Unlock()
	if p := k.problem("POST", "/api/v1/definitions", applying(third, `,"expect_revision":2`), 409); !strings.Contains(p.Detail, "bob applied revision 3") {
		t.Errorf("%+v", p)
	}
	k.problem("POST", "/api/v1/definitions", applying(document1(), `,"expect_revision":-1`), 400)
	for match, status := range map[string]int{`"x"`: 400, `"-1"`: 400, `W/"2"`: 400} {
		if resp, body := k.do(k.request("POST", "/api/v1/definitions", applying(document1(), ""), "If-Match", match)); resp.StatusCode != status {
			t.Errorf("If-Match %s: %s %s", match, resp.Status, body)
		}
	}
	if resp, _ := k.do(k.request("POST", "/api/v1/definitions", applying(document1(), `,"expect_revision":3`), "If-Match", `"2"`)); resp.StatusCode != 400 {
		t.Errorf("two expectations: %s", resp.Status)
	}
}

// Many at once from the same revision: one wins, and there is one new revision.
func TestOfManyWhoApplyOneWins(t *testing.T) {
	k := startKept(t, nil)
	var all sync.WaitGroup
	var mu sync.Mutex
	got := map[int]int{}
	for i := range 8 {
		all.Go(func() {
			files := document1()
			files[0].Text = strings.Replace(files[0].Text, "10%", fmt.Sprintf("%d%%", 20+i), 1)
			resp, _ := k.do(k.request("POST", "/api/v1/definitions", applying(files, `,"expect_revision":1`)))
			mu.Lock()
			got[resp.StatusCode]++
			mu.Unlock()
		})
	}
	all.Wait()
	if got[200] != 1 || got[409] != 7 || k.inForce().Revision.Number != 2 {
		t.Errorf("%v, revision %d", got, k.inForce().Revision.Number)
	}
}

// Definitions that a file owns are changed there: the answer has the lines.
func TestWhatAFileOwnsIsRefusedWithTheLinesToChange(t *testing.T) {
	k := startKept(t, nil)
	k.definitions.owner, k.definitions.source = "file", "/etc/weir/weir.yaml"
	for _, dry := range []string{"", `,"dry_run":true`} {
		files := document2()
		files[0].Name = "other.yaml"
		p := k.problem("POST", "/api/v1/definitions", applying(files, dry), 409)
		if p.Code != "owned_by_file" || !strings.Contains(p.Detail, "/etc/weir/weir.yaml") || p.Diff == nil || p.Diff.Changes[0].Path != "experiments.e.share" ||
			!strings.Contains(p.Diff.Text, "+++ weir.yaml\n") || !strings.Contains(p.Next, "+  e: {route: r, candidate: n, share: 20%}") {
			t.Errorf("%+v", p)
		}
	}
	if p := k.problem("POST", "/api/v1/revisions/1:restore", "{}", 409); p.Code != "owned_by_file" {
		t.Errorf("%+v", p)
	}
	// Comparing is no change.
	resp, body := k.do(k.request("POST", "/api/v1/definitions:diff", applying(document2(), "")))
	if d := decode[DiffReply](t, body); resp.StatusCode != 200 || d.Owner != "file" || d.Diff.Equal || d.Source == "" || d.Revision.Number != 1 {
		t.Errorf("%s %s", resp.Status, body)
	}
	// Verbs work.
	if resp, body := k.do(k.request("POST", "/api/v1/reload", "{}")); resp.StatusCode != 200 {
		t.Errorf("reload: %s %s", resp.Status, body)
	}
	k.definitions.owner, k.definitions.source = "environment", ""
	if p := k.problem("POST", "/api/v1/definitions", applying(document2(), ""), 409); p.Code != "owned_by_environment" {
		t.Errorf("%+v", p)
	}
}

func TestRevisionsAndRestore(t *testing.T) {
	k := startKept(t, nil)
	k.applied(applying(document2(), ""))
	if r := decode[RevisionView](t, k.body("/api/v1/revisions/1")); r.Number != 1 || r.Files[0].Text != document1()[0].Text || r.Author != "ada" {
		t.Errorf("%+v", r)
	}
	first := decode[RevisionPage](t, k.body("/api/v1/revisions?limit=1"))
	if len(first.Revisions) != 1 || first.Revisions[0].Number != 2 || first.Revisions[0].Files != nil || first.NextPageToken == "" {
		t.Errorf("%+v", first)
	}
	if second := decode[RevisionPage](t, k.body("/api/v1/revisions?limit=1&page_token="+first.NextPageToken)); len(second.Revisions) != 1 || second.Revisions[0].Number != 1 || second.NextPageToken != "" {
		t.Errorf("%+v", second)
	}
	resp, body := k.do(k.request("POST", "/api/v1/revisions/1:restore", `{"expect_revision":2,"note":"back"}`))
	if a := decode[ApplyReply](t, body); resp.StatusCode != 200 || a.Revision.Number != 3 || a.Revision.Restored != 1 || a.Diff.Changes[0].After != `0.1` {
		t.Errorf("%s %s", resp.Status, body)
	}
	if v := k.inForce(); v.Revision.Number != 3 || v.Files[0].Text != document1()[0].Text {
		t.Errorf("%+v", v)
	}
	if d := k.recorded.decisions(); len(d) != 2 || d[1].Action != "restore" || !strings.Contains(string(d[1].Report), `"restored_from":1`) {
		t.Errorf("%+v", d)
	}
	k.problem("POST", "/api/v1/revisions/1:restore", `{"expect_revision":2}`, 409)
	for path, status := range map[string]int{"/api/v1/revisions/9": 404, "/api/v1/revisions/0": 400, "/api/v1/revisions/x": 400, "/api/v1/revisions/1:restor": 400} {
		k.problem("GET", path, "", status)
	}
	k.problem("GET", "/api/v1/revisions/1:restore", "", 405)
	k.problem("GET", "/api/v1/revisions?page_token=x", "", 400)
	k.problem("POST", "/api/v1/revisions/9:restore", "{}", 404)
}

func TestWhoMayChangeDefinitions(t *testing.T) {
	k := startWithKeys(t, map[string]string{"reader": "read", "operator": "read,operate", "boss": "admin"})
	for _, row := range []struct {
		key, method, path, body string
		status                  int
	}{
		{"reader", "GET", "/api/v1/definitions", "", 200}, {"reader", "POST", "/api/v1/definitions:diff", applying(document2(), ""), 200},
		{"reader", "POST", "/api/v1/definitions", applying(document2(), `,"dry_run":true`), 403}, {"operator", "POST", "/api/v1/definitions", applying(document2(), ""), 403},
		{"operator", "POST", "/api/v1/revisions/1:restore", "{}", 403}, {"boss", "POST", "/api/v1/definitions", applying(document2(), ""), 200},
		{"boss", "GET", "/api/v1/definitions", "", 403}, {"operator", "POST", "/api/v1/units:forget", `{"kind":"user","id":"ada"}`, 403}, {"operator", "GET", "/api/v1/store:backup", "", 403},
		{"reader", "POST", "/api/v1/store:check", "{}", 403}, {"operator", "POST", "/api/v1/store:check", "{}", 200},
	} {
		if resp, body := k.do(k.request(row.method, row.path, row.body, "Authorization", "Bearer "+k.token(row.key))); resp.StatusCode != row.status {
			t.Errorf("%s %s by %s: %s %s", row.method, row.path, row.key, resp.Status, body)
		}
	}
	if d := k.recorded.decisions(); len(d) != 1 || d[0].By != "boss" {
		t.Errorf("%+v", d)
	}
}

// The definitions cannot be kept now: said as such, and nothing is half done.
func TestDefinitionsWhileTheStoreIsAway(t *testing.T) {
	k := startKept(t, nil)
	k.definitions.mu.Lock()
	k.definitions.err = errors.New("connection refused")
	k.definitions.mu.Unlock()
	for _, call := range []string{"GET /api/v1/definitions", "POST /api/v1/definitions", "POST /api/v1/definitions:diff"} {
		method, path, _ := strings.Cut(call, " ")
		if p := k.problem(method, path, applying(document2(), ""), 503); p.Code != "store_unavailable" || !strings.Contains(p.Detail, "connection refused") {
			t.Errorf("%s: %+v", call, p)
		}
	}
	k.server.cfg.Definitions = nil
	if p := k.problem("GET", "/api/v1/definitions", "", 503); p.Code != "no_revisions" {
		t.Errorf("%+v", p)
	}
}

// What a unit had at a time is what the definitions of that time give it.
func TestExplainAtATime(t *testing.T) {
	k := startKept(t, nil)
	all := []store.File{{Name: "weir.yaml", Text: strings.Replace(document1()[0].Text, "10%", "50%", 1)}}
	k.applied(applying(all, "")) // revision 2, at noon
	k.now = noon.Add(1)
	unit := ""
	for i := range 1000 { // one that the larger share took in
		unit = fmt.Sprint("u", i)
		before, after := k.explainedAt(unit, "2026-03-10T11:30:00Z"), k.explainedAt(unit, "2026-03-10T12:00:00Z")
		if before.Variant != after.Variant {
			if before.Number != 1 || after.Number != 2 || before.Revision == after.Revision || !before.At.Before(noon) || before.Variant != "baseline" || after.Variant != "candidate" {
				t.Errorf("%+v\n%+v", before, after)
			}
			break
		}
	}
	k.problem("POST", "/api/v1/explain", `{"route":"r","unit":"u","at":"2026-03-10T10:59:59Z"}`, 404)
	k.problem("POST", "/api/v1/explain", `{"route":"r","unit":"u","at":"2026-03-11T00:00:00Z"}`, 400)
}

func (k *kept) explainedAt(unit, at string) Explanation {
	k.t().Helper()
	return explained(k.fixture, fmt.Sprintf(`{"route":"r","unit":%q,"at":%q}`, unit, at))
}

func TestDecisionsOfStoreAndMemoryAreOneList(t *testing.T) {
	k := startKept(t, nil)
	b := &store.Batch{}
	for i := range 30 {
		b.Decisions = append(b.Decisions, &event.Decision{ID: idAt(noon.Add(-1e9), i), Time: noon, Subject: []string{"rollout/x", "definitions"}[i%2], Action: "advance"})
	}
	k.apply(b)
	k.applied(applying(document2(), "")) // now; in memory only
	list := func(query string) (all []event.Decision) {
		for token := ""; ; {
			page := decode[DecisionPage](t, k.body("/api/v1/decisions?limit=4"+query+"&page_token="+token))
			all = append(all, page.Decisions...)
			if token = page.NextPageToken; token == "" {
				return all
			}
		}
	}
	if all := list(""); len(all) != 31 || all[0].Action != "apply" || all[30].ID != b.Decisions[0].ID {
		t.Errorf("%d: %+v", len(all), all)
	}
	if some := list("&subject=definitions"); len(some) != 16 {
		t.Errorf("%d: %+v", len(some), some)
	}
	d := k.recorded.decisions()[0]
	k.apply(&store.Batch{Decisions: []*event.Decision{d}}) // the store has it too by now
	if all := list(""); len(all) != 31 {
		t.Errorf("%d: %+v", len(all), all)
	}
	k.set(func(s *keptStore) { s.away = errors.New("connection refused") })
	if page := decode[DecisionPage](t, k.body("/api/v1/decisions")); len(page.Decisions) != 1 || page.Partial == nil {
		t.Errorf("%+v", page)
	}
}
