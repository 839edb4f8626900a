package gateway_test

import (
	"testing"

	"github.com/weirhq/weir/internal/access"
)

// Whoever has no key can be seen, and cannot fill the record.
func TestStrangersAreSampled(t *testing.T) {
	_, digest := newKey(t)
	r := newRig(t, setup{keys: []access.Key{{Name: "known", SHA256: digest, Scopes: access.Call}}})
	for range 1500 {
		if a := r.chat("r", false, "Authorization", "Bearer nobody"); a.status != 401 {
			t.Fatalf("status %d", a.status)
		}
	}
	if n := len(r.events.all()); n < 400 || n > 600 {
		t.Errorf("of 1500 requests of strangers %d are recorded, want some 500", n)
	}
}
