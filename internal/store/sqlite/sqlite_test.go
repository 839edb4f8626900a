package sqlite

import (
	"path/filepath"
	"testing"

	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

// open opens a store that is closed when the test ends.
func open(t testing.TB, cfg Config) *DB {
	t.Helper()
	if cfg.Path == "" {
		cfg.Path = filepath.Join(t.TempDir(), "weir.db")
	}
	db, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, Config{}) })
}

func TestRebuildFindsWhatIsWrong(t *testing.T) {
	db := open(t, Config{})
	storetest.Rebuild(t, db, func(t *testing.T, k store.VariantKey, m *stats.Moments) {
		err := db.main.write(t.Context(), "tamper", func(c *conn) error {
			b := &batch{conn: c, words: db.words}
			key, err := b.variantKey(k)
			if err != nil {
				return err
			}
			if m == nil {
				return c.exec("DELETE FROM variants "+variantWhere, key...)
			}
			return variantTable.replace(c, append(key, store.AppendMoments(nil, *m))...)
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
