package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// monthsAnswer is a month of two routes, one of which has requests without a price
// and tokens that were estimated.
const monthsAnswer = `{"by":["route"],"per":"month","zone":"Europe/Vienna","currency":"USD",
"now":{"start":"2026-03-01T00:00:00+01:00","end":"2026-03-16T12:00:00+01:00"},
"before_so_far":{"start":"2026-02-01T00:00:00+01:00","end":"2026-02-16T12:00:00+01:00"},
"before":{"start":"2026-02-01T00:00:00+01:00","end":"2026-03-01T00:00:00+01:00"},
"rows":[
{"keys":{"route":"support"},"now":{"requests":3000,"cost_micro":30000000,"input":1000000,"output":200000},"before_so_far":{"requests":2000,"cost_micro":20000000},"before":{"requests":4000,"cost_micro":44000000},"cost_change_share":0.5,"requests_change_share":0.5},
{"keys":{"route":""},"now":{"requests":1000,"cost_micro":10000000,"estimated_micro":4000000,"estimated_requests":500,"unpriced_requests":400},"before_so_far":{},"before":{},"cost_change_share":null,"requests_change_share":null}],
"total":{"keys":{},"now":{"requests":4000,"cost_micro":40000000,"input":1000000,"output":200000,"estimated_micro":4000000,"estimated_requests":500,"unpriced_requests":400},"before_so_far":{"requests":2000,"cost_micro":20000000},"before":{"requests":4000,"cost_micro":44000000},"cost_change_share":1,"requests_change_share":1},
"notes":["something to know"]}`

const reportAnswer = `{"per":"month","zone":"Europe/Vienna","window":{"start":"2026-03-01T00:00:00+01:00","end":"2026-03-16T12:00:00+01:00"},"currency":"USD",
"total":{"now":{"cost_micro":40000000}},"forecast":{"end_micro":81000000,"low_micro":70000000,"high_micro":92000000,"bounded":true,"level_share":0.8,"method":"seasonal-naive by weekday",
"backtest":{"forecasts":40,"horizon_days":15,"error":0.071,"bias":-0.012,"within":33},"doubts":["only 40 days of history"]}}`

const budgetsAnswer = `{"budgets":[{"name":"all","amount_micro":50000000,"per":"month","of":{},"spent_micro":40000000,"spent_share":0.8,"lower_bound":true,"unpriced_requests":400,
"forecast":{"end_micro":81000000,"low_micro":70000000,"high_micro":92000000,"bounded":true},"says":["$40.00 of $50.00 (80 %) spent"]}],"currency":"USD"}`

// costOf runs weir cost against these answers.
func costAgainst(t *testing.T, args ...string) (out, errs string) {
	t.Helper()
	code, out, errs := against(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/v1/usage/months":
			_, _ = io.WriteString(w, monthsAnswer)
		case "/api/v1/reports/monthly":
			if at := r.URL.Query().Get("at"); !strings.HasPrefix(at, "2026-03-16T12:00:00") {
				t.Errorf("the forecast is asked for at %q, which is not a time of Weir's clock", at)
			}
			_, _ = io.WriteString(w, reportAnswer)
		case "/api/v1/budgets":
			_, _ = io.WriteString(w, budgetsAnswer)
		}
	}, append([]string{"cost"}, args...)...)
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	return out, errs
}

// A month as people see it: what is not known is said, and so is how sure the
// forecast is.
func TestCostOfAMonth(t *testing.T) {
	out, errs := costAgainst(t)
	const wantOut = `ROUTE       COST  SHARE                 BEFORE   CHANGE  WHOLE BEFORE  REQUESTS   CHANGE      INPUT   OUTPUT  UNPRICED
support   $30.00  ███████████████·····  $20.00  +50.0 %        $44.00     3,000  +50.0 %  1,000,000  200,000         0
(none)  ≥ $10.00  █████···············   $0.00        -         $0.00     1,000        -          0        0       400
total   ≥ $40.00  -                     $20.00  +100.0 %        $44.00     4,000  +100.0 %  1,000,000  200,000       400

forecast to the end of March 2026 (time zone Europe/Vienna)
  spent so far  $40.00
  at its end    $81.00, 80.0 % interval $70.00 to $92.00
  method        seasonal-naive by weekday
  backtest      tried on the past 40 times, 15 days ahead: off by 7.1 % on average (bias -1.2 %); 33 of 40 within the interval
  doubt         only 40 days of history

BUDGET  AMOUNT  PER       SPENT   SHARE  0 % TO 100 %          FORECAST     LOW    HIGH  OF
all     $50.00  month  ≥ $40.00  80.0 %  ████████████████····    $81.00  $70.00  $92.00  everything
budget all: $50.00 a month, of everything
                ████████████████···· 80.0 %
                $40.00 of $50.00 (80 %) spent
`
	squeeze := func(s string) string {
		var lines []string
		for line := range strings.Lines(s) {
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
		return strings.Join(lines, "\n")
	}
	if squeeze(out) != squeeze(wantOut) {
		t.Errorf("%s\nwant\n%s", out, wantOut)
	}
	const wantErrs = `1 Mar 2026 00:00 to 16 Mar 2026 12:00 against 1 Feb 2026 00:00 to 16 Feb 2026 12:00; time zone Europe/Vienna, USD
10.0 % of the requests (400) have no known price: more was spent than is shown
10.0 % of the cost ($4.00, of 500 requests) rests on estimated tokens or prices
something to know
periods are by the calendar of UTC; budgets refuse nothing
`
	if errs != wantErrs {
		t.Errorf("%s\nwant\n%s", errs, wantErrs)
	}
	// What is cut off is said.
	if out, errs := costAgainst(t, "--top", "1"); strings.Contains(out, "(none)") || !strings.Contains(errs, "1 more row not shown: --top 2 shows all") {
		t.Errorf("%s%s", out, errs)
	}
	// The forecast alone, by Weir's clock too.
	if out, _ := costAgainst(t, "--forecast"); !strings.HasPrefix(out, "forecast to the end of March 2026") {
		t.Errorf("%s", out)
	}
}
