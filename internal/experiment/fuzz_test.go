package experiment

import (
	"testing"
	"time"
)

// Whatever a client sends back as a pin or a cookie is an error or what was
// signed, and never a panic.
func FuzzOpen(f *testing.F) {
	s := NewSigner(secretA, secretB)
	f.Add(s.Pin(aPin, "c"), "c")
	f.Add(s.Session(Session{ID: "s1", Issued: issued.Unix(), Pin: &aPin}), "")
	f.Add("2.AAAAAAAA", "")
	f.Add("1..", "c")
	f.Add("' OR 1=1 --", "c")
	f.Fuzz(func(t *testing.T, token, conversation string) {
		if p, err := s.OpenPin(token, conversation); err == nil && (*p != aPin || conversation != "c") {
			t.Errorf("%q of %q opened as %+v, which nobody sealed", token, conversation, p)
		}
		s.OpenSession(token, issued, time.Hour)
	})
}

// A claim that was signed by an older version, or by a thief of the secret, is
// taken apart without a panic; what can be read reads the same when written.
func FuzzClaim(f *testing.F) {
	whole, _ := aPin.append(nil)
	f.Add(whole)
	f.Add([]byte{255})
	f.Add([]byte{0, 0, 0, 2, 0})
	f.Fuzz(func(t *testing.T, claim []byte) {
		r := reader{rest: claim}
		p := r.pin()
		if r.end() != nil {
			return
		}
		again, ok := p.append(nil)
		back := reader{rest: again}
		if q := back.pin(); !ok || back.end() != nil || *q != *p {
			t.Errorf("%x reads %+v, written and read %+v", claim, p, q)
		}
	})
}

// No expression a user writes, and no request, makes compiling or evaluating
// panic, and an error is one that says where.
func FuzzExpr(f *testing.F) {
	for _, s := range []string{`header["x-user-group"] == "beta-testers"`, `group("staff") && user.matches("^a")`, `groups.map(g, g + "x").exists(g, g == user)`, `usr ==`, `((((`, "\x00", `{"a": header}["a"]["b"] == ""`} {
		f.Add(s, "u1")
	}
	f.Fuzz(func(t *testing.T, source, unit string) {
		x, err := Compile(source)
		if err != nil {
			if e, ok := err.(*ExprError); !ok || e.Line < 1 || e.Column < 1 || e.Message == "" {
				t.Errorf("%q: %#v", source, err)
			}
			return
		}
		in := user(unit)
		in.Groups = []string{unit, "staff"}
		in.Header = func(name string) string { return name }
		if got, err := x.Eval("chat", in); got && err != nil {
			t.Errorf("%q is true and an error: %v", source, err)
		}
	})
}
