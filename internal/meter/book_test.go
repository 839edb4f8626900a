package meter

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

func day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

func parse(t *testing.T, text string) *Book {
	t.Helper()
	b, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const small = `{"as_of": "2026-01-31", "prices": [
  {"vendor": "v", "model": "a", "aliases": ["a-1"], "from": "2025-01-01", "input": 2, "output": 8, "cached_input": 0.5},
  {"vendor": "v", "model": "a", "aliases": ["a-1"], "from": "2024-01-01", "input": 10, "output": 40, "source": "https://v.example/prices"},
  {"vendor": "w", "model": "a", "from": "2024-06-01", "input": 0.00059, "output": 0}
]}`

func TestFindByDate(t *testing.T) {
	b := parse(t, small)
	for _, c := range []struct {
		vendor, model, at string
		want              Micro // of input; -1: none
	}{
		{"v", "a", "2023-12-31", -1},
		{"v", "a", "2024-01-01", 10_000_000},
		{"v", "a", "2024-12-31", 10_000_000},
		{"v", "a-1", "2025-01-01", 2_000_000},
		{"w", "a", "2026-01-01", 590},
		{"v", "a-2", "2026-01-01", -1},
		{"x", "a", "2026-01-01", -1},
		{"v", "", "2026-01-01", -1},
	} {
		r, ok := b.Find(c.vendor, c.model, day(c.at))
		if ok != (c.want >= 0) || ok && r.Price.Input != c.want {
			t.Errorf("%s/%s on %s: %+v, %v", c.vendor, c.model, c.at, r, ok)
		}
	}
	if r, _ := b.Find("v", "a", day("2024-05-01")); r.Price.CachedInput != 10_000_000 || r.Price.CacheWrite != 10_000_000 {
		t.Errorf("what is left out is as input: %+v", r.Price)
	}
	if rows := b.InForce(day("2026-01-01")); len(rows) != 2 || rows[0].Price.Input != 2_000_000 {
		t.Errorf("in force: %+v", rows)
	}
}

// Of a model that both know the operator's rows alone count, before their day too:
// an old price of the other list would be a step back.
func TestOverlay(t *testing.T) {
	own := parse(t, `{"as_of":"2026-02-01","prices":[
		{"vendor":"v","model":"a","from":"2024-01-01","input":1,"output":1},
		{"vendor":"mine","model":"m","from":"2024-01-01","input":3,"output":3}]}`).Over(parse(t, small))
	at := day("2026-01-01")
	for _, c := range []struct {
		vendor, model string
		want          Micro
		own           bool
	}{{"v", "a", 1_000_000, true}, {"mine", "m", 3_000_000, true}, {"w", "a", 590, false}, {"v", "a-1", 2_000_000, false}} {
		if r, ok := own.Find(c.vendor, c.model, at); !ok || r.Price.Input != c.want || r.Own != c.own {
			t.Errorf("%s/%s: %+v", c.vendor, c.model, r)
		}
	}
	if r, _ := own.Find("v", "a", at); r.Name() != "v/a@2024-01-01 (own list)" {
		t.Errorf("name %q", r.Name())
	}
	if rows := own.InForce(at); len(rows) != 3 {

		t.Errorf("%d rows in force: %+v", len(rows), rows)
	}
}

func TestMistakesInAList(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no JSON", "{\n  what", "line 2: this is no list of prices"},
		{"a field with a typing mistake", `{"as_of":"2026-01-01","price":[]}`, `unknown field "price"`},
		{"no date", `{"prices":[{"vendor":"v","model":"m","from":"2026-01-01","input":1,"output":1}]}`, "line 1: as_of must be the day"},
		{"no rows", `{"as_of":"2026-01-01","prices":[]}`, "there are no prices"},
		{"something behind", `{"as_of":"2026-01-01","prices":[]} {}`, "something follows the list"},
		{"no output", row(`"from":"2026-01-01","input":1`), "line 2: v/m: needs input and output"},
		{"no day", row(`"from":"soon","input":1,"output":1`), "line 2: v/m: from must be the day"},
		{"a word", row(`"from":"2026-01-01","input":"1","output":1`), "must be a number of US dollars"},
		{"negative", row(`"from":"2026-01-01","input":-1,"output":1`), "-1 is out of range"},
		{"per token", row(`"from":"2026-01-01","input":0.0000005,"output":1`), "0.0000005 is finer than a millionth of a dollar"},
		{"per thousand million", row(`"from":"2026-01-01","input":20000,"output":1`), "20000 is out of range"},
		{"a source that is no page", row(`"from":"2026-01-01","input":1,"output":1,"source":"http://x"`), "source must be the https address"},
		{"a field of a row", row(`"from":"2026-01-01","input":1,"output":1,"cashed_input":1`), `unknown field "cashed_input"`},
		{"two prices", row(`"from":"2026-01-01","input":1,"output":1},` + "\n" + `{"vendor":"v","model":"n","aliases":["m"],"from":"2026-01-01","input":2,"output":2`),
			"line 3: v/n: m has two prices from 2026-01-01 on: keep one"},
	} {
		if _, err := Parse([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	two := row(`"from":"2026-01-01"},` + "\n" + `{"vendor":"v","model":"n","from":"x","input":1,"output":1`)
	if _, err := Parse([]byte(two)); err == nil || strings.Count(err.Error(), "line") != 2 {
		t.Errorf("all mistakes are told at once: %v", err)
	}
}

func row(fields string) string {
	return `{"as_of":"2026-01-01","prices":[` + "\n" + `{"vendor":"v","model":"m",` + fields + `}]}`
}

// The list that comes with Weir is whole, names the public page of each price,
// and holds what the documents that Weir was asked from hold.
func TestBuiltin(t *testing.T) {
	b := Builtin()
	for _, r := range b.Rows {
		if r.Source == "" || r.From.After(b.AsOf) || r.Price.Input == 0 {
			t.Errorf("%s: %+v", r.Name(), r)
		}
		if r.Price.CachedInput > r.Price.Input {
			t.Errorf("%s: cached tokens cost more than others", r.Name())
		}
	}
	for _, c := range []struct {
		vendor, model string
		in, out       Micro
	}{
		{"groq", "llama-3.3-70b", 590_000, 790_000},
		{"openai", "gpt-4o", 2_500_000, 10_000_000},
		{"anthropic", "claude-sonnet", 3_000_000, 15_000_000},
	} {
		r, ok := b.Find(c.vendor, c.model, day("2026-06-01"))
		if !ok || r.Price.Input != c.in || r.Price.Output != c.out {
			t.Errorf("%s/%s: %+v", c.vendor, c.model, r)
		}
	}
	if r, _ := b.Find("openai", "gpt-4o", day("2024-06-01")); r.Price.Input != 5_000_000 {
		t.Errorf("gpt-4o in June 2024: %+v", r.Price)
	}
}

// What is written is read again as it was.
func TestListIsReadAsWritten(t *testing.T) {
	b := Builtin()
	text := List(b.AsOf, b.Rows)
	again := parse(t, string(text))
	if !again.AsOf.Equal(b.AsOf) || len(again.Rows) != len(b.Rows) || !bytes.Equal(List(again.AsOf, again.Rows), text) {
		t.Error("the list changed on its way through the file")
	}
	for i := range b.Rows {
		if again.Rows[i].Price != b.Rows[i].Price || !slices.Equal(again.Rows[i].Aliases, b.Rows[i].Aliases) {
			t.Errorf("%+v became %+v", b.Rows[i], again.Rows[i])
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(row(`"from":"2026-01-01","input":1e2,"output":1`)))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := Parse(text)
		if err != nil {
			return
		}
		if _, err := Parse(List(b.AsOf, b.Rows)); err != nil {
			t.Errorf("what was read cannot be read again: %v", err)
		}
	})
}

func TestNilTariffKnowsNothing(t *testing.T) {
	var tariff *Tariff
	if r := tariff.Rate("m", "x", time.Now()); r.Basis != Unpriced || r.Deny || r.Known {
		t.Errorf("%+v", r)
	}
}
