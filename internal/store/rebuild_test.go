package store_test

import (
	"testing"

	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

func TestMemoryRebuilds(t *testing.T) {
	m := store.NewMemory()
	storetest.Rebuild(t, m, func(_ *testing.T, k store.VariantKey, sums *stats.Moments) { m.Tamper(k, sums) })
}
