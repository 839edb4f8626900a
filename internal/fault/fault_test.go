package fault

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestTwoReadings(t *testing.T) {
	cause := errors.New("dial tcp 10.0.0.1: secret detail")
	e := New(Upstream, "upstream_connect", "model %q could not be reached", "m").Mend("try later").With(cause)
	if strings.Contains(e.Public(), "secret detail") {
		t.Errorf("the caller reads the cause: %q", e.Public())
	}
	if !strings.Contains(e.Error(), "secret detail") {
		t.Errorf("the operator does not read the cause: %q", e.Error())
	}
	if e.Public() != `model "m" could not be reached. try later` {
		t.Errorf("Public() = %q", e.Public())
	}
}

func TestFromClassifies(t *testing.T) {
	own := New(Invalid, "bad", "bad")
	if got := From(fmt.Errorf("wrap: %w", own)); got != own {
		t.Errorf("From lost the error: %v", got)
	}
	if got := From(errors.New("whatever")); got.Kind != Internal || strings.Contains(got.Public(), "whatever") {
		t.Errorf("an unknown error became %v with message %q", got.Kind, got.Public())
	}
}

func TestNearest(t *testing.T) {
	names := []string{"support", "summaries", "openai/gpt-4o", "unit"}
	for word, want := range map[string]string{"suport": "support", "SUPPORT": "support", "untis": "", "untit": "unit", "uint": "unit",
		"openai/gpt4o": "openai/gpt-4o", "billing": "", "": "", strings.Repeat("x", 100): ""} {
		if got := Nearest(word, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"same", "same", 0}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
