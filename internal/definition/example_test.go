package definition

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

// Every file that comes with the product is good, without a doubt, and says what
// it is for.
func TestExamples(t *testing.T) {
	for name, text := range examples(t) {
		t.Run(name, func(t *testing.T) {
			doc, problems := Parse([]File{{name, text}})
			if doc == nil {
				t.Fatal(problems)
			}
			c, problems := doc.Compile(Options{Vendors: vendorTable(t), Now: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)})
			problems = slices.DeleteFunc(problems, func(p Problem) bool { return p.Severity == Note })
			if len(problems) > 0 {
				t.Errorf("%s", lines(problems))
			}
			if c == nil || len(c.Set.Routes) == 0 {
				t.Error("nothing to route")
			}
			if !bytes.HasPrefix(text, []byte("# yaml-language-server: $schema=../docs/reference/weir.schema.json\n#\n# ")) {
				t.Error("it does not begin with its schema and what it is for")
			}
			if bytes.Count(text, []byte("#")) < 5 {
				t.Error("a newcomer is told too little")
			}
		})
	}
}

// The first file that init writes is good as it stands, whatever keys there are.
func TestStarter(t *testing.T) {
	table := vendorTable(t)
	combinations := [][]string{nil, {"PATH", "HOME"}}
	var all []string
	for _, o := range offers {
		all = append(all, o.Variable)
		combinations = append(combinations, []string{o.Variable}, []string{"OPENAI_API_KEY", o.Variable})
	}
	for _, present := range append(combinations, all) {
		text := Starter(present)
		doc, problems := Parse([]File{{"weir.yaml", text}})
		if doc == nil {
			t.Fatalf("%v: %v\n%s", present, problems, text)
		}
		c, problems := doc.Compile(Options{Vendors: table})
		if c == nil {
			t.Fatalf("%v: %v\n%s", present, problems, text)
		}
		for _, p := range problems {
			if !strings.Contains(p.Message, "has no price") {
				t.Errorf("%v: %v", present, p)
			}
		}
		e := c.Set.Routes["assistant"].Experiment
		if e == nil || !e.TwoEnded {
			t.Errorf("%v: nothing is tried", present)
		}
		for _, m := range c.Models {
			if m.Vendor != "simulated" && m.Key.Variable() == "" {
				t.Errorf("%v: %s has no key", present, m.Name)
			}
		}
	}
}

// Each offer is of a vendor in the table, by the variable that the table names.
func TestOffersFitTheTable(t *testing.T) {
	keys := map[string]string{}
	for _, v := range vendorTable(t) {
		keys[v.Name] = v.KeyEnv
	}
	for _, o := range offers {
		if keys[o.Vendor] != o.Variable {
			t.Errorf("%s: the table has the variable %q for %s", o.Variable, keys[o.Vendor], o.Vendor)
		}
	}
}

// Writing a document out and reading it again changes nothing.
func TestRoundTrip(t *testing.T) {
	texts := examples(t)
	texts["starter"] = Starter([]string{"OPENAI_API_KEY"})
	for name, text := range texts {
		doc, problems := Parse([]File{{name, text}})
		if doc == nil {
			t.Fatal(problems)
		}
		written := doc.Canonical()
		again, problems := Parse([]File{{name, written}})
		if again == nil {
			t.Fatalf("%s: %v\n%s", name, problems, written)
		}
		if !bytes.Equal(again.Canonical(), written) {
			t.Errorf("%s: changed by writing and reading:\n%s\n%s", name, written, again.Canonical())
		}
		a, _ := doc.Compile(Options{})
		b, _ := again.Compile(Options{})
		if a == nil || b == nil || a.Revision != b.Revision {
			t.Errorf("%s: revisions differ", name)
		}
	}
}
