package metric_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/metric"
)

// counts of a detector: found rightly, found wrongly, missed.
type found struct{ right, wrong, missed int }

func (f found) precision() float64 { return float64(f.right) / float64(f.right+f.wrong) }
func (f found) recall() float64    { return float64(f.right) / float64(f.right+f.missed) }
func (f found) f1() float64        { return 2 * float64(f.right) / float64(2*f.right+f.wrong+f.missed) }

func (f *found) add(is, says bool) {
	switch {
	case is && says:
		f.right++
	case says:
		f.wrong++
	case is:
		f.missed++
	}
}

// What the refusal metric says of its detector is what is measured here. The
// source of the answers and of their labels is testdata/README.md.
func TestRefusalDetectorOnXSTest(t *testing.T) {
	file, err := os.Open("testdata/xstest.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var any, whole found
	n := 0
	for lines := bufio.NewScanner(file); lines.Scan(); n++ {
		var one struct{ ID, Model, Label, Text string }
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		says := metric.Refuses(one.Text)
		any.add(one.Label != "compliance", says)
		whole.add(one.Label == "refusal", says)
	}
	page, err := os.ReadFile("../../docs/reference/measures.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, said := range []string{
		fmt.Sprintf("with precision %.2f, recall %.2f and F1 %.2f", any.precision(), any.recall(), any.f1()),
		fmt.Sprintf("precision is %.2f and recall %.2f", whole.precision(), whole.recall()),
	} {
		if !strings.Contains(strings.ReplaceAll(string(page), "\n", " "), said) {
			t.Errorf("the reference does not say: %s", said)
		}
	}
	m, _ := metric.Find("refusal_rate")
	said := fmt.Sprintf("%d answers to XSTest's harmless prompts it has precision %.2f, recall %.2f and F1 %.2f", n, any.precision(), any.recall(), any.f1())
	if !strings.Contains(m.Doubt, said) {
		t.Errorf("the metric says\n%s\nmeasured were\n%s", m.Doubt, said)
	}
}

func TestRefusesLooksAtTheBeginningOnly(t *testing.T) {
	for text, want := range map[string]bool{
		"I’m sorry, but I can’t help with that.":                true,
		"I'm sorry to hear that. Have you tried to restart it?": false,
		"": false,
		strings.Repeat("Here is how it is done. ", 20) + "I cannot say more.":       false,
		"As requested, here is the list of countries that cannot be entered freely": false,
	} {
		if got := metric.Refuses(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
