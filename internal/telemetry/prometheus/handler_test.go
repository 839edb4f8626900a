package prometheus

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/weirhq/weir/internal/telemetry"
)

// scrape asks the handler as a scraper with that Accept header would.
func scrape(t *testing.T, h http.Handler, accept string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	res := httptest.NewRecorder()
	h.ServeHTTP(res, req)
	if res.Code != http.StatusOK {
		t.Fatalf("status %d: %s", res.Code, res.Body)
	}
	return res
}

// values parses a scrape as Prometheus would and returns each sample by its
// name and labels, the way it is written in a query.
func values(t *testing.T, h http.Handler) map[string]float64 {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(scrape(t, h, "").Body)
	if err != nil {
		t.Fatalf("reading the scrape: %v", err)
	}
	got := map[string]float64{}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			slices.Sort(labels)
			key := func(suffix string, more ...string) string {
				return name + suffix + "{" + strings.Join(append(slices.Clone(labels), more...), ",") + "}"
			}
			switch {
			case m.Histogram != nil:
				for _, b := range m.Histogram.GetBucket() {
					got[key("_bucket", fmt.Sprintf("le=%q", fmt.Sprint(b.GetUpperBound())))] = float64(b.GetCumulativeCount())
				}
				got[key("_count")] = float64(m.Histogram.GetSampleCount())
				got[key("_sum")] = m.Histogram.GetSampleSum()
			case m.Counter != nil:
				got[key("")] = m.Counter.GetValue()
			case m.Gauge != nil:
				got[key("")] = m.Gauge.GetValue()
			}
		}
	}
	return got
}

func TestScrapeHoldsWhatWasCounted(t *testing.T) {
	reg := telemetry.New()
	l := telemetry.NewLLM(reg)
	s := l.Series("chat", "b", "m", "/v1/chat/completions")
	s.End(telemetry.OutcomeOK, 700*time.Millisecond)
	s.End(telemetry.OutcomeTimeout, 2*time.Minute)
	s.TokensIn.Add(30)
	reg.MicroCounter("dollars_total", "d").With().Add(1_250_000)
	telemetry.NewWeir(reg).Route("chat").InFlight.Set(3)

	const who = `model="m",model_version="b",route="chat"`
	got := values(t, Handler(reg))
	for key, want := range map[string]float64{
		`llm_requests_total{` + who + `,status="success",variant="b"}`:                                          1,
		`llm_requests_total{` + who + `,status="error",variant="b"}`:                                            1,
		`weir_requests_total{outcome="timeout",route="chat",variant="b"}`:                                       1,
		`llm_tokens_total{direction="input",` + who + `,variant="b"}`:                                           30,
		`llm_tokens_total{direction="output",` + who + `,variant="b"}`:                                          0,
		`llm_request_duration_seconds_bucket{` + who + `,variant="b",le="0.5"}`:                                 0,
		`llm_request_duration_seconds_bucket{` + who + `,variant="b",le="0.75"}`:                                1,
		`llm_request_duration_seconds_bucket{` + who + `,variant="b",le="60"}`:                                  1,
		`llm_request_duration_seconds_bucket{` + who + `,variant="b",le="120"}`:                                 2,
		`llm_request_duration_seconds_bucket{` + who + `,variant="b",le="+Inf"}`:                                2,
		`llm_request_duration_seconds_count{` + who + `,variant="b"}`:                                           2,
		`llm_request_duration_seconds_sum{` + who + `,variant="b"}`:                                             120.7,
		`llm_request_latency_seconds_count{endpoint="/v1/chat/completions",` + who + `,variant="b"}`:            2,
		`llm_request_latency_seconds_bucket{endpoint="/v1/chat/completions",` + who + `,variant="b",le="1"}`:    1,
		`llm_request_latency_seconds_bucket{endpoint="/v1/chat/completions",` + who + `,variant="b",le="+Inf"}`: 2,
		`dollars_total{}`:                             1.25,
		`weir_in_flight{route="chat"}`:                3,
		`weir_config_reloads_total{result="success"}`: 0,
	} {
		if v, ok := got[key]; !ok || v != want {
			t.Errorf("%s is %v (there: %v), want %v", key, v, ok, want)
		}
	}
}

func TestScrapeHoldsTheRuntimeAndTheProcess(t *testing.T) {
	got := values(t, Handler(telemetry.New()))
	if got[`go_goroutines{}`] < 1 {
		t.Error("no go_goroutines")
	}
	if _, ok := got[`process_cpu_seconds_total{}`]; !ok {
		t.Error("no process_cpu_seconds_total")
	}
}

func TestOnlyTheClassicTextFormat(t *testing.T) {
	reg := telemetry.New()
	// In OpenMetrics these two would be one.
	reg.MicroCounter("llm_request_cost_dollars", "c").With().Add(1)
	reg.MicroCounter("llm_request_cost_dollars_total", "c").With().Add(2)
	h := Handler(reg)
	for _, accept := range []string{
		"",
		"*/*",
		"application/openmetrics-text;version=1.0.0",
		"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,*/*;q=0.2",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,application/openmetrics-text;q=0.6",
	} {
		res := scrape(t, h, accept)
		if ct := res.Header().Get("Content-Type"); !strings.HasPrefix(ct, "text/plain; version=0.0.4") {
			t.Errorf("Accept %q: answered as %q", accept, ct)
		}
		body := res.Body.String()
		if strings.Contains(body, "# EOF") {
			t.Errorf("Accept %q: answered in OpenMetrics", accept)
		}
		for _, line := range []string{"\nllm_request_cost_dollars 1e-06\n", "\nllm_request_cost_dollars_total 2e-06\n"} {
			if !strings.Contains(body, line) {
				t.Errorf("Accept %q: no line %q", accept, line)
			}
		}
	}
}

func TestHelpTypeAndEscaping(t *testing.T) {
	reg := telemetry.New()
	reg.Counter("c_total", "What it \\ is,\nin words.", "name").With("a \"b\"\\\n\xff").Inc()
	body := scrape(t, Handler(reg), "").Body.String()
	want := `# HELP c_total What it \\ is,\nin words.
# TYPE c_total counter
c_total{name="a \"b\"\\\n` + "\ufffd" + `"} 1
`
	if !strings.Contains(body, want) {
		t.Errorf("the scrape lacks\n%s", want)
	}
}

func TestBrokenSeriesCostsOnlyItself(t *testing.T) {
	reg := telemetry.New()
	reg.Counter("go_goroutines", "Clashes with the runtime's own gauge.").With().Inc()
	reg.GaugeFunc("asks_in_vain", "Its owner panics.", func() float64 { panic("away") })
	reg.Counter("works_total", "w").With().Inc()
	h := Handler(reg)
	values(t, h)
	got := values(t, h) // the error of a scrape is counted after its numbers were read
	if got["works_total{}"] != 1 {
		t.Error("its neighbour is gone")
	}
	if v, ok := got["asks_in_vain{}"]; !ok || !math.IsNaN(v) {
		t.Errorf("asks_in_vain is %v, want NaN", v)
	}
	if got[`promhttp_metric_handler_errors_total{cause="gathering"}`] == 0 {
		t.Error("nobody was told")
	}
}

func TestKindWithoutAFormIsAnError(t *testing.T) {
	if _, err := metric(nil, telemetry.Kind(99), telemetry.Sample{}); err == nil {
		t.Error("no error")
	}
}

func TestNameBombKeepsTheScrapeSmall(t *testing.T) {
	reg := telemetry.New()
	f := reg.Counter("c_total", "c", "route", "variant", "outcome")
	for i := range 1_000_000 {
		f.With(fmt.Sprintf("%016x", i*2654435761), "variant", "ok").Inc()
	}
	h := Handler(reg)
	if size := scrape(t, h, "").Body.Len(); size > 2<<20 {
		t.Errorf("the scrape has %d bytes", size)
	}
	got := values(t, h)
	if v := got[`c_total{outcome="other",route="other",variant="other"}`]; v != 1_000_000-telemetry.DefaultSeriesCap {
		t.Errorf("`other` counted %v", v)
	}
	if v := got[`weir_telemetry_series_dropped_total{family="c_total"}`]; v != 1_000_000-telemetry.DefaultSeriesCap {
		t.Errorf("%v look-ups dropped", v)
	}
}

func TestScrapesWhileCounting(t *testing.T) {
	reg := telemetry.New()
	l := telemetry.NewLLM(reg)
	h := Handler(reg)
	stop := make(chan struct{})
	var others sync.WaitGroup
	until := func(do func(n int)) {
		others.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					do(n)
				}
			}
		})
	}
	until(func(n int) {
		l.Series(fmt.Sprint("route-", n%20), "a", "m", "/").End(telemetry.OutcomeOK, time.Duration(n)*time.Millisecond)
	})
	until(func(int) { // a second scraper
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/metrics", nil))
	})
	defer others.Wait()
	defer close(stop)

	checked := 0
	for range 20 {
		got := values(t, h)
		for key, v := range got {
			series, infinite := strings.CutSuffix(key, `,le="+Inf"}`)
			if !infinite {
				continue
			}
			if count := got[strings.Replace(series, "_bucket{", "_count{", 1)+"}"]; count != v {
				t.Errorf("%s is %v, its _count %v", key, v, count)
			}
			checked++
		}
	}
	if checked == 0 {
		t.Error("no histogram was compared")
	}
}

func BenchmarkScrape(b *testing.B) {
	reg := telemetry.New()
	l := telemetry.NewLLM(reg)
	for i := range 50 {
		l.Series(fmt.Sprint("route-", i), "a", "m", "/v1/chat/completions").End(telemetry.OutcomeOK, time.Second)
	}
	h := Handler(reg)
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/metrics", nil))
	}
}
