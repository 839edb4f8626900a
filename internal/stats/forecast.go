package stats

import (
	"fmt"
	"math"
)

// Methods of a forecast.
const (
	MethodSeasonal = "the same weekday of last week" // seasonal naive
	MethodMean     = "the mean of the days so far"
)

const (
	week = 7 // days, the season

	// ForecastLevel is the share of futures that an interval is made to hold.
	ForecastLevel = 0.8
	forecastZ     = 1.2815515655446004 // of the standard normal distribution, both sides together 0.2
)

// Prediction is a forecast with its prediction interval. Without a Bounded one,
// nothing is known of how far off the mean may be, and Low and High are the mean.
type Prediction struct {
	Mean    float64 `json:"mean"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
	Bounded bool    `json:"bounded"`
}

// Backtest is how the method would have done: forecasts from each day of the
// past that has enough days before it and after it, compared with what came.
// Neighbouring ones share days, so they are fewer than they look.
type Backtest struct {
	Forecasts int     `json:"forecasts"`    // compared; 0: there is no past to try it on
	Horizon   int     `json:"horizon_days"` // of each
	Error     float64 `json:"error"`        // mean distance of forecast and actual total, as a share of the mean actual total
	Bias      float64 `json:"bias"`         // mean of forecast minus actual, as the same share
	Within    int     `json:"within"`       // of the actual totals, how many fell into the interval given at the time
}

// Forecast is what the next days may bring.
type Forecast struct {
	Method   string       `json:"method"`
	Level    float64      `json:"level"` // of the intervals: 0.8
	Days     []Prediction `json:"days"`
	Total    Prediction   `json:"total"` // of all days together
	Backtest Backtest     `json:"backtest"`
	Doubts   []string     `json:"doubts,omitempty"`
}

// SeasonalNaive forecasts daily amounts: each day is what that weekday was last
// (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd
// edition, section 5.2). daily is oldest first, without holes, and ends on the
// day before the first of the horizon.
//
// Intervals are normal ones (section 5.5): the variance of a day k whole weeks
// ahead is (k+1) times that of the residuals y[t] - y[t-7], and that of the total
// follows from the same model, a random walk for each weekday. Real residuals
// hang together (a new customer raises every day at once), which the model does
// not know; so the total's interval is never narrower than the errors of the
// backtest were (section 5.10, rolling origin).
//
// With less than two weeks there is no residual. The forecast is then the mean
// of the days so far, which knows no weekdays, and says so among its Doubts.
func SeasonalNaive(daily []float64, horizon int) (Forecast, error) {
	if horizon < 1 {
		return Forecast{}, fmt.Errorf("forecast %d days: at least one is needed", horizon)
	}
	if len(daily) == 0 {
		return Forecast{}, fmt.Errorf("forecast %d days: no day has passed yet, so there is nothing to go by", horizon)
	}
	for i, v := range daily {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return Forecast{}, fmt.Errorf("forecast %d days: day %d of the past is %g", horizon, i+1, v)
		}
	}
	if len(daily) < 2*week {
		f := forecast(daily, horizon, meanSoFar, 2)
		f.Method = MethodMean
		f.Doubts = append([]string{fmt.Sprintf("%s of history, two weeks are needed to see a week's pattern: this is the mean of the days so far and knows no weekdays",
			days(len(daily)))}, f.Doubts...)
		return f, nil
	}
	f := forecast(daily, horizon, lastWeek, 2*week)
	f.Method = MethodSeasonal
	return f, nil
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// guess is a forecast without its interval: means and standard deviations.
type guess struct {
	day, daySpread     []float64
	total, totalSpread float64
	bounded            bool // the spreads are known
}

// lastWeek is the seasonal naive method. It needs two weeks.
func lastWeek(daily []float64, horizon int) guess {
	n := len(daily)
	squares := 0.0
	for t := week; t < n; t++ {
		e := daily[t] - daily[t-week]
		squares += e * e
	}
	sigma := math.Sqrt(squares / float64(n-week)) // equation 5.3 with K = 0, M = 7
	g := guess{bounded: true}
	walks := 0.0 // variance of the total in units of sigma²
	for h := range horizon {
		k := h/week + 1
		y := daily[n-week+h%week]
		g.day = append(g.day, y)
		g.daySpread = append(g.daySpread, sigma*math.Sqrt(float64(k)))
		g.total += y
		// A weekday met n times is a walk: its first step is in all n errors, its second
		// in n-1, ...: together Σ i² for i = 1..n. The n-th meeting adds n².
		walks += float64(k * k)
	}
	g.totalSpread = sigma * math.Sqrt(walks)
	return g
}

// meanSoFar is the mean method (section 5.2); its spread is known from two days on.
func meanSoFar(daily []float64, horizon int) guess {
	n, sum := float64(len(daily)), 0.0
	for _, v := range daily {
		sum += v
	}
	mean, squares := sum/n, 0.0
	for _, v := range daily {
		squares += (v - mean) * (v - mean)
	}
	g := guess{total: mean * float64(horizon), bounded: n > 1}
	sigma := 0.0
	if g.bounded {
		sigma = math.Sqrt(squares / (n - 1))
	}
	for range horizon {
		g.day = append(g.day, mean)
		g.daySpread = append(g.daySpread, sigma*math.Sqrt(1+1/n))
	}
	h := float64(horizon)
	g.totalSpread = sigma * math.Sqrt(h+h*h/n) // its own noise, and h times that of the mean
	return g
}

// forecast applies a method that needs least days of history, and backtests it.
func forecast(daily []float64, horizon int, method func([]float64, int) guess, least int) Forecast {
	f := Forecast{Level: ForecastLevel}
	past := backtest(daily, horizon, method, least)
	f.Backtest = past.summary()
	g := method(daily, horizon)
	for i, y := range g.day {
		f.Days = append(f.Days, interval(y, g.daySpread[i], g.bounded))
	}
	f.Total = interval(g.total, max(g.totalSpread, past.rootMeanSquare(len(past.errors))), g.bounded)
	f.Doubts = append(f.Doubts, past.doubts(horizon)...)
	if !g.bounded {
		f.Doubts = append(f.Doubts, "one day says nothing of how days differ: there is no interval")
	}
	return f
}

func interval(mean, spread float64, bounded bool) Prediction {
	return Prediction{Mean: mean, Low: mean - forecastZ*spread, High: mean + forecastZ*spread, Bounded: bounded}
}

// trial is a backtest under way; errors are in the order of their origins.
type trial struct {
	horizon int
	errors  []float64 // forecast minus actual, totals
	actual  float64   // sum of the actual totals
	within  int
}

// backtest forecasts from every origin in the past that leaves a whole horizon
// after it. When none does, it tries as many days as there are.
func backtest(daily []float64, horizon int, method func([]float64, int) guess, least int) trial {
	t := trial{horizon: min(horizon, len(daily)-least)}
	if t.horizon < 1 {
		return trial{}
	}
	for origin := least; origin+t.horizon <= len(daily); origin++ {
		actual := 0.0
		for _, v := range daily[origin : origin+t.horizon] {
			actual += v
		}
		g := method(daily[:origin], t.horizon)
		// What was known then: errors of forecasts that had ended by the origin.
		known := max(0, min(len(t.errors), origin-least-t.horizon+1))
		i := interval(g.total, max(g.totalSpread, t.rootMeanSquare(known)), g.bounded)
		if i.Low <= actual && actual <= i.High {
			t.within++
		}
		t.actual += actual
		t.errors = append(t.errors, g.total-actual)
	}
	return t
}

// rootMeanSquare of the first n errors, 0 without any.
func (t *trial) rootMeanSquare(n int) float64 {
	if n == 0 {
		return 0
	}
	squares := 0.0
	for _, e := range t.errors[:n] {
		squares += e * e
	}
	return math.Sqrt(squares / float64(n))
}

func (t *trial) summary() Backtest {
	b := Backtest{Forecasts: len(t.errors), Horizon: t.horizon, Within: t.within}
	if t.actual == 0 {
		return b
	}
	for _, e := range t.errors {
		b.Error += math.Abs(e) / math.Abs(t.actual)
		b.Bias += e / math.Abs(t.actual)
	}
	return b
}

// fewTrials is below what an error of a backtest says little.
const fewTrials = 5

func (t *trial) doubts(horizon int) (list []string) {
	switch n := len(t.errors); {
	case n == 0:
		return []string{"there is no past to try the forecast on yet"}
	case n < fewTrials:
		list = append(list, fmt.Sprintf("few of its forecasts could be tried on the past: %d", n))
	}
	if t.horizon < horizon {
		list = append(list, fmt.Sprintf("it was tried on the past for %s ahead, and reaches %d here", days(t.horizon), horizon))
	}
	return list
}
