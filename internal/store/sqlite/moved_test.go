package sqlite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// What is written to a file that has no name any more is lost with the process:
// neither is it written, nor is the journal told that it is safe.
func TestFileThatWasTakenAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.db")
	db, err := Open(Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // its file is gone
	at := event.Position{Segment: 1, Offset: 9}
	if err := db.Apply(t.Context(), &store.Batch{Replica: "0", To: at}); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".old"); err != nil {
		return // Windows renames no open file: it cannot come to this
	}
	for doing, err := range map[string]error{
		"apply":   db.Apply(t.Context(), &store.Batch{Replica: "0", From: at, To: event.Position{Segment: 2}}),
		"durable": func() error { _, err := db.Durable(t.Context(), "0"); return err }(),
	} {
		if err == nil || !strings.Contains(err.Error(), "start Weir again") {
			t.Errorf("%s: %v", doing, err)
		}
	}
}
