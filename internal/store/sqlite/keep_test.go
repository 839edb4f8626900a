package sqlite

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

// After Forget no file of the store holds a byte of what the person sent.
func TestForgetLeavesNothingInTheFiles(t *testing.T) {
	db := open(t, Config{})
	const secret = "the-marker-of-a-person"
	var b store.Batch
	for n := range 200 {
		e := storetest.Event(n)
		if n%10 == 0 {
			e.Unit, e.ClientID, e.Error = "feedfacefeedface", secret, strings.Repeat(secret, 300) // over several pages
			b.Bodies = append(b.Bodies, &event.Body{ID: e.ID, Time: e.Time, Request: []byte(strings.Repeat(secret, 500))})
			b.Scores = append(b.Scores, &event.Score{ID: e.ID, Event: e.ID, Time: e.Time, Name: "thumbs", Source: "feedback", Comment: secret})
			b.Exposures = append(b.Exposures, store.Exposure{RequestID: e.ID, Time: e.Time, UnitKey: store.UnitKey{Experiment: "x", UnitKind: "user", Unit: e.Unit}, Variant: "a"})
		}
		b.Events = append(b.Events, e)
	}
	b.To.Offset = 1
	if err := db.Apply(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if found := filesWith(t, db.main.path, secret); len(found) == 0 {
		t.Fatal("the test looks in the wrong place")
	}
	got, err := db.Forget(t.Context(), "user", "feedfacefeedface")
	if want := (store.Forgotten{Events: 20, Units: 1, Exposures: 20, Bodies: 20, Scores: 20}); got != want || err != nil {
		t.Fatalf("%+v, %v, want %+v", got, err, want)
	}
	for _, trace := range []string{secret, "\xfe\xed\xfa\xce\xfe\xed\xfa\xce"} {
		if found := filesWith(t, db.main.path, trace); len(found) > 0 {
			t.Errorf("%q is still in %v", trace, found)
		}
	}
	if err := db.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func filesWith(t *testing.T, path, what string) (found []string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte(what)) {
			found = append(found, filepath.Base(name))
		}
	}
	return found
}

// When much of a file is empty, room goes back to the disk, and writers get their
// turn between any two portions.
func TestRetainGivesRoomBack(t *testing.T) {
	db := open(t, Config{})
	at := event.Position{}
	for n := range 15 {
		var b store.Batch
		for i := range 100 {
			e := storetest.Event(n*100 + i)
			e.Error = strings.Repeat("a long error ", 400)
			b.Events = append(b.Events, e)
		}
		b.Replica, b.From, b.To = "r", at, event.Position{Offset: at.Offset + 1}
		if err := db.Apply(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		at = b.To
	}
	size := func() int64 {
		if _, err := db.Durable(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(db.main.path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	full, calls := size(), 0
	for more := true; more; calls++ {
		var err error
		_, more, err = db.Retain(t.Context(), store.Retention{Events: time.Hour}, storetest.Start.Add(24*time.Hour), 100)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Apply(t.Context(), &store.Batch{Replica: "r", From: at, To: event.Position{Offset: at.Offset + 1}}); err != nil {
			t.Fatal(err)
		}
		at.Offset++
	}
	if calls < 16 {
		t.Errorf("%d calls for 1,500 rows by 100", calls)
	}
	if left := size(); left > full/2 {
		t.Errorf("%d bytes of %d are left", left, full)
	}
	if err := db.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
