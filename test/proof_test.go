//go:build proof

package test

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// figures are what a long run found, as Markdown. A script of scripts/proof gives
// the file they go to and puts a head above them.
type figures struct{ strings.Builder }

func newFigures(t *testing.T) *figures {
	t.Helper()
	f := &figures{}
	t.Cleanup(func() {
		out := os.Getenv("PROOF_OUT")
		if out == "" {
			t.Logf("\n%s", f)
			return
		}
		if err := os.WriteFile(out, []byte(f.String()), 0o600); err != nil {
			t.Errorf("write what was found: %v", err)
		}
	})
	return f
}

func (f *figures) line(format string, args ...any) { fmt.Fprintf(f, format+"\n", args...) }

// numberFrom reads a setting of a long run.
func numberFrom(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 {
		t.Fatalf("%s=%q: it is a number above 0", name, text)
	}
	return n
}

// millis writes a duration in ms.
func millis(d time.Duration) string {
	return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', 2, 64)
}

// opened reports whether the store of a Weir can be asked.
func opened(w *weir) bool { return status(w.admin+"/api/v1/decisions") == http.StatusOK }
