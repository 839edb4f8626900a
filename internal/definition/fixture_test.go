package definition

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// vendorTable is the table that the product has. The package may not import its
// owner, which is above it, so the file is read.
func vendorTable(t testing.TB) []Vendor {
	t.Helper()
	text, err := os.ReadFile("../upstream/vendors.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Name    string
		Driver  string
		BaseURL string `json:"base_url"`
		KeyEnv  string `json:"key_env"`
	}
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	var list []Vendor
	for _, r := range rows {
		list = append(list, Vendor{Name: r.Name, Endpoint: r.BaseURL, KeyEnv: r.KeyEnv, Simulated: r.Driver == "simulated"})
	}
	return list
}

// problemsOf parses and compiles a text named weir.yaml as the commands do.
func problemsOf(t testing.TB, text string) (*Compiled, Problems) {
	t.Helper()
	doc, problems := Parse([]File{{"weir.yaml", []byte(text)}})
	if doc == nil {
		return nil, problems
	}
	return doc.Compile(Options{Vendors: vendorTable(t)})
}

// good compiles a text that must be good, warnings allowed.
func good(t testing.TB, text string) *Compiled {
	t.Helper()
	c, problems := problemsOf(t, text)
	if err := problems.Err(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return c
}

// lines renders problems as a reader sees them.
func lines(problems Problems) string {
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(p.String() + "\n")
	}
	return b.String()
}

// examples are the files that come with the product, by name.
func examples(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	found := map[string][]byte{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.Base(name)] = text
	}
	return found
}
