package upstream

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseEndpointRefuses(t *testing.T) {
	for address, want := range map[string]string{
		"":                             "must begin with http",
		"vllm-0:8000":                  "must begin with http",
		"ftp://host/v1":                "must begin with http",
		"http:///v1":                   "has no host",
		"https://host/v1#top":          "fragment",
		"http://host:eight/v1":         "port is not a number",
		"http://u:hunter2@ho st/":      "is not a URL",
		"ftp://u:hunter2@host/?k=hush": "must begin with http",
		"u:hunter2@host/v1?k=hush":     "must begin with http",
		"http://u:hunter2@h:x/?k=hush": "port is not a number",
	} {
		_, err := ParseEndpoint(address)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", address, err, want)
			continue
		}
		if s := err.Error(); strings.Contains(s, "hunter2") || strings.Contains(s, "hush") {
			t.Errorf("%q: the secret is in %q", address, s)
		}
	}
}

func TestParseEndpointTakesTheSlashAway(t *testing.T) {
	u, err := ParseEndpoint("https://host:8443/a%2Fb/v1/")
	if err != nil || u.String() != "https://host:8443/a%2Fb/v1" {
		t.Fatalf("%v, %v", u, err)
	}
}

func TestEndpointShowsNoSecret(t *testing.T) {
	e := NewEndpoint("https://user:hunter2@host/v1/?key=hush#x")
	if e.URL != "https://host/v1/" && e.URL != "https://host/v1" {
		t.Errorf("URL %q", e.URL)
	}
	if s := fmt.Sprintf("%v %s", e, e); strings.Contains(s, "hunter2") || strings.Contains(s, "hush") {
		t.Errorf("printed as %q", s)
	}
	if !strings.Contains(e.Address(), "hunter2") {
		t.Error("the driver cannot call it")
	}
}

func TestRedact(t *testing.T) {
	for address, want := range map[string]string{
		"http://127.0.0.1:8000/v1":       "http://127.0.0.1:8000/v1",
		"https://host/v1?api-version=1":  "https://host/v1",
		"simulated:llama":                "simulated:llama",
		"localhost:8000/v1":              "localhost:8000/v1",
		"user:hunter2@host":              "user:...",
		"https://us er:hunter2@host/v1/": "(unreadable URL)",
	} {
		if got := Redact(address); got != want {
			t.Errorf("Redact(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestEndpointCounts(t *testing.T) {
	e := NewEndpoint("http://host/v1")
	e.Begin()
	e.Begin()
	e.End(true)
	if e.InFlight() != 1 || e.Failures() != 1 {
		t.Fatalf("in flight %d, failures %d", e.InFlight(), e.Failures())
	}
	e.End(false)
	if e.InFlight() != 0 || e.Failures() != 0 {
		t.Fatalf("in flight %d, failures %d", e.InFlight(), e.Failures())
	}
}
