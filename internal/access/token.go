package access

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/weirhq/weir/internal/fault"
)

// Prefix begins every token, so that scanners for leaked secrets can know one.
const Prefix = "weir_"

// NewToken draws a token of 256 bits from random. The token is to be shown once
// and kept nowhere; the digest goes into the key's definition.
func NewToken(random io.Reader) (token, digest string, err error) {
	var secret [32]byte
	if _, err := io.ReadFull(random, secret[:]); err != nil {
		return "", "", fmt.Errorf("draw token: %w", err)
	}
	token = Prefix + base64.RawURLEncoding.EncodeToString(secret[:])
	return token, Digest(token), nil
}

// Digest is what a key's definition holds of a token.
func Digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// FromHeaders is the token of a request, "" when it carries none: of the header
// Authorization (Bearer), or of x-api-key, as Anthropic's clients send it. Both
// may be given if they agree.
func FromHeaders(authorization, xAPIKey string) (string, error) {
	bearer, err := bearer(authorization)
	if err != nil {
		return "", err
	}
	key := strings.TrimSpace(xAPIKey)
	switch {
	case bearer == "":
		return key, nil
	case key == "" || key == bearer: // both came with the request; neither is ours
		return bearer, nil
	}
	return "", fault.New(fault.Unauthorized, "conflicting_api_keys", "authorization and x-api-key carry different API keys").
		Mend("Send one of them")
}

// bearer is the token of an Authorization header. A scheme without a token is
// what clients send whose key was left empty, and counts as none.
func bearer(header string) (string, error) {
	header = strings.TrimSpace(header)
	if header == "" {
		return "", nil
	}
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "bearer") {
		return "", fault.New(fault.Unauthorized, "invalid_authorization", "the authorization header is not of scheme Bearer").
			Mend("Send Authorization: Bearer KEY, or x-api-key: KEY")
	}
	return strings.TrimSpace(token), nil
}
