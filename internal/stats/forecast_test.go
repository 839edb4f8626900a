package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(b)) }

func mustForecast(t *testing.T, daily []float64, horizon int) Forecast {
	t.Helper()
	f, err := SeasonalNaive(daily, horizon)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Worked by hand: of seven residuals one is 2, so sigma² is 4/7. Eight days ahead
// the first weekday is met twice, the others once: the total's variance is
// (1+4) + 6 = 11 sigma².
func TestSeasonalNaiveByHand(t *testing.T) {
	daily := []float64{10, 10, 10, 10, 10, 10, 10, 12, 10, 10, 10, 10, 10, 10}
	f := mustForecast(t, daily, 8)
	if f.Method != MethodSeasonal || f.Level != 0.8 || len(f.Days) != 8 {
		t.Errorf("%+v", f)
	}
	for i, want := range []float64{12, 10, 10, 10, 10, 10, 10, 12} {
		k := 1.0
		if i == 7 {
			k = 2
		}
		half := 1.2815515655446004 * math.Sqrt(k*4/7)
		if d := f.Days[i]; d.Mean != want || !near(d.Low, want-half) || !near(d.High, want+half) || !d.Bounded {
			t.Errorf("day %d: %+v, want %g ± %g", i+1, d, want, half)
		}
	}
	if half := 1.2815515655446004 * math.Sqrt(11*4.0/7); f.Total.Mean != 84 || !near(f.Total.High-f.Total.Mean, half) {
		t.Errorf("total %+v, want 84 ± %g", f.Total, half)
	}
	if f.Backtest.Forecasts != 0 || len(f.Doubts) == 0 || !strings.Contains(f.Doubts[0], "no past to try") {
		t.Errorf("two weeks leave nothing to try the forecast on: %+v, %q", f.Backtest, f.Doubts)
	}
}

// Three weeks, and each day of the third is 3 dearer: 14 and 15 can be forecast
// from when all of a week is to follow: origin 14 only, off by 7 × 3 = 21 of 91.
func TestBacktestByHand(t *testing.T) {
	daily := append(slices.Repeat([]float64{10}, 14), slices.Repeat([]float64{13}, 7)...)
	f := mustForecast(t, daily, 7)
	want := Backtest{Forecasts: 1, Horizon: 7, Error: 21.0 / 91, Bias: -21.0 / 91}
	if b := f.Backtest; b.Forecasts != 1 || b.Horizon != 7 || !near(b.Error, want.Error) || !near(b.Bias, want.Bias) || b.Within != 0 {
		t.Errorf("%+v, want %+v", b, want)
	}
	// The residuals (seven of 3 among fourteen) would give sqrt(7 × 4.5); the one
	// forecast there was missed by 21, and the interval is no narrower than that.
	if half := f.Total.High - f.Total.Mean; !near(half, 1.2815515655446004*21) {
		t.Errorf("half of the interval is %g, want that of an error of 21", half)
	}
	// Longer than what could be tried.
	f = mustForecast(t, daily, 10)
	if f.Backtest.Horizon != 7 || !strings.Contains(strings.Join(f.Doubts, "\n"), "for 7 days ahead, and reaches 10") {
		t.Errorf("%+v, %q", f.Backtest, f.Doubts)
	}
}

func TestAWeeklyPatternIsForecastWithoutError(t *testing.T) {
	daily := slices.Repeat([]float64{5, 4, 4, 4, 3, 1, 0}, 6)[2:] // begins on any weekday
	f := mustForecast(t, daily, 9)
	for i, want := range []float64{5, 4, 4, 4, 3, 1, 0, 5, 4} {
		if f.Days[i].Mean != want {
			t.Errorf("day %d: %g, want %g", i+1, f.Days[i].Mean, want)
		}
	}
	// 40 days: origins 14 to 31.
	if b := f.Backtest; b.Forecasts != 18 || b.Error != 0 || b.Within != 18 || f.Total.Low != 30 || f.Total.High != 30 {
		t.Errorf("%+v, total %+v", b, f.Total)
	}
}

// Worked by hand: 10, 20, 30 have the mean 20 and the standard deviation 10; the
// total of two days has the variance 100 × (2 + 4/3).
func TestLessThanTwoWeeksIsTheMeanAndSaysSo(t *testing.T) {
	f := mustForecast(t, []float64{10, 20, 30}, 2)
	if f.Method != MethodMean || f.Total.Mean != 40 || !near(f.Total.High, 40+1.2815515655446004*10*math.Sqrt(2+4.0/3)) || !near(f.Days[1].High, 20+1.2815515655446004*10*math.Sqrt(1+1.0/3)) {
		t.Errorf("%+v", f)
	}
	if len(f.Doubts) == 0 || !strings.Contains(f.Doubts[0], "3 days of history, two weeks are needed") {
		t.Errorf("doubts: %q", f.Doubts)
	}
	if f := mustForecast(t, make([]float64, 13), 1); f.Method != MethodMean {
		t.Errorf("13 days: %s", f.Method)
	}
	if f := mustForecast(t, make([]float64, 14), 1); f.Method != MethodSeasonal {
		t.Errorf("14 days: %s", f.Method)
	}
	f = mustForecast(t, []float64{7}, 3)
	if f.Total != (Prediction{Mean: 21, Low: 21, High: 21}) || !strings.Contains(strings.Join(f.Doubts, "\n"), "there is no interval") {
		t.Errorf("one day: %+v, %q", f.Total, f.Doubts)
	}
}

func TestForecastsThatCannotBeMade(t *testing.T) {
	for name, c := range map[string]struct {
		daily   []float64
		horizon int
		want    string
	}{
		"no horizon":  {[]float64{1}, 0, "at least one"},
		"no past":     {nil, 3, "nothing to go by"},
		"not numbers": {[]float64{1, math.NaN()}, 3, "day 2 of the past is NaN"},
	} {
		if _, err := SeasonalNaive(c.daily, c.horizon); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// coverage is the share of simulated futures whose total falls into the interval.
func coverage(t *testing.T, past, horizon, runs int, make func(r *rand.Rand, days int) []float64) float64 {
	r := rand.New(rand.NewPCG(11, 13))
	within := 0
	for range runs {
		y := make(r, past+horizon)
		f := mustForecast(t, y[:past], horizon)
		actual := 0.0
		for _, v := range y[past:] {
			actual += v
		}
		if f.Total.Low <= actual && actual <= f.Total.High {
			within++
		}
	}
	return float64(within) / float64(runs)
}

// Where the model holds (a random walk for each weekday) the interval holds what
// it says; the floor set by the backtest makes it wider, not narrower. With 1,000
// runs a share of 0.8 has a standard deviation of 0.013.
func TestIntervalHoldsWhereTheModelDoes(t *testing.T) {
	walk := func(r *rand.Rand, days int) []float64 {
		y := make([]float64, days)
		for i := range y {
			y[i] = 100 + r.NormFloat64()*5
			if i >= week {
				y[i] = y[i-week] + r.NormFloat64()*5
			}
		}
		return y
	}
	for _, horizon := range []int{1, 7, 20} {
		if c := coverage(t, 70, horizon, 1000, walk); c < 0.76 || c > 0.92 {
			t.Errorf("%d days ahead: %g of futures, want 0.8 or somewhat more", horizon, c)
		}
	}
}

// A level that wanders raises all days at once. Residuals alone would give an
// interval that holds less than half of the futures; the backtest mends most of it.
func TestIntervalWhereDaysMoveTogether(t *testing.T) {
	level := func(r *rand.Rand, days int) []float64 {
		y := make([]float64, days)
		at := 100.0
		for i := range y {
			at += r.NormFloat64() * 5
			y[i] = at
		}
		return y
	}
	c := coverage(t, 91, 15, 1000, level)
	t.Logf("coverage: %g", c)
	if c < 0.65 {
		t.Errorf("%g of futures are within the interval, want 0.8 or nearly", c)
	}
}
