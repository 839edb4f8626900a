package feedback

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// ID is the id of what is said under an idempotency key, or of what stands in a
// file: the same parts give the same id, in every process and after every restart,
// so that the store counts it once. It is a UUIDv8 (RFC 9562, section 5.8): the
// first bits of SHA-256 over the parts, each after its length, so that no two
// lists of parts read alike.
func ID(parts ...string) string {
	h := sha256.New()
	h.Write([]byte("weir: feedback\x00"))
	for _, p := range parts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	var u [16]byte
	copy(u[:], h.Sum(nil))
	u[6] = 0x80 | u[6]&0x0f
	u[8] = 0x80 | u[8]&0x3f
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
