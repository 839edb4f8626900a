package analysis

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

var update = flag.Bool("update", false, "write the golden files anew")

var forms = map[string]func(io.Writer, Report) error{"txt": WriteText, "md": WriteMarkdown, "html": WriteHTML}

// The golden files are the reports as people see them: a change of a word shows
// in the change.
func TestForms(t *testing.T) {
	for name, r := range samples(t) {
		for form, write := range forms {
			var b bytes.Buffer
			if err := write(&b, r); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", name+"."+form), b.Bytes())
		}
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what it was: %s\n(go test ./internal/analysis -run Forms -update writes it anew)", file, diff(got, want))
	}
}

func TestTextFitsATerminal(t *testing.T) {
	for name, r := range samples(t) {
		var b bytes.Buffer
		if err := WriteText(&b, r); err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(b.String(), "\n") {
			if utf8.RuneCountInString(line) > textWidth {
				t.Errorf("%s, line %d has %d columns: %s", name, i+1, utf8.RuneCountInString(line), line)
			}
		}
		if strings.ContainsAny(b.String(), "\x1b\a\r") {
			t.Errorf("%s: control characters reach the terminal", name)
		}
	}
}

// What others named stays text, whatever it is.
func TestHostileNamesStayText(t *testing.T) {
	r := samples(t)["hostile"]
	var page, mark bytes.Buffer
	if err := WriteHTML(&page, r); err != nil {
		t.Fatal(err)
	}
	if err := WriteMarkdown(&mark, r); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<img", "<i>", "<b>", "<svg onload", "javascript:alert(1)\""} {
		if strings.Contains(page.String(), bad) {
			t.Errorf("the page has %s", bad)
		}
		if strings.Contains(mark.String(), bad) {
			t.Errorf("the Markdown has %s", bad)
		}
	}
	if regexp.MustCompile(`(?m)^# heading`).MatchString(mark.String()) {
		t.Error("a name makes a heading")
	}
	if !strings.Contains(html.UnescapeString(page.String()), `<script>alert("x")</script>`) {
		t.Error("the name is not shown at all")
	}
}

// The page needs nothing else and runs nothing; its own policy says so, and names
// its style by the hash of what is there.
func TestPageStandsAlone(t *testing.T) {
	for name, r := range samples(t) {
		var b bytes.Buffer
		if err := WriteHTML(&b, r); err != nil {
			t.Fatal(err)
		}
		s := b.String()
		if m := regexp.MustCompile(`(?i)\s(src|href|srcset|style|on[a-z]+)\s*=\s*["']|@import|url\(|<script|<link|<iframe`).FindString(s); m != "" {
			t.Errorf("%s: the page has %q", name, m)
		}
		_, after, _ := strings.Cut(s, "<style>")
		style, _, _ := strings.Cut(after, "</style>")
		sum := sha256.Sum256([]byte(style))
		if want := "sha256-" + base64.StdEncoding.EncodeToString(sum[:]); !strings.Contains(html.UnescapeString(s), want) || !strings.Contains(ContentPolicy(), want) {
			t.Errorf("%s: the policy does not allow the page's own style", name)
		}
		ids := regexp.MustCompile(`\sid="([^"]+)"`).FindAllStringSubmatch(s, -1)
		seen := map[string]bool{}
		for _, id := range ids {
			if seen[id[1]] {
				t.Errorf("%s: the id %s is there twice", name, id[1])
			}
			seen[id[1]] = true
		}
		for _, svg := range regexp.MustCompile(`(?s)<svg .*?</svg>`).FindAllString(s, -1) {
			if !strings.Contains(svg, "<title") || !strings.Contains(svg, "<desc") || !strings.Contains(svg, `role="img"`) {
				t.Errorf("%s: a drawing without words", name)
			}
			if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
				t.Errorf("%s: a drawing at no place", name)
			}
		}
	}
}

func TestJSONIsTheStruct(t *testing.T) {
	for name, r := range samples(t) {
		var any map[string]any
		if err := json.Unmarshal(asJSON(t, r), &any); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"verdict", "sentence", "what_would_change_it", "metrics", "bounds", "enrolment", "health", "warnings", "methods", "inputs"} {
			if _, ok := any[key]; !ok {
				t.Errorf("%s: no %s", name, key)
			}
		}
	}
}

func TestLasted(t *testing.T) {
	for days, want := range map[float64]string{0: "0 minutes", 0.0007: "1 minute", 0.00175: "3 minutes", 0.5: "12 hours", 1: "24 hours", 2: "2 days", 7.25: "7.25 days"} {
		if got := lasted(days); got != want {
			t.Errorf("%v days: %q, want %q", days, got, want)
		}
	}
}

// A baseline of zero has no relative effect; the plot still tells the one there is.
func TestForestTellsAnEffectOnNothing(t *testing.T) {
	ok := string(stats.OK)
	m := Reading{Metric: metric.Metric{Name: "error_rate", Kind: metric.Rate, Unit: "share", Scale: 1, Direction: metric.Down}, Role: RoleBound}
	c := Comparison{Variant: "b", Fits: "absolute", Says: SaysWorse, Absolute: Effect{Value: 0.39, Low: 0.27, High: 0.51, Status: ok},
		Relative: Effect{Value: none, Low: none, High: none, Status: string(stats.Undefined)}}
	l := forestLineOf(Report{}, m, c, 0, 1, func(v float64) float64 { return v })
	if !l.Undefined || l.Text != "+39 pp [+27 pp, +51 pp]" {
		t.Errorf("%+v", l)
	}
}
