//go:build tools

package test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/telemetry"
	"github.com/weirhq/weir/internal/upstream"
)

var writeDocs = flag.Bool("write-docs", false, "write the generated parts of the documentation instead of comparing them")

// generated are the parts of pages that the code knows better, by the name in
// their mark: <!-- generated: vendors --> to <!-- end -->.
var generated = map[string]func() string{"vendors": vendorTable, "metrics": metricTable, "buckets": bucketTable}

var generatedPart = regexp.MustCompile(`(?s)<!-- generated: ([a-z]+) -->\n(.*?)<!-- end -->`)

// TestDocsGenerated compares the generated parts with what the code says:
//
//	go test -tags tools ./test -run TestDocsGenerated -write-docs
func TestDocsGenerated(t *testing.T) {
	seen := 0
	for _, p := range pages(t) {
		now := generatedPart.ReplaceAllStringFunc(p.text, func(part string) string {
			name := generatedPart.FindStringSubmatch(part)[1]
			write := generated[name]
			if write == nil {
				t.Errorf("%s: nobody generates %q", p.name, name)
				return part
			}
			seen++
			return "<!-- generated: " + name + " -->\n" + write() + "<!-- end -->"
		})
		switch {
		case now == p.text:
		case *writeDocs:
			if err := os.WriteFile(filepath.Join(root, p.name), []byte(now), 0o644); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("%s: a generated part is not what the code says; run go test -tags tools ./test -run TestDocsGenerated -write-docs", p.name)
		}
	}
	if seen < len(generated) {
		t.Errorf("%d generated parts, want each of the %d somewhere", seen, len(generated))
	}
}

func vendorTable() string {
	var b strings.Builder
	b.WriteString("| `vendor` | Who it is | Address | Key | Usage on streams | Embeddings |\n|---|---|---|---|---|---|\n")
	yes := map[bool]string{true: "yes", false: "–"}
	for _, v := range upstream.Vendors() {
		if v.Driver == "simulated" {
			continue
		}
		fmt.Fprintf(&b, "| `%s` | [%s](%s) | %s | %s | %s | %s |\n", v.Name, v.Title, v.Docs, code(v.BaseURL, "set `endpoint`"), code(v.KeyEnv, "–"), yes[v.StreamOptions], yes[v.Embeddings])
	}
	for _, v := range upstream.Vendors() {
		if v.Note != "" {
			fmt.Fprintf(&b, "\n- `%s`: %s.", v.Name, v.Note)
		}
	}
	return b.String() + "\n"
}

func code(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return "`" + s + "`"
}

// exposed are the families that a Weir has, each with one series, since a
// family without any does not show its buckets.
func exposed() []telemetry.Family {
	r := telemetry.New()
	w, l := telemetry.NewWeir(r), telemetry.NewLLM(r)
	w.Route("route")
	l.Series("route", "variant", "model", "endpoint").Cost.Add(0)
	record := telemetry.NewRecord(r)
	record.Journal(func() telemetry.JournalState { return telemetry.JournalState{} })
	record.Store(func() telemetry.StoreState { return telemetry.StoreState{} })
	record.Writing()
	record.Budgets(func() []telemetry.BudgetState { return nil })
	telemetry.NewServers(r, func() []telemetry.Server { return nil })
	telemetry.NewOTLP(r, func() telemetry.OTLPState { return telemetry.OTLPState{} })
	var families []telemetry.Family
	r.Gather(func(f telemetry.Family) { families = append(families, f) })
	return families
}

func metricTable() string {
	var b strings.Builder
	b.WriteString("| Family | Type | Labels | What it counts |\n|---|---|---|---|\n")
	for _, f := range exposed() {
		labels := "–"
		if len(f.Labels) > 0 {
			labels = "`" + strings.Join(f.Labels, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Name, f.Kind, labels, f.Help)
	}
	return b.String()
}

func bucketTable() string {
	var b strings.Builder
	b.WriteString("| Family | Buckets |\n|---|---|\n")
	for _, f := range exposed() {
		if f.Kind == telemetry.KindHistogram {
			fmt.Fprintf(&b, "| `%s` | %s |\n", f.Name, strings.Trim(fmt.Sprint(f.Samples[0].Buckets.Bounds), "[]"))
		}
	}
	return b.String()
}
