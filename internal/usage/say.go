package usage

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/meter"
)

// Dollars writes an amount: "$1,234.50"; below a dollar as many digits as it has,
// at least two, since a request may cost a fraction of a cent.
func Dollars(m meter.Micro) string {
	sign, u := "", uint64(m)
	if m < 0 {
		sign, u = "-", -u
	}
	if u < million {
		digits := strings.TrimRight(fmt.Sprintf("%06d", u), "0")
		return fmt.Sprintf("%s$0.%s%s", sign, digits, strings.Repeat("0", max(0, 2-len(digits))))
	}
	cents := u/10_000 + (u%10_000)/5_000 // half up; the sum fits: u/10,000 is far from the end
	return fmt.Sprintf("%s$%s.%02d", sign, thousands(cents/100), cents%100)
}

const million = 1_000_000

// thousands writes a number with commas.
func thousands[N int64 | uint64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// count writes a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return thousands(int64(n)) + " " + thing + "s"
}

// percent writes a share: "12 %", "0.4 %". It does not round what is less than
// all to 100 %, nor what is more than nothing to 0 %.
func percent(share float64) string {
	p := share * 100
	switch a := math.Abs(p); {
	case a == 0 || a >= 99.95 && a < 100 || a > 0 && a < 0.05:
		return strconv.FormatFloat(p, 'g', 4, 64) + " %"
	case a < 9.95 && a != math.Trunc(a):
		return strconv.FormatFloat(p, 'f', 1, 64) + " %"
	}
	return strconv.FormatFloat(p, 'f', 0, 64) + " %"
}

// clock writes an instant as a clock on the wall shows it, with its distance from UTC.
func clock(t time.Time) string { return t.Format("2006-01-02 15:04 -07:00") }

// say puts the state into sentences.
func (s *BudgetState) say() {
	s.add("%s of %s (%s) spent%s in the %s from %s to %s (%s)", Dollars(s.Spent), Dollars(s.Amount), percent(s.Share), filterText(s.Of), s.Per,
		clock(s.Window.Start), clock(s.Window.End), s.Zone)
	if s.LowerBound {
		s.add("more was spent than that: %s of %s requests have no known price", thousands(s.Unpriced), thousands(s.Requests))
	}
	if s.beyond {
		s.add("%s", beyondNote)
	}
	if s.Estimated != 0 {
		s.add("%s of it rests on estimated tokens or prices", Dollars(s.Estimated))
	}
	for _, m := range s.Marks {
		switch {
		case m.Reached && m.At != nil:
			s.add("%s was reached in the hour of %s", percent(m.Share), clock(*m.At))
		case m.At != nil:
			s.add("%s is forecast to be reached about %s", percent(m.Share), clock(*m.At))
		}
	}
	if s.Forecast != nil {
		for _, sentence := range s.Forecast.sentences(s.Per) {
			s.add("%s", sentence)
		}
	} else if !s.over {
		s.add("no forecast: there is no whole day of history yet")
	}
	if !ledgerHour(s.Window.Start).Equal(s.Window.Start) || !ledgerHour(s.Window.End).Equal(s.Window.End) {
		s.add("%s", movedNote(s.Window.Start.Location()))
	}
	s.add("%s", notEnforced)
}

// filterText is what a filter leaves, " by model m, route r", or nothing.
func filterText(of map[string]string) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		list = append(list, name+" "+of[name])
	}
	if list == nil {
		return ""
	}
	return " by " + strings.Join(list, ", ")
}

func (s *BudgetState) add(format string, args ...any) {
	s.Says = append(s.Says, fmt.Sprintf(format, args...))
}

// sentences of a projection: what, how sure, how it did before, doubts.
func (p *Projection) sentences(per Per) []string {
	what := fmt.Sprintf("forecast for the end of the %s: %s", per, Dollars(p.End))
	if p.Bounded {
		what += fmt.Sprintf(", %s interval %s to %s", percent(p.Level), Dollars(p.Low), Dollars(p.High))
	}
	list := []string{what + ", by " + p.Method}
	if b := p.Backtest; b.Forecasts > 0 {
		list = append(list, fmt.Sprintf("tried on the past %s, %s ahead, such a forecast was off by %s on average, and %d of %d times what came was within the interval",
			count(b.Forecasts, "time"), count(b.Horizon, "day"), percent(b.Error), b.Within, b.Forecasts))
	}
	return append(list, p.Doubts...)
}
