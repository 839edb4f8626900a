package otel

import (
	"fmt"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

type metricsDocument struct {
	ResourceMetrics []resourceMetrics `json:"resourceMetrics"`
}

type resourceMetrics struct {
	Resource origin         `json:"resource"`
	Scopes   []scopeMetrics `json:"scopeMetrics"`
}

type scopeMetrics struct {
	Scope   scopeName        `json:"scope"`
	Metrics []metricDocument `json:"metrics"`
}

type metricDocument struct {
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Unit        string            `json:"unit,omitempty"`
	Histogram   histogramDocument `json:"histogram"`
}

type histogramDocument struct {
	Points      []pointDocument `json:"dataPoints"`
	Temporality int             `json:"aggregationTemporality"`
}

type pointDocument struct {
	Attributes []keyValue `json:"attributes"`
	Start      whole      `json:"startTimeUnixNano"`
	Time       whole      `json:"timeUnixNano"`
	Count      whole      `json:"count"`
	Sum        double     `json:"sum"`
	Buckets    []whole    `json:"bucketCounts"`
	Bounds     []float64  `json:"explicitBounds"`
	Min        *double    `json:"min,omitempty"`
	Max        *double    `json:"max,omitempty"`
}

// cumulative is OTLP's number for sums since the start, the only ones that are sent.
const cumulative = 2

// documentOfMetrics refuses what is not a histogram of sums: Weir has no other, and
// one that is added shall not be missed in silence.
func documentOfMetrics(data *metricdata.ResourceMetrics) (metricsDocument, error) {
	out := resourceMetrics{originOf(data.Resource), make([]scopeMetrics, len(data.ScopeMetrics))}
	for i, s := range data.ScopeMetrics {
		list := make([]metricDocument, len(s.Metrics))
		for j, m := range s.Metrics {
			h, err := histogramOf(m.Data)
			if err != nil {
				return metricsDocument{}, fmt.Errorf("metric %s: %w", m.Name, err)
			}
			list[j] = metricDocument{m.Name, m.Description, m.Unit, h}
		}
		out.Scopes[i] = scopeMetrics{scopeOf(s.Scope), list}
	}
	return metricsDocument{[]resourceMetrics{out}}, nil
}

func histogramOf(data metricdata.Aggregation) (histogramDocument, error) {
	switch h := data.(type) {
	case metricdata.Histogram[int64]:
		return histogramDocument{pointsOf(h.DataPoints), cumulative}, nil
	case metricdata.Histogram[float64]:
		return histogramDocument{pointsOf(h.DataPoints), cumulative}, nil
	default:
		return histogramDocument{}, fmt.Errorf("a %T cannot be sent, only histograms can", data)
	}
}

func pointsOf[N int64 | float64](points []metricdata.HistogramDataPoint[N]) []pointDocument {
	list := make([]pointDocument, len(points))
	for i, p := range points {
		list[i] = pointDocument{
			Attributes: attributesOf(p.Attributes.ToSlice()), Start: instant(p.StartTime), Time: instant(p.Time),
			Count: whole(p.Count), Sum: double(p.Sum), Buckets: make([]whole, len(p.BucketCounts)), Bounds: p.Bounds,
			Min: extreme(p.Min), Max: extreme(p.Max),
		}
		for j, n := range p.BucketCounts {
			list[i].Buckets[j] = whole(n)
		}
	}
	return list
}

func extreme[N int64 | float64](e metricdata.Extrema[N]) *double {
	v, ok := e.Value()
	if !ok {
		return nil
	}
	d := double(v)
	return &d
}
