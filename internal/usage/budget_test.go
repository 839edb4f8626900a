package usage

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/store"
)

const dollar = 1_000_000

// office spends $10 on weekdays and $2 on the others, at 9:00 and 15:00 UTC in
// equal parts, from one instant to another.
func office(from, to time.Time) (l ledger) {
	for h := from.Truncate(time.Hour); h.Before(to); h = h.Add(time.Hour) {
		cost := meter.Micro(5 * dollar)
		if d := h.Weekday(); d == time.Saturday || d == time.Sunday {
			cost = 1 * dollar
		}
		if h.Hour() == 9 || h.Hour() == 15 {
			l = append(l, store.LedgerRow{Hour: h, Route: "support", Tags: "team=x", Why: "request", LedgerSums: store.LedgerSums{Requests: 100, Cost: cost}})
		}
	}
	return l
}

func stateOf(t *testing.T, b Budget, l ledger, zone *time.Location, now time.Time) *BudgetState {
	t.Helper()
	s, err := b.State(t.Context(), l, zone, now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// November 2026 begins on a Sunday and has 21 weekdays and 9 other days: $228.
// On Tuesday the 17th at noon, 11 weekdays and 5 others are over ($120) and half
// of the day's money is spent ($5).
func TestAMonthsBudget(t *testing.T) {
	now := at(t, "2026-11-17T12:00:00Z")
	l := office(at(t, "2026-08-01T00:00:00Z"), now)
	s := stateOf(t, Budget{Name: "all", Amount: 150 * dollar, Per: Month}, l, nil, now)
	if s.Spent != 125*dollar || math.Abs(s.Share-125.0/150) > 1e-12 || s.Requests != 3300 {
		t.Errorf("spent %s (%g) by %d requests", Dollars(s.Spent), s.Share, s.Requests)
	}
	// Ahead: the afternoon ($5), 9 weekdays, 4 others: $103. The past repeats itself
	// to the cent, so nothing is in doubt.
	f := s.Forecast
	if f == nil || f.End != 228*dollar || f.Low != f.End || f.High != f.End || f.Backtest.Error != 0 || f.Backtest.Forecasts == 0 || len(f.Doubts) != 0 {
		t.Fatalf("forecast %+v", f)
	}
	// 80 % is $120: reached when the 17th began, i.e. with the money of Monday, 15:00.
	// 100 % is $25 away: $5 today, $10 on the 18th and the 19th.
	if m := s.Marks[0]; m.Share != 0.8 || !m.Reached || m.At == nil || !m.At.Equal(at(t, "2026-11-16T15:00:00Z")) {
		t.Errorf("80 %%: %+v", m)
	}
	if m := s.Marks[1]; m.Share != 1 || m.Reached || m.At == nil || !m.At.Equal(at(t, "2026-11-20T00:00:00Z")) {
		t.Errorf("100 %%: %+v, %s", m, m.At)
	}
	if s.Enforced || !strings.Contains(strings.Join(s.Says, "\n"), "nothing is refused when one is spent") {
		t.Errorf("says %q", s.Says)
	}
	for _, want := range []string{
		"$125.00 of $150.00 (83 %) spent in the month from 2026-11-01 00:00 +00:00 to 2026-12-01 00:00 +00:00 (UTC)",
		"80 % was reached in the hour of 2026-11-16 15:00 +00:00",
		"100 % is forecast to be reached about 2026-11-20 00:00 +00:00",
		"forecast for the end of the month: $228.00, 80 % interval $228.00 to $228.00, by the same weekday of last week",
	} {
		if !strings.Contains(strings.Join(s.Says, "\n"), want) {
			t.Errorf("says nothing of %q:\n%s", want, strings.Join(s.Says, "\n"))
		}
	}
}

// A third of a day's money is still to come when a third of the day is: not all
// of it, although nothing has been spent this morning.
func TestADaysBudgetNearItsEnd(t *testing.T) {
	now := at(t, "2026-11-17T16:00:00Z")
	l := office(at(t, "2026-08-01T00:00:00Z"), at(t, "2026-11-17T00:00:00Z"))
	l = append(l, hourRow(t, "2026-11-17T15:00:00Z", "support", "", 1, dollar))
	s := stateOf(t, Budget{Name: "day", Amount: 4 * dollar, Per: Day}, l, nil, now)
	if want := float64(dollar) + 10*dollar/3.0; s.Spent != dollar || math.Abs(float64(s.Forecast.End)-want) > 1 {
		t.Errorf("spent %s, forecast %s, want %g", Dollars(s.Spent), Dollars(s.Forecast.End), want)
	}
	// $3 of $3.33 in 8 hours: after 7.2 of them.
	if m := s.Marks[1]; m.At == nil || !m.At.Equal(at(t, "2026-11-17T23:00:00Z")) {
		t.Errorf("100 %%: %+v", m)
	}
}

func TestABudgetOfWhatHasNoPriceIsALowerBound(t *testing.T) {
	l := ledger{hourRow(t, "2026-11-01T10:00:00Z", "a", "", 10, 5*dollar)}
	l[0].Unpriced, l[0].Estimated = 3, 2*dollar
	s := stateOf(t, Budget{Name: "b", Amount: 10 * dollar, Per: Month, Filter: store.LedgerQuery{Route: "a", From: at(t, "2027-01-01T00:00:00Z")}}, l, nil, at(t, "2026-11-01T12:00:00Z"))
	says := strings.Join(s.Says, "\n")
	if !s.LowerBound || s.Unpriced != 3 || s.Spent != 5*dollar || !strings.Contains(says, "3 of 10 requests have no known price") || !strings.Contains(says, "$2.00 of it rests on estimated") {
		t.Errorf("%+v\n%s", s, says)
	}
	if fmt.Sprint(s.Of) != "map[route:a]" {
		t.Errorf("of %v", s.Of)
	}
	// The first day is not a whole one: no forecast is made of it.
	if s.Forecast != nil || !strings.Contains(says, "no forecast: there is no whole day of history yet") || s.Marks[1].At != nil {
		t.Errorf("forecast %+v, marks %+v\n%s", s.Forecast, s.Marks, says)
	}
}

func TestAYoungBudgetSaysHowLittleItKnows(t *testing.T) {
	begin := at(t, "2026-11-03T08:00:00Z") // a Tuesday
	for days, want := range map[int]string{
		2: "1 day of history, two weeks are needed", // the first was not whole
		9: "8 days of history, two weeks are needed",
	} {
		now := begin.AddDate(0, 0, days).Truncate(24 * time.Hour)
		s := stateOf(t, Budget{Name: "b", Amount: 1000 * dollar, Per: Month}, office(begin, now), nil, now)
		if s.Forecast == nil || !strings.Contains(strings.Join(s.Says, "\n"), want) {
			t.Errorf("after %d days: %q", days, s.Says)
		}
		if s.Forecast.Bounded != (days > 2) {
			t.Errorf("after %d days: bounded %v", days, s.Forecast.Bounded)
		}
	}
}

func TestBudgetsAreOfTheirZone(t *testing.T) {
	zone := zoneOf(t, "Asia/Kolkata") // a day is 18:30 to 18:30 UTC: rows of 19:00 to 18:00
	l := ledger{
		hourRow(t, "2026-11-16T18:00:00Z", "a", "", 1, 1),
		hourRow(t, "2026-11-16T19:00:00Z", "a", "", 1, 10),
		hourRow(t, "2026-11-17T18:00:00Z", "a", "", 1, 100),
	}
	s := stateOf(t, Budget{Name: "b", Amount: 1000, Per: Day}, l, zone, at(t, "2026-11-17T18:10:00Z"))
	if s.Spent != 110 || !s.Window.Start.Equal(at(t, "2026-11-16T18:30:00Z")) || !strings.Contains(strings.Join(s.Says, "\n"), "whole hours") {
		t.Errorf("%s, %+v, %q", Dollars(s.Spent), s.Window, s.Says)
	}
	s = stateOf(t, Budget{Name: "b", Amount: 1000, Per: Day}, l, zone, at(t, "2026-11-17T18:30:00Z"))
	if s.Spent != 0 {
		t.Errorf("the next day begins with %s", Dollars(s.Spent))
	}
}

func TestBudgetsThatAreNone(t *testing.T) {
	for want, b := range map[string]Budget{
		`budget "b": the amount is 0`:    {Name: "b", Per: Month},
		`budget "b": it is for a "hour"`: {Name: "b", Amount: 1, Per: Hour},
		`budget "b": read the ledger`:    {Name: "b", Amount: 1, Per: Month},
	} {
		if _, err := b.State(t.Context(), broken{fmt.Errorf("away")}, nil, at(t, "2026-11-17T18:10:00Z")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// What is spent stays spent: whatever the past was like, the forecast's interval
// does not reach below it, and holds the forecast.
func TestProjectionsAreInOrder(t *testing.T) {
	begin := at(t, "2026-08-01T00:00:00Z")
	for i := range 60 {
		now := begin.Add(time.Duration(i*i) * 37 * time.Minute)
		l := office(begin, now)
		for j := range l { // a noise that is the same each time
			l[j].Cost = meter.Micro(float64(l[j].Cost) * (1 + math.Sin(float64(j*j))))
		}
		for _, per := range []Per{Day, Week, Month} {
			s := stateOf(t, Budget{Name: "b", Amount: dollar, Per: per}, l, zoneOf(t, "Europe/Berlin"), now)
			if f := s.Forecast; f != nil && (f.Low > f.End || f.End > f.High || f.Low < s.Spent) {
				t.Errorf("%s at %s: spent %s, forecast %s from %s to %s", per, now, Dollars(s.Spent), Dollars(f.End), Dollars(f.Low), Dollars(f.High))
			}
		}
	}
}
