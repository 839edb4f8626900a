package experiment

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Signer makes and opens what clients carry for Weir: pins and sessions. Both
// are claims anyone can read and only Weir can make, so replicas that share the
// secret need share nothing else. Nothing in them is secret.
//
// A token is a version, a dot, the claim, a dot and an HMAC-SHA256, the last
// two in base64url. What it is for is part of what is signed: a pin is no
// session, and the pin of one conversation is none of another's.
type Signer struct {
	secrets [][]byte // the first signs, all open
}

const (
	minSecret  = 16   // bytes
	maxToken   = 1536 // characters; the longest claim we make takes fewer
	tokenStart = "1."
)

// NewSigner signs with the first secret and opens what any of them signed. To
// change a secret, keep the old one as the second until the sessions it signed
// have run out.
//
// Whoever reads secrets checks them first and names the place they came from. A
// signer without one, or with one that can be guessed, would let anyone sign, so
// NewSigner panics rather than make it.
func NewSigner(secrets ...[]byte) *Signer {
	if len(secrets) == 0 {
		panic("experiment: a signer needs a secret")
	}
	s := &Signer{}
	for _, k := range secrets {
		if len(k) < minSecret {
			panic(fmt.Sprintf("experiment: a secret of %d bytes; a signer needs at least %d random ones", len(k), minSecret))
		}
		s.secrets = append(s.secrets, bytes.Clone(k))
	}
	return s
}

var (
	errShape  = errors.New("not a token of Weir's")
	errForged = errors.New("not signed here, or for something else")
)

// seal makes a token of a claim.
func (s *Signer) seal(purpose, bound string, claim []byte) string {
	mac := sign(s.secrets[0], purpose, bound, claim)
	return tokenStart + base64.RawURLEncoding.EncodeToString(claim) + "." + base64.RawURLEncoding.EncodeToString(mac)
}

// open gives the claim of a token that was sealed for the same purpose and
// bound to the same thing.
func (s *Signer) open(purpose, bound, token string) ([]byte, error) {
	if len(token) > maxToken || strings.ContainsAny(token, "\r\n") { // base64 reads past line ends
		return nil, errShape
	}
	body, versioned := strings.CutPrefix(token, tokenStart)
	text, mark, whole := strings.Cut(body, ".")
	if !versioned || !whole {
		return nil, errShape
	}
	strict := base64.RawURLEncoding.Strict()
	claim, err := strict.DecodeString(text)
	if err != nil {
		return nil, errShape
	}
	mac, err := strict.DecodeString(mark)
	if err != nil {
		return nil, errShape
	}
	for _, secret := range s.secrets {
		if hmac.Equal(mac, sign(secret, purpose, bound, claim)) { // in constant time
			return claim, nil
		}
	}
	return nil, errForged
}

// sign is the HMAC over purpose, what it is bound to and the claim, the first
// two with their lengths so that no two triples read alike.
func sign(secret []byte, purpose, bound string, claim []byte) []byte {
	h := hmac.New(sha256.New, secret)
	for _, s := range [...]string{purpose, bound} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	h.Write(claim)
	return h.Sum(nil)
}
