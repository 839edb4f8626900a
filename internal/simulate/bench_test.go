package simulate

import "testing"

func BenchmarkReplicate(b *testing.B) {
	for name, c := range map[string]Config{"latency": {ICC: .3}, "error": {Metric: ErrorRate, ICC: .3}, "cost": {Metric: Cost, ICC: .3}, "p95": {ICC: .3, P95: true}, "peek": {ICC: .3, Looks: Continuous}, "harm": {Metric: ErrorRate, ICC: .3, Broken: .01, Harm: true}} {
		b.Run(name, func(b *testing.B) {
			w := newWorker(c.Usual())
			for i := range b.N {
				w.replicate(i)
			}
		})
	}
}
