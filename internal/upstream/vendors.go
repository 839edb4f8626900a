package upstream

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/weirhq/weir/internal/fault"
)

//go:embed vendors.json
var vendorsJSON []byte

// vendors parses the table once. It is part of the binary, so a table that does
// not parse is a defect that the first test finds.
var vendors = sync.OnceValue(func() []Vendor {
	var rows []Vendor
	if err := json.Unmarshal(vendorsJSON, &rows); err != nil {
		panic("upstream: vendors.json: " + err.Error())
	}
	return rows
})

// Vendors lists who can be named under `vendor:`, in the table's order. Nothing
// in it is ever called by itself: a URL is used when a definition names its row.
func Vendors() []Vendor { return slices.Clone(vendors()) }

// VendorByName finds a row of the table.
func VendorByName(name string) (Vendor, error) {
	names := make([]string, 0, len(vendors()))
	for _, v := range vendors() {
		if v.Name == name {
			return v, nil
		}
		names = append(names, v.Name)
	}
	err := fault.New(fault.Invalid, "unknown_vendor", "unknown vendor %q", name)
	if near := fault.Nearest(name, names); near != "" {
		return Vendor{}, err.Mend("Did you mean %q?", near)
	}
	slices.Sort(names)
	return Vendor{}, err.Mend("Known are %s; a server that is not listed but speaks OpenAI's format is %q",
		strings.Join(names, ", "), "openai-compatible")
}
