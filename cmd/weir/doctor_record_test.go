package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// aWeir is one that answers each path with the text given for it, and is well
// where none is.
func aWeir(t *testing.T, answers map[string]string) string {
	t.Helper()
	usual := map[string]string{
		"/api/v1/status": `{"version":"dev","mode":"file"}`, "/api/v1/models": `{"models":[]}`, "/api/v1/events": `{"events":[]}`,
		"/api/v1/store": `{"state":"ok","engine":"sqlite"}`, "/api/v1/budgets": `{"budgets":[]}`, "/api/v1/routes": `{"routes":[]}`,
		"/api/v1/store:check": `{"sound":true}`,
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := answers[r.URL.Path]
		if !ok {
			text = usual[r.URL.Path]
		}
		if strings.HasPrefix(text, "refuse") {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestDoctorRecord(t *testing.T) {
	for _, c := range []struct {
		name, path, answer string
		check              string
		state              health
		words              string
	}{
		{"well", "/api/v1/store", `{"state":"ok","engine":"sqlite","bytes":2048}`, "record", well, "sqlite, 2.0 KiB"},
		{"nothing kept", "/api/v1/store", `{"state":"none","reason":"no folder"}`, "record", doubtful, "--store DIR"},
		{"away", "/api/v1/store", `{"state":"away","reason":"disk I/O error","journal":{"lag_seconds":900,"lag_records":5}}`, "record", ill, "the store is away: disk I/O error"},
		{"catching up", "/api/v1/store", `{"state":"behind","reason":"it began","journal":{"lag_seconds":5}}`, "record", well, "catching up; it began"},
		{"behind", "/api/v1/store", `{"state":"behind","reason":"slow","journal":{"lag_seconds":61,"lag_records":7}}`, "record", doubtful, "the store is behind: slow"},
		{"lag", "/api/v1/store", `{"state":"ok","journal":{"lag_seconds":61,"lag_records":7}}`, "record", doubtful, "7 records wait in the journal, the oldest for 61 s"},
		{"at risk", "/api/v1/store", `{"state":"ok","journal":{"at_risk":3}}`, "record", doubtful, "3 answers went out before the record was written"},
		{"failed", "/api/v1/store", `{"state":"ok","journal":{"failed":1}}`, "record", ill, "1 record could not be written"},
		{"shed before", "/api/v1/store", `{"state":"ok","shed":{"body":1000,"event":2}}`, "record", doubtful, "there is room again, and there was none: 1002 records given up since the start: 1,000 body; 2 event; their money is kept"},
		{"a full journal", "/api/v1/store", `{"state":"away","reason":"gone","journal":{"bytes":870,"limit":1024},"shed":{"body":1}}`, "record", doubtful, "the journal is full, 870 B of 1.0 KiB, since the store does not take what is in it; 1 record given up"},
		{"a full disk", "/api/v1/store", `{"state":"away","reason":"no room","journal":{"bytes":870,"limit":1024,"disk_full":true}}`, "record", ill, "the disk of the journal is full: only money and decisions are kept; no record was given up yet"},
		{"cannot be asked", "/api/v1/store", `refuse`, "record", ill, "ask the running Weir for its store"},
		{"priced", "/api/v1/models", `{"models":[{"name":"m","ready":true,"price":{"known":true}}]}`, "prices", well, "known"},
		{"unpriced", "/api/v1/models", `{"models":[{"name":"m","ready":true,"price":{"basis":"unpriced"}}]}`, "prices", doubtful, "model m has no price: what it answers is counted and in no amount"},
		{"estimated", "/api/v1/models", `{"models":[{"name":"m","ready":true,"price":{"basis":"estimated"}}]}`, "prices", doubtful, "its cost is an estimate"},
		{"refused", "/api/v1/models", `{"models":[{"name":"m","ready":true,"price":{"refused":true}}]}`, "prices", doubtful, "is not asked for that"},
		{"enough left", "/api/v1/budgets", `{"budgets":[{"name":"b","spent_share":0.79}]}`, "budgets", well, "none of which is at 80 % yet"},
		{"nearly spent", "/api/v1/budgets", `{"budgets":[{"name":"b","per":"month","amount_micro":10000000,"spent_micro":8500000,"spent_share":0.85}]}`, "budgets", doubtful, "budget b: $8.50 of $10.00 spent in this month, 85.0 %"},
		{"budgets away", "/api/v1/budgets", `refuse`, "budgets", unasked, "cannot be read now"},
		{"split", "/api/v1/routes", `{"routes":[{"name":"r","split":{"verdict":"as_expected","text":"as it should"}}]}`, "split", well, "route r: as it should"},
		{"wrong split", "/api/v1/routes", `{"routes":[{"name":"r","split":{"verdict":"wrong","text":"far off"}}]}`, "split", ill, "weir describe route r"},
		{"too few", "/api/v1/routes", `{"routes":[{"name":"r","split":{"verdict":"too_few","text":"too few"}}]}`, "split", unasked, "too few"},
		{"sound", "/api/v1/store:check", `{"sound":true,"seconds":1}`, "damage", well, "as it was written"},
		{"damaged", "/api/v1/store:check", `{"sound":false,"damage":"row 7","next":"restore"}`, "damage", ill, "the store is damaged: row 7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPatient(t, simplest).ask(aWeir(t, map[string]string{c.path: c.answer}))
			p.doctor.all = c.check == "damage"
			p.expect(c.check, c.state, c.words)
		})
	}
}

// With nobody to ask, what can only be asked is not spoken of.
func TestDoctorRecordOfNobody(t *testing.T) {
	p := newPatient(t, simplest).ask("")
	for _, c := range checks {
		found := c.run(t.Context(), p.doctor)
		if c.name == "record" || c.name == "damage" || c.name == "prices" || c.name == "budgets" || c.name == "split" {
			if len(found) != 0 {
				t.Errorf("%s: %+v", c.name, found)
			}
		}
	}
}
