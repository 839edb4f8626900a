package store

import "github.com/weirhq/weir/internal/stats"

// Tamper changes a variant row behind the store's back; nil deletes it.
func (m *Memory) Tamper(k VariantKey, sums *stats.Moments) {
	delete(m.variants, k)
	if sums != nil {
		m.variants[k] = *sums
	}
}
