// Package notifytest is the contract of package notify as a test, which the twin
// and every driver passes.
package notifytest

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/notify"
)

// Test holds a sender to the contract. open makes one, and a function that gives
// what has arrived where it sends to.
func Test(t *testing.T, open func(*testing.T) (notify.Sender, func() []notify.Message)) {
	t.Run("a message arrives whole", func(t *testing.T) {
		s, arrived := open(t)
		m := notify.Message{ID: "report/weekly/2026-03-02", Kind: "report", Time: time.Date(2026, 3, 9, 0, 5, 0, 0, time.UTC),
			Text: "Grüße \x1b[2J 日本\n\"quoted\"", Data: map[string]any{"cost_micro": 12.0, "list": []any{"a", nil, true}}}
		if err := s.Send(t.Context(), &m); err != nil {
			t.Fatal(err)
		}
		if got := arrived(); len(got) != 1 || !got[0].Time.Equal(m.Time) || got[0].ID != m.ID || got[0].Kind != m.Kind || got[0].Text != m.Text || !reflect.DeepEqual(got[0].Data, m.Data) {
			t.Errorf("arrived: %+v", got)
		}
	})
	t.Run("without data", func(t *testing.T) {
		s, arrived := open(t)
		if err := s.Send(t.Context(), &notify.Message{ID: "x"}); err != nil || len(arrived()) != 1 {
			t.Errorf("%v, %v", err, arrived())
		}
	})
	t.Run("what cannot be encoded is an error", func(t *testing.T) {
		s, arrived := open(t)
		if err := s.Send(t.Context(), &notify.Message{ID: "x", Data: func() {}}); err == nil || len(arrived()) != 0 {
			t.Errorf("%v, %v", err, arrived())
		}
	})
	t.Run("a context that has ended sends nothing", func(t *testing.T) {
		s, arrived := open(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Send(ctx, &notify.Message{ID: "x"}); err == nil || len(arrived()) != 0 {
			t.Errorf("%v, %v", err, arrived())
		}
	})
	t.Run("many at once", func(t *testing.T) {
		s, arrived := open(t)
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				if err := s.Send(t.Context(), &notify.Message{ID: fmt.Sprint(i)}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		seen := map[string]bool{}
		for _, m := range arrived() {
			seen[m.ID] = true
		}
		if len(seen) != 20 || len(arrived()) != 20 {
			t.Errorf("%d of 20 arrived, %d different", len(arrived()), len(seen))
		}
	})
}
