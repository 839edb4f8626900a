package experiment

import (
	"bytes"
	"encoding/base64"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

var (
	secretA = []byte("the first secret of this gateway")
	secretB = []byte("the one that came after the first")
	issued  = time.Unix(1_760_000_000, 0)
	aPin    = Pin{Experiment: "checkout", Epoch: 3, Variant: "llama-8b", Outside: true, Begun: 1_760_000_000}
)

func TestPinComesBackWhole(t *testing.T) {
	s := NewSigner(secretA)
	for _, p := range []Pin{aPin, {}, {Experiment: strings.Repeat("é", 127), Epoch: -1, Variant: "\x00.|", Begun: math.MinInt64}, {Epoch: math.MaxInt32, Begun: math.MaxInt64}} {
		got, err := s.OpenPin(s.Pin(p, "conversation-1"), "conversation-1")
		if err != nil || *got != p {
			t.Errorf("%+v came back as %+v, %v", p, got, err)
		}
	}
	if token := s.Pin(Pin{Experiment: strings.Repeat("x", 256)}, "c"); token != "" {
		t.Errorf("a name that does not fit made the token %q", token)
	}
	longest := strings.Repeat("x", maxField)
	if token := s.Session(Session{ID: longest, Issued: math.MinInt64, Pin: &Pin{longest, math.MinInt64, longest, true, math.MinInt64}}); len(token) > maxToken {
		t.Errorf("our longest token has %d characters, over the %d that are read", len(token), maxToken)
	}
}

// Who may not know the variant may not learn it from the length of a token either.
func TestTokensTellNothingByTheirLength(t *testing.T) {
	s := NewSigner(secretA)
	pins, sessions := map[int]bool{}, map[int]bool{}
	for _, variant := range []string{"a", "baseline", "candidate", strings.Repeat("x", 63)} {
		for _, p := range []Pin{{Experiment: "e", Variant: variant}, {Experiment: strings.Repeat("e", 63), Epoch: 1 << 20, Variant: variant, Outside: true, Begun: 1 << 40}} {
			pins[len(s.Pin(p, "c"))] = true
			sessions[len(s.Session(Session{ID: "0123456789abcdef", Issued: 1 << 40, Pin: &p}))] = true
		}
		sessions[len(s.Session(Session{ID: "0123456789abcdef", Issued: 1 << 40}))] = true
	}
	if len(pins) != 1 || len(sessions) != 1 {
		t.Errorf("pins have the lengths %v, sessions %v", pins, sessions)
	}
}

func TestPinIsGoodForItsConversationOnly(t *testing.T) {
	s := NewSigner(secretA)
	token := s.Pin(aPin, "conversation-1")
	for _, other := range []string{"", "conversation-2", "conversation-1 ", "conversation-", "conversation-11"} {
		if p, err := s.OpenPin(token, other); err == nil {
			t.Errorf("opened for %q: %+v", other, p)
		}
	}
	if _, err := s.OpenSession(token, issued, SessionTTL); err == nil {
		t.Error("a pin was taken for a session")
	}
	if _, err := s.OpenSession(s.Pin(aPin, ""), issued, SessionTTL); err == nil {
		t.Error("a pin of no conversation was taken for a session")
	}
	if _, err := s.OpenPin(s.Session(Session{ID: "s", Issued: issued.Unix()}), ""); err == nil {
		t.Error("a session was taken for a pin")
	}
}

// Even where the bytes of one claim would read as another.
func TestAClaimIsGoodForItsPurposeOnly(t *testing.T) {
	s, claim := NewSigner(secretA), []byte("claim")
	for _, other := range [][2]string{{"session", ""}, {"pin", "c"}, {"", "pin"}, {"pi", "n"}} {
		if _, err := s.open(other[0], other[1], s.seal("pin", "", claim)); err == nil {
			t.Errorf("a pin of nothing opened as %q of %q", other[0], other[1])
		}
	}
}

func TestAClaimIsReadToItsEnd(t *testing.T) {
	s := NewSigner(secretA)
	claim, _ := aPin.append(nil)
	for _, wrong := range [][]byte{append(claim, 0), claim[:len(claim)-1], nil} {
		if p, err := s.OpenPin(s.seal("pin", "c", wrong), "c"); err == nil {
			t.Errorf("%x is %+v", wrong, p)
		}
	}
}

// Every token that differs from the right one in one character is refused.
func TestTokensAreRefusedWhenAnythingIsChanged(t *testing.T) {
	s := NewSigner(secretA)
	token := s.Pin(aPin, "c")
	for i := range token {
		for _, c := range []byte("A0-.~") {
			changed := token[:i] + string(c) + token[i+1:]
			if changed == token {
				continue
			}
			if p, err := s.OpenPin(changed, "c"); err == nil {
				t.Fatalf("%q opened as %+v", changed, p)
			}
		}
		if _, err := s.OpenPin(token[:i], "c"); err == nil {
			t.Fatalf("the first %d characters opened", i)
		}
	}
	for _, junk := range []string{token + "=", token + ".", token + "A", " " + token, token + "\n", "1" + token[1:], token[2:], "..", "2.", "1..", "2." + strings.Repeat("A", 1<<20)} {
		if _, err := s.OpenPin(junk, "c"); err == nil {
			t.Errorf("%.40q opened", junk)
		}
	}
}

// The last character of a base64url text may carry bits that mean nothing; a
// token that differs only there is not the one we made.
func TestTokensHaveOneSpelling(t *testing.T) {
	s := NewSigner(secretA)
	token := s.Pin(aPin, "c")
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	opened := 0
	for _, last := range alphabet {
		if _, err := s.OpenPin(token[:len(token)-1]+string(last), "c"); err == nil {
			opened++
		}
	}
	if opened != 1 {
		t.Errorf("%d spellings of one token open", opened)
	}
}

func TestSecretsRotate(t *testing.T) {
	before, during, after := NewSigner(secretA), NewSigner(secretB, secretA), NewSigner(secretB)
	old, fresh := before.Pin(aPin, "c"), during.Pin(aPin, "c")
	if _, err := during.OpenPin(old, "c"); err != nil {
		t.Errorf("the older secret's token while both hold: %v", err)
	}
	if _, err := after.OpenPin(fresh, "c"); err != nil {
		t.Errorf("the newer secret's token: %v", err)
	}
	if _, err := after.OpenPin(old, "c"); err == nil {
		t.Error("a token outlived its secret")
	}
}

func TestSignerRefusesSecretsThatAreNone(t *testing.T) {
	for name, secrets := range map[string][][]byte{"none": nil, "five bytes": {[]byte("short")}, "an empty older one": {secretA, nil}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: a signer was made, and anyone could sign", name)
				}
			}()
			NewSigner(secrets...)
		}()
	}
}

func TestSignerKeepsItsOwnCopyOfTheSecret(t *testing.T) {
	mine := bytes.Clone(secretA)
	s := NewSigner(mine)
	clear(mine)
	if _, err := NewSigner(secretA).OpenPin(s.Pin(aPin, "c"), "c"); err != nil {
		t.Error("the signer's secret changed with the caller's bytes")
	}
}

func TestSessionComesBackWhole(t *testing.T) {
	s := NewSigner(secretA)
	for _, v := range []Session{{ID: "s1", Issued: issued.Unix()}, {ID: "s1", Issued: issued.Unix(), Pin: &aPin}} {
		got, err := s.OpenSession(s.Session(v), issued, SessionTTL)
		if err != nil || got.ID != v.ID || got.Issued != v.Issued || (got.Pin == nil) != (v.Pin == nil) || v.Pin != nil && *got.Pin != *v.Pin {
			t.Errorf("%+v came back as %+v, %v", v, got, err)
		}
	}
	unfit := Session{ID: "s1", Issued: issued.Unix(), Pin: &Pin{Experiment: strings.Repeat("x", 256), Variant: "b"}}
	if got, err := s.OpenSession(s.Session(unfit), issued, SessionTTL); err != nil || got.Pin != nil || got.ID != "s1" {
		t.Errorf("a session whose pin does not fit: %+v, %v", got, err)
	}
}

func TestSessionLastsFromWhenItWasIssued(t *testing.T) {
	s := NewSigner(secretA)
	cookie := s.Session(Session{ID: "s1", Issued: issued.Unix()})
	for after, want := range map[time.Duration]error{
		0:                       nil,
		time.Hour - time.Second: nil,
		time.Hour:               ErrSessionExpired,
		24 * time.Hour:          ErrSessionExpired,
		-30 * time.Second:       nil, // another replica's clock
		-2 * time.Minute:        ErrSessionEarly,
	} {
		if _, err := s.OpenSession(cookie, issued.Add(after), time.Hour); !errors.Is(err, want) {
			t.Errorf("%s after it was issued: %v, want %v", after, err, want)
		}
	}
	// Writing a new pin into it half-way does not make it last longer.
	v, err := s.OpenSession(cookie, issued.Add(50*time.Minute), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	v.Pin = &aPin
	if _, err := s.OpenSession(s.Session(*v), issued.Add(70*time.Minute), time.Hour); !errors.Is(err, ErrSessionExpired) {
		t.Errorf("a session that was used lasts longer: %v", err)
	}
}

func TestNewSession(t *testing.T) {
	a, err := NewSession(bytes.NewReader(bytes.Repeat([]byte{7}, 16)), issued)
	if err != nil || a.Issued != issued.Unix() || a.ID != base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{7}, 16)) || a.Pin != nil {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := NewSession(strings.NewReader("too little"), issued); err == nil {
		t.Error("a session with an id of ten bytes")
	}
}

// A caller who may not know the variant carries it: it must not be readable.
func TestTokensAreUnreadable(t *testing.T) {
	s := NewSigner(secretA)
	for _, token := range []string{s.Pin(aPin, "c"), s.Session(Session{ID: "an-id-to-look-for", Issued: 1, Pin: &aPin})} {
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, tokenStart))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{aPin.Experiment, aPin.Variant, "an-id-to-look-for"} {
			if strings.Contains(string(raw), name) {
				t.Errorf("%q can be read in %q", name, token)
			}
		}
	}
	if s.Pin(aPin, "c") == s.Pin(aPin, "c") {
		t.Error("two tokens of one claim are alike: callers could compare variants")
	}
}
