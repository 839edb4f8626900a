package experiment

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Signer makes and opens what clients carry for Weir: pins and sessions. Only
// Weir can make them, so replicas that share the secret need share nothing else,
// and only Weir can read them: a pin names the variant, which a caller may not be
// allowed to know.
//
// A token is a version, a dot, and in base64url a claim sealed with AES-256-GCM
// (NIST SP 800-38D) under a random nonce. What it is for goes in as additional
// data: a pin is no session, and the pin of one conversation is none of another's.
type Signer struct {
	keys []cipher.AEAD // the first seals, all open
}

const (
	minSecret  = 16   // bytes
	maxToken   = 1536 // characters; the longest claim we make takes fewer
	tokenStart = "2."
)

// NewSigner seals with the first secret and opens what any of them sealed. To
// change a secret, keep the old one as the second until the sessions it sealed
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
		s.keys = append(s.keys, keyOf(k))
	}
	return s
}

// keyOf derives the key from a secret of any length.
func keyOf(secret []byte) cipher.AEAD {
	sum := sha256.Sum256(append([]byte("weir: what clients carry\x00"), secret...))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		panic("experiment: " + err.Error()) // a key of 32 bytes is never refused
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("experiment: " + err.Error())
	}
	return aead
}

var (
	errShape  = errors.New("not a token of Weir's")
	errForged = errors.New("not sealed here, or for something else")
)

// seal makes a token of a claim.
func (s *Signer) seal(purpose, bound string, claim []byte) string {
	return tokenStart + base64.RawURLEncoding.EncodeToString(s.keys[0].Seal(nil, nil, padded(claim), context(purpose, bound)))
}

// open gives the claim of a token that was sealed for the same purpose and
// bound to the same thing.
func (s *Signer) open(purpose, bound, token string) ([]byte, error) {
	if len(token) > maxToken || strings.ContainsAny(token, "\r\n") { // base64 reads past line ends
		return nil, errShape
	}
	text, versioned := strings.CutPrefix(token, tokenStart)
	if !versioned {
		return nil, errShape
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errShape
	}
	for _, key := range s.keys {
		if claim, err := key.Open(nil, nil, sealed, context(purpose, bound)); err == nil {
			return unpadded(claim)
		}
	}
	return nil, errForged
}

// step is what the length of a claim is rounded up to. The longest claim of names
// that definitions allow (63 bytes each) fits one step, so a token's length does
// not tell the variant by the length of its name.
const step = 192

// padded ends a claim with a 1 and zeros (ISO/IEC 7816-4).
func padded(claim []byte) []byte {
	b := append(claim, 0x80)
	return append(b, make([]byte, (step-len(b)%step)%step)...)
}

func unpadded(b []byte) ([]byte, error) {
	b = bytes.TrimRight(b, "\x00")
	if n := len(b) - 1; n >= 0 && b[n] == 0x80 {
		return b[:n], nil
	}
	return nil, errClaim
}

// context is what a token is for and what it is bound to, with their lengths so
// that no two pairs read alike.
func context(purpose, bound string) []byte {
	var b []byte
	for _, s := range [...]string{purpose, bound} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}
