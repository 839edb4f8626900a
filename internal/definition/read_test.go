package definition

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A text that would cost far more than its size is refused before it does.
func TestBounds(t *testing.T) {
	laughs := "a0: &a0 [x, x]\n"
	for i := 1; i < 40; i++ {
		laughs += fmt.Sprintf("a%d: &a%d [*a%d, *a%d]\n", i, i, i-1, i-1)
	}
	var deep strings.Builder
	for i := range 80 {
		deep.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	for _, c := range []struct{ name, text, want string }{
		{"aliases that multiply", laughs, "with its aliases the file holds more than 200000 values"},
		{"open brackets", strings.Repeat("[", 50_000), "nested more than 64 levels deep"},
		{"braces", strings.Repeat("{a: ", 30_000), "nested more than 64 levels deep"},
		{"dashes", strings.Repeat("- ", 90_000), "nested more than 64 levels deep"},
		{"indentation", deep.String(), "nested more than 64 levels deep"},
		{"many keys", strings.Repeat("a:\n", 60_000), "the file holds more than 50000 names and values"},
		{"a large file", strings.Repeat("# a comment of many\n", 300_000), "the file is larger than 4 MiB"},
		{"a byte that is no text", "models:\n  a: \xff\n", "weir.yaml:2:6: this byte is not text; save the file as UTF-8"},
		{"a zero byte", "models:\x00", "weir.yaml:1:8: this byte is not text; save the file as UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc, problems := Parse([]File{{"weir.yaml", []byte(c.text)}})
			if doc != nil || !strings.Contains(lines(problems), c.want) {
				t.Errorf("got %.300s, want %q", lines(problems), c.want)
			}
		})
	}
}

// What YAML offers for not repeating oneself works, and only that.
func TestAnchorsAndMerges(t *testing.T) {
	c := good(t, `models:
  a: &own
    vendor: vllm
    endpoint: http://a:8000
    price: {input: 0, output: 0}
    clocks: &slow {total: 5m}
  b:
    <<: *own
    endpoint: http://b:8000
  c: {<<: [*own], clocks: *slow, model: c}
routes:
  r: {baseline: a}
`)
	if got := c.Models[1]; got.Vendor != "vllm" || got.Endpoints[0] != "http://b:8000/v1" || got.Clocks.Total != 5*time.Minute {
		t.Errorf("b = %+v", got)
	}
	if got := c.Models[2]; got.ID != "c" || got.Endpoints[0] != "http://a:8000/v1" {
		t.Errorf("c = %+v", got)
	}
}

// Inside braces the YAML parser would cut these at the colon.
func TestColonsInsideBraces(t *testing.T) {
	c := good(t, `models: {a: {vendor: vllm, endpoints: [http://a:8000/v1, http://b:8000/v1], price: {input: 0, output: 0}}}
routes: {r: {unit: [header:x-user-id, metadata:account, user], baseline: a}}
`)
	if got := c.Models[0].Endpoints; len(got) != 2 || got[1] != "http://b:8000/v1" {
		t.Errorf("endpoints %q", got)
	}
	unit := c.Set.Routes["r"].Unit
	if len(unit) != 3 || unit[0].Name != "x-user-id" || unit[1].From != "metadata" || unit[1].Name != "account" {
		t.Errorf("unit %+v", unit)
	}
}

func TestFilesAreOneDocument(t *testing.T) {
	doc, problems := Parse([]File{
		{"conf/models.yaml", []byte("models:\n  a: {vendor: simulated}\n")},
		{"conf/empty.yaml", []byte("# nothing yet\n")},
		{"conf/team.yaml", []byte("models:\n  b: {vendor: simulated}\nroutes:\n  r: {baseline: b, fallback: [a]}\nlisten: {drain: 1m}\n")},
		{"conf/more.yaml", []byte("routes:\nlisten: {insecure: true}\n")},
	})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	c, problems := doc.Compile(Options{})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if len(c.Models) != 2 || c.Set.Routes["r"] == nil || c.Listen.Drain != time.Minute || !c.Listen.Insecure {
		t.Errorf("got %+v", c)
	}
}

func TestFilesThatContradict(t *testing.T) {
	_, problems := Parse([]File{
		{"conf/a.yaml", []byte("models:\n  m: {vendor: simulated}\nroutes:\n  r: {baseline: m}\n")},
		{"conf/b.yaml", []byte("models:\n  m: {vendor: simulated}\nroutes: 5\n")},
		{"conf/c.yaml", []byte("models:\n  n: {vendr: simulated}\n")},
	})
	want := `conf/b.yaml:2:3: models.m: "m" is defined in two files; the other is at conf/a.yaml:2:3; remove or rename one of them
conf/b.yaml:3:1: routes: this section is given twice; the other is at conf/a.yaml:3:1
conf/c.yaml:2:7: models.n: unknown field "vendr"; did you mean "vendor"?
`
	if got := lines(problems); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

// A long list of mistakes is cut, with what is left counted.
func TestManyProblemsInOneError(t *testing.T) {
	text := "models:\n"
	for i := range 120 {
		text += fmt.Sprintf("  m%d: {vendor: simulated, colour: red}\n", i)
	}
	_, problems := Parse([]File{{"weir.yaml", []byte(text)}})
	if len(problems) != 120 {
		t.Errorf("%d problems, want 120", len(problems))
	}
	got := strings.Split(problems.Err().Error(), "\n")
	if len(got) != shownProblems+1 || got[shownProblems] != "and 70 more" {
		t.Errorf("%d lines, the last %q", len(got), got[len(got)-1])
	}
}
