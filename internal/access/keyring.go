package access

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/fault"
)

// DefaultProject is the project of what names none.
const DefaultProject = "default"

// maxToken is the longest token that is looked at, in bytes. Ours have 48.
const maxToken = 512

// Key is the definition of a key: a principal, and the digest of the token that
// proves it.
type Key struct {
	Name    string
	SHA256  string // of the token, 64 hex digits
	Scopes  Scope
	Groups  []string
	Routes  []string  // empty: all; a * at the end stands for the rest
	Expires time.Time // zero: never
	Project string    // empty: DefaultProject
	Tags    []string  // "name=value", sorted
}

// Keyring finds the principal of a token. It is immutable and replaced whole:
// a key that is gone from the next one is revoked with it.
//
// The whole digest is the key of a map, so no secret is compared with another,
// two tokens that begin alike have nothing in common, and what a look-up's time
// tells is about a digest that the caller cannot steer.
type Keyring struct {
	byDigest map[[sha256.Size]byte]*Principal
}

// NewKeyring makes a keyring of key definitions.
func NewKeyring(keys []Key) (*Keyring, error) {
	k := &Keyring{byDigest: make(map[[sha256.Size]byte]*Principal, len(keys))}
	names := make(map[string]bool, len(keys))
	for _, key := range keys {
		digest, err := key.check()
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", key.Name, err)
		}
		if names[key.Name] {
			return nil, fmt.Errorf("key %q is defined twice: give each a name of its own", key.Name)
		}
		if other := k.byDigest[digest]; other != nil {
			return nil, fmt.Errorf("keys %q and %q have the same sha256, so one token: create one of them anew", other.Name, key.Name)
		}
		names[key.Name] = true
		k.byDigest[digest] = key.principal()
	}
	return k, nil
}

// check reads the digest and refuses what could never work.
func (key *Key) check() (digest [sha256.Size]byte, err error) {
	if key.Name == "" {
		return digest, fmt.Errorf("it has no name")
	}
	if len(key.SHA256) != hex.EncodedLen(len(digest)) {
		return digest, fmt.Errorf("sha256 has %d characters: it is the digest of the token, 64 hex digits, and never the token", len(key.SHA256))
	}
	if _, err := hex.Decode(digest[:], []byte(key.SHA256)); err != nil {
		return digest, fmt.Errorf("sha256 is not 64 hex digits: %w", err)
	}
	for _, pattern := range key.Routes {
		if i := strings.IndexByte(pattern, '*'); pattern == "" || i >= 0 && i != len(pattern)-1 {
			return digest, fmt.Errorf("route %q: a route's name, which may end in *", pattern)
		}
	}
	return digest, nil
}

func (key *Key) principal() *Principal {
	p := &Principal{Name: key.Name, Project: key.Project, Scopes: key.Scopes,
		Groups: slices.Clone(key.Groups), Routes: slices.Clone(key.Routes), Expires: key.Expires, Tags: slices.Clone(key.Tags)}
	if p.Project == "" {
		p.Project = DefaultProject
	}
	return p
}

// Len is how many keys there are.
func (k *Keyring) Len() int {
	if k == nil {
		return 0
	}
	return len(k.byDigest)
}

// Lookup is the principal of a token at a time. The error is Unauthorized and
// says only that the token is not known, or, to a caller who had the right one,
// that it has expired.
func (k *Keyring) Lookup(token string, now time.Time) (*Principal, error) {
	if token == "" {
		return nil, fault.New(fault.Unauthorized, "missing_api_key", "no API key was given").
			Mend("Send it as Authorization: Bearer KEY, or as x-api-key")
	}
	return current(k.find(token), now)
}

// LookupDigest is Lookup for what stands for a key without having it, a browser's
// session: digest is what Digest made of the token.
func (k *Keyring) LookupDigest(digest string, now time.Time) (*Principal, error) {
	var d [sha256.Size]byte
	if n, err := hex.Decode(d[:], []byte(digest[:min(len(digest), 2*len(d))])); k == nil || err != nil || n != len(d) {
		return current(nil, now)
	}
	return current(k.byDigest[d], now)
}

// current refuses a key that is not known, or has expired.
func current(p *Principal, now time.Time) (*Principal, error) {
	if p == nil {
		return nil, fault.New(fault.Unauthorized, "invalid_api_key", "the API key is not known").
			Mend("Check that it is whole, and that it was made for this gateway")
	}
	if !p.Expires.IsZero() && !now.Before(p.Expires) {
		return nil, fault.New(fault.Unauthorized, "key_expired", "API key %q expired at %s", p.Name, p.Expires.UTC().Format(time.RFC3339)).
			Mend("Ask the operator for a new one")
	}
	return p, nil
}

// find hashes a copy on the stack: a conversion would put it on the heap.
func (k *Keyring) find(token string) *Principal {
	if k == nil || len(token) > maxToken {
		return nil
	}
	var b [maxToken]byte
	return k.byDigest[sha256.Sum256(b[:copy(b[:], token)])]
}
