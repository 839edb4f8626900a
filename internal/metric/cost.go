package metric

import (
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
)

// costs are in micro-dollars, over the requests that have a price: one that is
// free counts, one whose price is not known does not.
func costs() family {
	metric := func(name, meaning string, kind Kind) Metric {
		return Metric{Name: name, Meaning: meaning, Kind: kind, Direction: Down, Unit: "dollars", Measure: "cost", Scale: 1e-6}
	}
	return family{
		metrics: []Metric{
			metric("cost_per_request", "money for the model, of a request that has a price", Mean),
			metric("cost_per_unit", "money for the model, of all requests of a unit", PerUnit),
		},
		measures: []Measure{{Name: "cost", Of: func(e *event.Event) (x, y int64) {
			if e.CostBasis != meter.Priced && e.CostBasis != meter.Estimated {
				return 0, 0
			}
			return int64(e.Cost), 1
		}}},
	}
}
