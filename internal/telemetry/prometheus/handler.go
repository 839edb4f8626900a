// Package prometheus shows what telemetry counts in Prometheus' classic text
// format, beside the Go runtime's and the process's own numbers.
//
// Only that format: OpenMetrics writes every counter with the suffix _total, so
// that a family and its namesake with _total, both of which boards in the field
// ask for, would become one. A scraper that prefers another format takes this.
//
// It counts nothing itself and knows no family by name.
package prometheus

import (
	"net/http"

	prom "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"

	"github.com/weirhq/weir/internal/telemetry"
)

// Handler serves the registry at whatever path it is mounted on. It may be
// mounted on several listeners.
//
// A series that cannot be shown is left out, the rest of the scrape is served,
// and promhttp_metric_handler_errors_total{cause="gathering"} rises.
func Handler(reg *telemetry.Registry) http.Handler {
	own := prom.NewRegistry()
	own.MustRegister(
		collector{reg},
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return promhttp.HandlerFor(own, promhttp.HandlerOpts{
		Registry:        own,
		ErrorHandling:   promhttp.ContinueOnError,
		AcceptedFormats: []expfmt.Format{expfmt.NewFormat(expfmt.TypeTextPlain)},
	})
}
