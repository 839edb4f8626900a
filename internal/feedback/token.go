package feedback

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/fault"
)

// TokenPrefix begins every token, so that it is known among other credentials.
const TokenPrefix = "wft_"

// A token is a version, the request's id, when it ends, and a proof of the three:
// HMAC-SHA256 (RFC 2104), cut to 128 bits. It holds nothing that is secret, and it
// is good for saying something of that one request and for nothing else.
const (
	tokenVersion = 1
	idEnd        = 1 + 16
	claimEnd     = idEnd + 8
	tokenSize    = claimEnd + 16
)

// Signer makes and opens tokens. Replicas that share a secret open each other's.
type Signer struct{ keys [][]byte }

// NewSigner signs with the first secret and opens what any of them signed. It
// panics without one: anybody could sign then.
func NewSigner(secrets ...[]byte) *Signer {
	if len(secrets) == 0 {
		panic("feedback: a signer needs a secret")
	}
	s := &Signer{}
	for _, secret := range secrets {
		m := hmac.New(sha256.New, secret) // the secret signs other things too
		m.Write([]byte("weir: feedback tokens"))
		s.keys = append(s.keys, m.Sum(nil))
	}
	return s
}

// Token lets its bearer speak of a request until a time. It is "" when the id is
// none of Weir's.
func (s *Signer) Token(request string, until time.Time) string {
	id, err := hex.DecodeString(strings.ReplaceAll(request, "-", ""))
	if err != nil || len(id) != 16 {
		return ""
	}
	b := append([]byte{tokenVersion}, id...)
	b = binary.BigEndian.AppendUint64(b, uint64(until.Unix()))
	b = append(b, proof(s.keys[0], b)...)
	return TokenPrefix + base64.RawURLEncoding.EncodeToString(b)
}

// Open gives the request that a token is for.
func (s *Signer) Open(token string, now time.Time) (request string, err error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimPrefix(token, TokenPrefix))
	if err != nil || len(b) != tokenSize || b[0] != tokenVersion || !s.signed(b) || strings.ContainsAny(token, "\r\n") {
		return "", fault.New(fault.Unauthorized, "feedback_token_invalid", "the feedback token is not one of this Weir's").
			Mend("send it whole, as it came in x-weir-feedback-token")
	}
	if until := time.Unix(int64(binary.BigEndian.Uint64(b[idEnd:claimEnd])), 0); !now.Before(until) {
		return "", fault.New(fault.Unauthorized, "feedback_token_expired", "the feedback token was good until %s", until.UTC().Format(time.RFC3339)).
			Mend("ask the application, which may say it with its key")
	}
	u := b[1:idEnd]
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:]), nil
}

// signed reports whether one of the secrets proved the token.
func (s *Signer) signed(b []byte) bool {
	for _, key := range s.keys {
		if hmac.Equal(proof(key, b[:claimEnd]), b[claimEnd:]) {
			return true
		}
	}
	return false
}

func proof(key, claim []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(claim)
	return m.Sum(nil)[:tokenSize-claimEnd]
}
