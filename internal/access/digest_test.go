package access

import (
	"testing"
	"time"

	"github.com/weirhq/weir/internal/fault"
)

// What stands for a key finds the same principal as its token, and ends with it.
func TestLookupDigestIsLookup(t *testing.T) {
	now := time.Unix(1700000000, 0)
	ring, err := NewKeyring([]Key{{Name: "good", SHA256: Digest("t1"), Scopes: Read}, {Name: "over", SHA256: Digest("t2"), Expires: now}})
	if err != nil {
		t.Fatal(err)
	}
	byToken, err := ring.Lookup("t1", now)
	byDigest, same := ring.LookupDigest(Digest("t1"), now)
	if err != nil || same != nil || byToken != byDigest {
		t.Errorf("%v %v, %v %v", byToken, err, byDigest, same)
	}
	for name, digest := range map[string]string{"expired": Digest("t2"), "unknown": Digest("t3"), "none": "", "short": Digest("t1")[:62], "no digits": "zz" + Digest("t1")[2:], "odd": Digest("t1")[:63]} {
		if p, err := ring.LookupDigest(digest, now); p != nil || !fault.Is(err, fault.Unauthorized) {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
	if p, err := (*Keyring)(nil).LookupDigest(Digest("t1"), now); p != nil || !fault.Is(err, fault.Unauthorized) {
		t.Errorf("without keys: %v, %v", p, err)
	}
}
