package gateway

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sync"
)

// unitHasher makes the keyed hashes under which events keep units and
// conversations: who they are cannot be read back without the key.
type unitHasher struct{ pool sync.Pool }

func newUnitHasher(key []byte) *unitHasher {
	if len(key) == 0 {
		key = make([]byte, 32)
		_, _ = rand.Read(key)
	}
	u := &unitHasher{}
	u.pool.New = func() any { return &hashState{mac: hmac.New(sha256.New, key)} }
	return u
}

type hashState struct {
	mac hash.Hash
	in  []byte
	sum [sha256.Size]byte
}

// HashUnit is what events hold of a unit in place of its id.
func (g *Gateway) HashUnit(kind, id string) string { return g.hasher.hash(kind, id) }

// hash gives 16 hex digits of HMAC-SHA256 over kind, a zero byte, and id.
func (u *unitHasher) hash(kind, id string) string {
	s := u.pool.Get().(*hashState)
	defer u.pool.Put(s)
	s.in = append(append(append(s.in[:0], kind...), 0), id...)
	s.mac.Reset()
	_, _ = s.mac.Write(s.in)
	var text [16]byte
	hex.Encode(text[:], s.mac.Sum(s.sum[:0])[:8])
	return string(text[:])
}
