package metric

import "github.com/weirhq/weir/internal/event"

// cacheStage is how the event of a request that a cache of Weir's answered names
// what answered it (event.Event.AnsweredBy).
const cacheStage = "cache"

// caches are two: Weir's own, which answers in place of the model, and the
// vendor's, which makes a part of the input cheaper and faster. Variants that see
// different shares of either are not compared under the same conditions.
func caches() family {
	hits := share("cache_hit_rate", "cache_hit", "answers that came from a cache of Weir's, of all answers")
	hits.Direction = Up
	return family{
		metrics: []Metric{hits, {
			Name: "cached_token_share", Meaning: "input tokens that the vendor had in its cache, of all input tokens", Kind: Mean, Direction: Up,
			Unit: "share", Measure: "cached_tokens", Scale: 1,
		}},
		measures: []Measure{
			{Name: "cache_hit", Of: func(e *event.Event) (x, y int64) {
				if e.Outcome != event.OK {
					return 0, 0
				}
				return one(e.AnsweredBy == cacheStage), 1
			}},
			{Name: "cached_tokens", Of: func(e *event.Event) (x, y int64) {
				if !usageKnown(e) || e.Usage.Input <= 0 {
					return 0, 0
				}
				return e.Usage.Cached, e.Usage.Input
			}},
		},
	}
}
