package admin

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"
)

// A browser has no place for a key. Whoever has one makes a link that is good
// once and for a few minutes; opening it exchanges the token in it for a session,
// which lives in a cookie that no script can read and no other site can send.
//
// The session stands for the key that made the link: it may what the key may
// now, and ends with it. Both are kept as digests, in memory: a restart ends
// them all.

// Bounds of links and sessions.
const (
	linkTTL     = 5 * time.Minute
	sessionTTL  = 12 * time.Hour
	maxLinks    = 100
	maxSessions = 1000
)

// grant is who a link or a session stands for.
type grant struct {
	digest  string    // of the key's token; "" where no keys were declared
	expires time.Time // of the link, then of the session
}

// grants keeps links, or sessions, by the digest of their token.
type grants struct {
	mu   sync.Mutex
	most int
	held map[[sha256.Size]byte]grant
}

func newGrants(most int) *grants {
	return &grants{most: most, held: map[[sha256.Size]byte]grant{}}
}

// add keeps a grant and gives its token. Of too many the one that would end
// first is given up.
func (g *grants) add(who grant, now time.Time) (token string) {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails: the runtime ends the process instead
	token = base64.RawURLEncoding.EncodeToString(secret[:])
	g.mu.Lock()
	defer g.mu.Unlock()
	for digest, old := range g.held {
		if !now.Before(old.expires) {
			delete(g.held, digest)
		}
	}
	if len(g.held) >= g.most {
		g.dropFirst()
	}
	g.held[sha256.Sum256([]byte(token))] = who
	return token
}

// dropFirst gives up the one that ends first. The lock must be held.
func (g *grants) dropFirst() {
	var first [sha256.Size]byte
	var ends time.Time
	for digest, old := range g.held {
		if ends.IsZero() || old.expires.Before(ends) {
			first, ends = digest, old.expires
		}
	}
	delete(g.held, first)
}

// find gives the grant of a token that is still good.
func (g *grants) find(token string, now time.Time) (grant, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	who, ok := g.held[sha256.Sum256([]byte(token))]
	return who, ok && now.Before(who.expires)
}

// take gives the grant of a token and ends it: of many who try at once, one has it.
func (g *grants) take(token string, now time.Time) (grant, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	digest := sha256.Sum256([]byte(token))
	who, ok := g.held[digest]
	delete(g.held, digest)
	return who, ok && now.Before(who.expires)
}
