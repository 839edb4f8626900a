package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/meter"
)

// A list of prices that changes is in force with the next reading, and is watched
// as the definitions are. One that cannot be read leaves the last good one.
func TestPriceListIsReadAgain(t *testing.T) {
	folder := t.TempDir()
	list := filepath.Join(folder, "prices.json")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("weir.yaml", "prices: {list: 'file:prices.json'}\nmodels: {m: {vendor: vllm, model: x}}\nroutes: {r: {baseline: m}}\n")
	src := source{path: filepath.Join(folder, "weir.yaml"), env: os.LookupEnv}
	for _, dollars := range []string{"1", "2.5"} {
		write("prices.json", `{"as_of":"2026-01-01","prices":[{"vendor":"vllm","model":"x","from":"2026-01-01","input":`+dollars+`,"output":1}]}`)
		l, problems, err := src.compile()
		if err != nil || l == nil {
			t.Fatal(err, problems)
		}
		rate := l.compiled.Tariff.Rate("m", "x", time.Now())
		if rate.Price.Input.Decimal() != dollars || rate.Basis != meter.Priced || rate.From != "vllm/x@2026-01-01 (own list)" {
			t.Errorf("%s dollars: %+v", dollars, rate)
		}
		if !slices.Contains(secretFiles(l.compiled), list) {
			t.Errorf("%s is not watched", list)
		}
	}
	write("prices.json", `{"as_of":`)
	if l, _, err := src.compile(); err == nil || l != nil || codeOf(err) != exitUsage {
		t.Errorf("a list that is cut off was read: %v", err)
	}
}
