package test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// families are the metrics of one scrape.
type families map[string]*dto.MetricFamily

// scrape reads /metrics of a listener.
func scrape(t *testing.T, base string) families {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	found, err := parser.TextToMetricFamilies(strings.NewReader(get(t, base+"/metrics")))
	if err != nil {
		t.Fatalf("GET %s/metrics: %v", base, err)
	}
	return found
}

// get is the body of a GET that must succeed.
func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s %v: %s", url, resp.Status, err, body)
	}
	return string(body)
}

// sum adds up the series of a family that carry the labels: the values of
// counters and gauges, the counts of histograms.
func (f families) sum(name string, labels map[string]string) float64 {
	total := 0.0
	for _, m := range f[name].GetMetric() {
		if !carries(m, labels) {
			continue
		}
		total += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
	}
	return total
}

// mean is the mean of what a histogram's series observed, in seconds.
func (f families) mean(name string, labels map[string]string) float64 {
	sum, n := 0.0, 0.0
	for _, m := range f[name].GetMetric() {
		if carries(m, labels) {
			sum += m.GetHistogram().GetSampleSum()
			n += float64(m.GetHistogram().GetSampleCount())
		}
	}
	return sum / n
}

func carries(m *dto.Metric, labels map[string]string) bool {
	have := map[string]string{}
	for _, l := range m.GetLabel() {
		have[l.GetName()] = l.GetValue()
	}
	for name, value := range labels {
		if have[name] != value {
			return false
		}
	}
	return true
}
