package prometheus

import (
	"fmt"

	prom "github.com/prometheus/client_golang/prometheus"

	"github.com/weirhq/weir/internal/telemetry"
)

// collector turns a reading of the registry into Prometheus' values.
type collector struct{ reg *telemetry.Registry }

var _ prom.Collector = collector{}

// Describe sends nothing: families may be declared at any time, so they are
// checked when they are read and not when the collector is registered.
func (collector) Describe(chan<- *prom.Desc) {}

// Collect sends every series. One that cannot be built is sent as an error,
// which is counted and costs that series only: the Must forms would panic.
func (c collector) Collect(out chan<- prom.Metric) {
	c.reg.Gather(func(f telemetry.Family) {
		desc := prom.NewDesc(f.Name, f.Help, f.Labels, nil)
		for _, s := range f.Samples {
			m, err := metric(desc, f.Kind, s)
			if err != nil {
				m = prom.NewInvalidMetric(desc, fmt.Errorf("reading series %q of %q: %w", s.Values, f.Name, err))
			}
			out <- m
		}
	})
}

// metric is one series in Prometheus' terms.
func metric(desc *prom.Desc, kind telemetry.Kind, s telemetry.Sample) (prom.Metric, error) {
	switch kind {
	case telemetry.KindCounter:
		return prom.NewConstMetric(desc, prom.CounterValue, s.Value, s.Values...)
	case telemetry.KindGauge:
		return prom.NewConstMetric(desc, prom.GaugeValue, s.Value, s.Values...)
	case telemetry.KindHistogram:
		return prom.NewConstHistogram(desc, s.Buckets.Count, s.Buckets.Sum, buckets(s.Buckets), s.Values...)
	}
	return nil, fmt.Errorf("kind %q has no form in Prometheus", kind)
}

// buckets maps each bound to what lies at or below it; infinity is Count.
func buckets(b *telemetry.Buckets) map[float64]uint64 {
	m := make(map[float64]uint64, len(b.Bounds))
	for i, bound := range b.Bounds {
		m[bound] = b.Cumulative[i]
	}
	return m
}
