package experiment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Decides says of each parameter that the variant names what becomes of the
// caller's, in the order of names; nil when it names none.
func (v *Variant) Decides() []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(v.Parameters)) {
		how := "whatever the caller sends"
		if name == "max_tokens" || name == "max_completion_tokens" {
			how = "or the caller's limit where that is smaller"
		}
		lines = append(lines, fmt.Sprintf("%s: %s, %s", name, v.Parameters[name], how))
	}
	return lines
}

// same reports whether two variants answer alike. Parameters are compared
// without their spaces.
func (v *Variant) same(w *Variant) bool {
	return v.Model == w.Model && maps.EqualFunc(v.Parameters, w.Parameters, func(a, b json.RawMessage) bool {
		var x, y bytes.Buffer
		if json.Compact(&x, a) != nil || json.Compact(&y, b) != nil {
			return bytes.Equal(a, b)
		}
		return bytes.Equal(x.Bytes(), y.Bytes())
	})
}
