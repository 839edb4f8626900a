package experiment

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestVariantSaysWhatItDecides(t *testing.T) {
	v := &Variant{Parameters: map[string]json.RawMessage{
		"temperature": json.RawMessage("0.3"), "max_tokens": json.RawMessage("200"), "max_completion_tokens": json.RawMessage("100"),
	}}
	want := []string{
		"max_completion_tokens: 100, or the caller's limit where that is smaller",
		"max_tokens: 200, or the caller's limit where that is smaller",
		"temperature: 0.3, whatever the caller sends",
	}
	if got := v.Decides(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (&Variant{}).Decides(); got != nil {
		t.Errorf("without parameters: %q", got)
	}
}
