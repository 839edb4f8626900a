package otel

import (
	"strings"
	"testing"
	"time"
)

// What a collector takes in part is lost in part, and it is not sent again. Three
// spans are sent, or the metrics once.
func TestCollectorThatTakesAPart(t *testing.T) {
	for name, c := range map[string]struct {
		traces     bool
		answer     string
		sent, lost uint64
		says       string
	}{
		"all":             {true, ``, 3, 0, ""},
		"all, in JSON":    {true, `{"partialSuccess": {}}`, 3, 0, ""},
		"advice only":     {true, `{"partialSuccess": {"errorMessage": "send less"}}`, 3, 0, ""},
		"two less":        {true, `{"partialSuccess": {"rejectedSpans": "2", "errorMessage": "too old"}}`, 1, 2, "2 refused: too old"},
		"as a number":     {true, `{"partialSuccess": {"rejectedSpans": 2, "errorMessage": "too old"}}`, 1, 2, "2 refused: too old"},
		"more than sent":  {true, `{"partialSuccess": {"rejectedSpans": "99"}}`, 0, 3, "99 refused"},
		"not readable":    {true, `{"partialSuccess": 5}`, 0, 3, "read the collector's answer"},
		"all metrics":     {false, `{"partialSuccess": null}`, 1, 0, ""},
		"a point less":    {false, `{"partialSuccess": {"rejectedDataPoints": "1", "errorMessage": "no room"}}`, 0, 1, "1 refused: no room"},
		"advice, metrics": {false, `{"partialSuccess": {"rejectedDataPoints": "0", "errorMessage": "send less"}}`, 1, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			collector := newCollector(t)
			collector.answer = c.answer
			s := start(t, collector, func(cfg *Config) { cfg.Traces, cfg.Metrics = c.traces, !c.traces })
			s.Record(answered())
			shut(t, s, 5*time.Second)
			got := s.Telemetry()
			sent, lost := got.SpansSent, got.SpansLost
			if !c.traces {
				sent, lost = got.MetricsSent, got.MetricsLost
			}
			if sent != c.sent || lost != c.lost || collector.requests != 1 {
				t.Errorf("%d sent and %d lost in %d requests, want %d and %d in one", sent, lost, collector.requests, c.sent, c.lost)
			}
			if why := s.Trouble(); !strings.Contains(why, c.says) || (why == "") != (c.says == "") {
				t.Errorf("trouble %q, want %q", why, c.says)
			}
		})
	}
}
