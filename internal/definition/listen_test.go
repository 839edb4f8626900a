package definition

import (
	"fmt"
	"strings"
	"testing"
)

// TestExposure is the start matrix: which address, with or without TLS, keys
// and --insecure, may be listened on.
func TestExposure(t *testing.T) {
	const (
		tls      = 1 << iota // a certificate is declared
		keys                 // keys for calling and for reading
		insecure             // --insecure, or insecure: true
	)
	for _, c := range []struct {
		address string
		open    bool // others can reach it
	}{
		{"127.0.0.1:8080", false}, {"127.8.9.1:1", false}, {"localhost:8080", false}, {"[::1]:8080", false}, {"[::ffff:127.0.0.1]:80", false},
		{"0.0.0.0:8080", true}, {":8080", true}, {"[::]:8080", true}, {"10.0.0.7:8080", true}, {"weir.example.com:8080", true},
	} {
		for _, listener := range []string{"data", "admin", "telemetry"} {
			for have := range 8 {
				text := base + fmt.Sprintf("listen:\n  %s: '%s'\n", listener, c.address)
				if have&tls != 0 {
					text += "  tls: {cert: file:/c, key: file:/k}\n"
				}
				if have&keys != 0 {
					text += "keys: {a: {sha256: " + strings.Repeat("ab", 32) + ", scopes: [call, read]}}\n"
				}
				for _, other := range []string{"data", "admin", "telemetry"} {
					if other != listener {
						text = strings.Replace(text, "listen:\n", "listen:\n  "+other+": '127.0.0.1:0'\n", 1)
					}
				}
				doc, problems := Parse([]File{{"weir.yaml", []byte(text)}})
				if doc == nil {
					t.Fatal(problems)
				}
				_, problems = doc.Compile(Options{Insecure: have&insecure != 0})
				needsKeys := listener != "telemetry"
				want := !c.open || have&insecure != 0 || have&tls != 0 && (have&keys != 0 || !needsKeys)
				if got := !problems.Failed(); got != want {
					t.Errorf("%s on %s, tls %v, keys %v, insecure %v: started %v, want %v (%v)", listener, c.address,
						have&tls != 0, have&keys != 0, have&insecure != 0, got, want, problems)
				}
			}
		}
	}
}

// A key that may not call guards nothing.
func TestExposureNeedsTheRightScope(t *testing.T) {
	_, problems := problemsOf(t, base+"listen: {data: '0.0.0.0:1', tls: {cert: file:/c, key: file:/k}}\nkeys: {a: {sha256: "+
		strings.Repeat("ab", 32)+", scopes: [read]}}\n")
	if !strings.Contains(lines(problems), "no key guards it; add a key with scope call") {
		t.Errorf("got %v", problems)
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	for _, address := range []string{"8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "http://127.0.0.1:80", "[::1:80", "::1:80", "[x]:80", "a b:80"} {
		if _, _, ok := splitAddress(address); ok {
			t.Errorf("%q passed", address)
		}
	}
}
