package postgres

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// The contract is tried on a real server, with the build tag tools. What is here
// needs none.

func TestAnAddressThatIsNoneShowsNoPassword(t *testing.T) {
	_, err := Open(Config{URL: "postgres://weir:secret-word@host:notaport/db"})
	if err == nil || strings.Contains(err.Error(), "secret-word") {
		t.Errorf("%v", err)
	}
}

// S1: nobody is there. Opening succeeds, calls fail and end with their context.
func TestS1NobodyIsThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for what, address := range map[string]string{"silent": l.Addr().String(), "refuses": closed.Addr().String()} {
		db, err := Open(Config{URL: "postgres://weir:secret-word@" + address + "/db?sslmode=disable"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		begun := time.Now()
		err = db.Apply(ctx, &store.Batch{Replica: "a"})
		if err == nil || strings.Contains(err.Error(), "secret-word") || time.Since(begun) > 10*time.Second {
			t.Errorf("%s: %v after %s", what, err, time.Since(begun))
		}
		if what == "silent" && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", what, err)
		}
		cancel()
		_ = db.Close()
	}
}

func TestConditions(t *testing.T) {
	w := &where{}
	if w.String() != "" {
		t.Errorf("nothing asked: %q", w)
	}
	w.is("route", "")
	w.is("model", "m")
	w.and("(id = ? OR body_id = ?)", []byte("x"))
	if got := w.String(); got != " WHERE model = $1 AND (id = $2 OR body_id = $2)" || len(w.args) != 2 {
		t.Errorf("%q, %q", got, w.args)
	}
}
