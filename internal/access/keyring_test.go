package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/weirhq/weir/internal/fault"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// keyring holds keys that are right.
func keyring(t testing.TB, keys ...Key) *Keyring {
	t.Helper()
	k, err := NewKeyring(keys)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// newToken is a token with its digest.
func newToken(t testing.TB) (token, digest string) {
	t.Helper()
	token, digest, err := NewToken(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return token, digest
}

// code is what a program reads of an error.
func code(err error) string {
	var e *fault.Error
	if !errors.As(err, &e) {
		return "no fault"
	}
	return e.Kind.String() + " " + e.Code
}

func TestLookupGivesThePrincipalOfTheToken(t *testing.T) {
	web, webDigest := newToken(t)
	ops, opsDigest := newToken(t)
	k := keyring(t,
		Key{Name: "web", SHA256: webDigest, Scopes: Call | Feedback, Groups: []string{"staff"}, Routes: []string{"chat"}},
		Key{Name: "ops", SHA256: strings.ToUpper(opsDigest), Scopes: Read, Project: "search", Expires: now.Add(time.Hour)})
	p, err := k.Lookup(web, now)
	if err != nil || p.Name != "web" || p.Scopes != Call|Feedback || p.Groups[0] != "staff" || p.Routes[0] != "chat" || p.Project != DefaultProject {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err = k.Lookup(ops, now); err != nil || p.Name != "ops" || p.Project != "search" {
		t.Errorf("%+v, %v", p, err)
	}
	if k.Len() != 2 {
		t.Errorf("Len() = %d", k.Len())
	}
}

func TestKeysExpireToTheSecond(t *testing.T) {
	token, digest := newToken(t)
	k := keyring(t, Key{Name: "guest", SHA256: digest, Expires: now})
	if _, err := k.Lookup(token, now.Add(-time.Second)); err != nil {
		t.Errorf("a second before: %v", err)
	}
	for _, at := range []time.Time{now, now.Add(time.Second), now.AddDate(10, 0, 0)} {
		if p, err := k.Lookup(token, at); p != nil || code(err) != "unauthorized key_expired" {
			t.Errorf("at %s: %v, %v", at, p, err)
		}
	}
}

// A key that is not in the next keyring is out as soon as that one is in use,
// and a rotated key's old token with it. (FAULTS T5)
func TestRevokedAndRotatedKeysAreUnknown(t *testing.T) {
	old, oldDigest := newToken(t)
	fresh, freshDigest := newToken(t)
	before := keyring(t, Key{Name: "web", SHA256: oldDigest})
	after := keyring(t, Key{Name: "web", SHA256: freshDigest})
	if _, err := before.Lookup(old, now); err != nil {
		t.Fatal(err)
	}
	if p, err := after.Lookup(old, now); p != nil || code(err) != "unauthorized invalid_api_key" {
		t.Errorf("the old token: %v, %v", p, err)
	}
	if _, err := after.Lookup(fresh, now); err != nil {
		t.Errorf("the new token: %v", err)
	}
}

// A thousand tokens that share all but their last characters, with some of the
// same digest prefix, are a thousand principals, and a part of one is nobody.
// (FAULTS T5)
func TestTokensThatBeginAlikeAreApart(t *testing.T) {
	const common = Prefix + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	var keys []Key
	var tokens []string
	for i := range 1000 {
		tail := string([]byte{'a' + byte(i%26), 'a' + byte(i/26%26), 'a' + byte(i/676)})
		tokens = append(tokens, common+tail)
		keys = append(keys, Key{Name: tail, SHA256: Digest(common + tail)})
	}
	k := keyring(t, keys...)
	for i, token := range tokens {
		if p, err := k.Lookup(token, now); err != nil || p.Name != keys[i].Name {
			t.Fatalf("%s is %+v, %v", token, p, err)
		}
	}
	for _, near := range []string{common, tokens[0][:len(tokens[0])-1], tokens[0] + "a", strings.ToUpper(tokens[0]), strings.ToLower(tokens[0]), " " + tokens[0], tokens[0] + "\x00"} {
		if p, err := k.Lookup(near, now); err == nil {
			t.Errorf("%q is %+v", near, p)
		}
	}
}

// Tokens that are attacks on a store, a log or a template are unknown tokens,
// all with one and the same error. (FAULTS T4)
func TestInjectedTokensAreUnknown(t *testing.T) {
	token, digest := newToken(t)
	k := keyring(t, Key{Name: "web", SHA256: digest})
	unknown := func(token string) string {
		t.Helper()
		p, err := k.Lookup(token, now)
		if p != nil || code(err) != "unauthorized invalid_api_key" {
			t.Errorf("%.60q: %+v, %s", token, p, code(err))
			return ""
		}
		return fault.From(err).Public()
	}
	want := unknown("wrong")
	for _, attack := range []string{
		"' OR '1'='1", "' OR 1=1 --", "'; DROP TABLE keys; --", "\" OR \"\"=\"", "admin'/*", "') UNION SELECT name, digest FROM keys --",
		`{"$ne": null}`, `{"$gt": ""}`, `{"$where": "sleep(5000)"}`, "[$ne]=1", "true, $where: '1 == 1'", "*", "%", "_", "weir_%", "weir_*", ".*",
		"../../etc/passwd", "${jndi:ldap://example.com/a}", "{{7*7}}", "$(id)", "`id`", "\r\nx-admin: true", "\x00", token + "\x00", "\x00" + token,
		token[:len(token)-1], token + " ", digest, strings.ToUpper(digest), "null", "undefined", "0", "[]", "{}", "Bearer " + token,
		"\u202e" + token, "\ufeff" + token, "\xff\xfe", strings.Repeat("weir_", 100),
		strings.Repeat("a", maxToken), strings.Repeat("a", maxToken+1), token + strings.Repeat(" ", maxToken), strings.Repeat("A", 10<<20),
	} {
		if got := unknown(attack); got != want {
			t.Errorf("%.60q is told %q, others %q", attack, got, want)
		}
	}
	if strings.Contains(want, "web") || strings.Contains(want, "digest") {
		t.Errorf("the error tells too much: %q", want)
	}
	if _, err := k.Lookup("", now); code(err) != "unauthorized missing_api_key" {
		t.Errorf("no token: %v", err)
	}
}

// A token of over 512 bytes is refused even where its digest is defined: it is
// not hashed at all.
func TestLongTokensAreNotHashed(t *testing.T) {
	fits, long := strings.Repeat("a", maxToken), strings.Repeat("a", maxToken+1)
	k := keyring(t, Key{Name: "fits", SHA256: Digest(fits)}, Key{Name: "long", SHA256: Digest(long)})
	if _, err := k.Lookup(fits, now); err != nil {
		t.Errorf("%d bytes: %v", len(fits), err)
	}
	if p, err := k.Lookup(long, now); err == nil {
		t.Errorf("%d bytes: %+v", len(long), p)
	}
}

func TestNobodyIsInAnEmptyKeyring(t *testing.T) {
	var none *Keyring
	for _, k := range []*Keyring{none, keyring(t)} {
		if p, err := k.Lookup("anything", now); p != nil || !fault.Is(err, fault.Unauthorized) || k.Len() != 0 {
			t.Errorf("%+v, %v", p, err)
		}
	}
}

func TestKeyringRefuses(t *testing.T) {
	a, b := Digest("a"), Digest("b")
	for name, c := range map[string]struct {
		keys []Key
		want string
	}{
		"a name twice":         {[]Key{{Name: "web", SHA256: a}, {Name: "web", SHA256: b}}, `key "web" is defined twice`},
		"a digest twice":       {[]Key{{Name: "web", SHA256: a}, {Name: "ops", SHA256: a}}, `keys "web" and "ops" have the same sha256`},
		"it in capitals":       {[]Key{{Name: "web", SHA256: a}, {Name: "ops", SHA256: strings.ToUpper(a)}}, "have the same sha256"},
		"no name":              {[]Key{{SHA256: a}}, "it has no name"},
		"no digest":            {[]Key{{Name: "web"}}, "sha256 has 0 characters"},
		"the token itself":     {[]Key{{Name: "web", SHA256: "weir_abcdef"}}, "never the token"},
		"no hex digits":        {[]Key{{Name: "web", SHA256: strings.Repeat("z", 64)}}, "is not 64 hex digits"},
		"a * in the middle":    {[]Key{{Name: "web", SHA256: a, Routes: []string{"ch*t"}}}, `route "ch*t"`},
		"an empty route":       {[]Key{{Name: "web", SHA256: a, Routes: []string{""}}}, `route ""`},
		"a * twice at the end": {[]Key{{Name: "web", SHA256: a, Routes: []string{"chat**"}}}, `route "chat**"`},
	} {
		_, err := NewKeyring(c.keys)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "weir_abcdef") {
			t.Errorf("%s: the error repeats what may be a token: %v", name, err)
		}
	}
}

func TestNewToken(t *testing.T) {
	one, digest := newToken(t)
	other, _ := newToken(t)
	if one == other {
		t.Fatal("two tokens are one")
	}
	if !strings.HasPrefix(one, "weir_") || len(one) != len("weir_")+43 || strings.ContainsAny(one, "+/=") {
		t.Errorf("token %q is not weir_ and 256 bits in base64url", one)
	}
	sum := sha256.Sum256([]byte(one))
	if digest != hex.EncodeToString(sum[:]) {
		t.Errorf("digest %s is not the token's", digest)
	}
	if token, digest, err := NewToken(iotest.ErrReader(errors.New("no entropy"))); err == nil || token != "" || digest != "" {
		t.Errorf("without randomness: %q, %q, %v", token, digest, err)
	}
	if token, _, err := NewToken(strings.NewReader("short")); err == nil || token != "" {
		t.Errorf("with five random bytes: %q, %v", token, err)
	}
}

func TestAKeyringDoesNotChangeWithItsDefinitions(t *testing.T) {
	routes, groups := []string{"chat"}, []string{"staff"}
	k := keyring(t, Key{Name: "web", SHA256: Digest("t"), Routes: routes, Groups: groups})
	routes[0], groups[0] = "other", "other"
	if p, _ := k.Lookup("t", now); p.Routes[0] != "chat" || p.Groups[0] != "staff" {
		t.Errorf("%+v", p)
	}
}

func BenchmarkLookup(b *testing.B) {
	token, digest := newToken(b)
	k := keyring(b, Key{Name: "web", SHA256: digest, Expires: now.Add(time.Hour)})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Lookup(token, now); err != nil {
			b.Fatal(err)
		}
	}
}
