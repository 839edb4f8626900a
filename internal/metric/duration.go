package metric

import (
	"math"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// duration is a time of a request, of which several metrics are made.
type duration struct {
	name, meaning string // "ttft", "time to the first visible token"
	over          string // which requests have it
	of            func(*event.Event) time.Duration
}

// family makes the metrics and measures of a time. Its mean is of logarithms:
// times are skewed, and a mean of seconds is the mean of a few slow ones. Both
// are kept in any case, the mean of seconds where it is declared.
func (d *duration) family() family {
	metric := func(name, meaning string, kind Kind, measure string) Metric {
		return Metric{
			Name: name, Meaning: meaning + " of the " + d.meaning + ", over " + d.over, Kind: kind, Direction: Down, Unit: "seconds",
			Measure: measure, Scale: 1e-6,
		}
	}
	slow := share(d.name+"_slow_share", "", "requests whose "+d.meaning+" is longer than slower_than")
	f := family{
		metrics: []Metric{
			metric(d.name, "geometric mean", Geometric, "log_"+d.name),
			metric(d.name+"_mean", "mean", Mean, d.name+"_sum"),
			slow,
		},
		measures: []Measure{
			{Name: "log_" + d.name, Of: logarithm(d.of)},
			{Name: d.name, Of: micros(d.of), Distribution: true},
		},
		declared: []Measure{{Name: d.name + "_sum", Of: micros(d.of)}},
	}
	for _, q := range []struct {
		suffix, meaning string
		quantile        float64
	}{{"_p50", "median", 0.5}, {"_p95", "95th percentile", 0.95}, {"_p99", "99th percentile", 0.99}} {
		m := metric(d.name+q.suffix, q.meaning, Quantile, d.name)
		m.Quantile, m.Scale = q.quantile, 1
		f.metrics = append(f.metrics, m)
	}
	return f
}

// logarithm gives ln(seconds) in micro-units.
func logarithm(of func(*event.Event) time.Duration) func(*event.Event) (x, y int64) {
	return func(e *event.Event) (x, y int64) {
		d := of(e)
		if d <= 0 {
			return 0, 0
		}
		return int64(math.Round(math.Log(d.Seconds()) * 1e6)), 1
	}
}

// micros gives microseconds, so that the distribution is in seconds.
func micros(of func(*event.Event) time.Duration) func(*event.Event) (x, y int64) {
	return func(e *event.Event) (x, y int64) {
		d := of(e)
		if d <= 0 {
			return 0, 0
		}
		return max(d.Microseconds(), 1), 1
	}
}
