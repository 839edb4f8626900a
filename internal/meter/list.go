package meter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A list of prices is JSON: the day on which it was checked, and rows.
//
//	{"as_of": "2026-01-31", "prices": [
//	  {"vendor": "openai", "model": "gpt-4o", "aliases": ["gpt-4o-2024-11-20"], "from": "2024-10-02",
//	   "input": 2.5, "output": 10, "cached_input": 1.25, "source": "https://openai.com/api/pricing/"}]}
//
// Amounts are US dollars per million tokens. cached_input and cache_write that
// are left out are as input.

// Dollars is an amount as a list writes it, exact to a millionth.
type Dollars Micro

// UnmarshalJSON reads a number, never through a float.
func (d *Dollars) UnmarshalJSON(text []byte) error {
	if len(text) > 40 || strings.ContainsAny(string(text), `"eE`) { // an exponent would be as long as it says
		return errors.New("an amount must be a number of US dollars, as 2.5")
	}
	r, ok := new(big.Rat).SetString(string(text))
	if !ok {
		return errors.New("an amount must be a number of US dollars, as 2.5")
	}
	r.Mul(r, big.NewRat(million, 1))
	switch {
	case r.Sign() < 0 || r.Cmp(big.NewRat(highest, 1)) > 0:
		return fmt.Errorf("%s is out of range: write US dollars per million tokens", text)
	case !r.IsInt():
		return fmt.Errorf("%s is finer than a millionth of a dollar", text)
	}
	*d = Dollars(r.Num().Int64())
	return nil
}

// MarshalJSON writes it as it is read.
func (d Dollars) MarshalJSON() ([]byte, error) { return []byte(Micro(d).Decimal()), nil }

// highest is ten thousand dollars for a million tokens: more is a slip in the unit.
const highest = 10_000 * million

// written is a row as it stands in a list.
type written struct {
	Vendor      string   `json:"vendor"`
	Model       string   `json:"model"`
	Aliases     []string `json:"aliases,omitempty"`
	From        string   `json:"from"`
	Input       *Dollars `json:"input"`
	Output      *Dollars `json:"output"`
	CachedInput *Dollars `json:"cached_input,omitempty"`
	CacheWrite  *Dollars `json:"cache_write,omitempty"`
	Source      string   `json:"source,omitempty"`
	Note        string   `json:"note,omitempty"`
}

// Mistake is what is wrong in a list of prices, and where.
type Mistake struct {
	Line int
	Row  string // "openai/gpt-4o", "" for the list as a whole
	Text string
}

func (m *Mistake) Error() string {
	if m.Row == "" {
		return fmt.Sprintf("line %d: %s", m.Line, m.Text)
	}
	return fmt.Sprintf("line %d: %s: %s", m.Line, m.Row, m.Text)
}

// Parse reads a list of prices. Its error joins every *Mistake that was found.
func Parse(text []byte) (*Book, error) {
	var file struct {
		AsOf   string            `json:"as_of"`
		Prices []json.RawMessage `json:"prices"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, &Mistake{Line: lineAt(text, errorAt(err, d)), Text: "this is no list of prices: " + plainly(err)}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, &Mistake{Line: lineAt(text, d.InputOffset()), Text: "something follows the list"}
	}
	p := parser{text: text, book: &Book{}}
	var err error
	if p.book.AsOf, err = time.Parse(time.DateOnly, file.AsOf); err != nil {
		p.fail(0, "", "as_of must be the day on which the prices were checked, as 2026-01-31")
	}
	if len(file.Prices) == 0 {
		p.fail(0, "", "there are no prices")
	}
	at := 0
	for _, raw := range file.Prices {
		at += max(0, bytes.Index(text[at:], raw))
		p.row(at, raw)
		at += len(raw)
	}
	if len(p.mistakes) > 0 {
		return nil, errors.Join(p.mistakes...)
	}
	slices.SortStableFunc(p.book.Rows, byName)
	return p.book, nil
}

type parser struct {
	text     []byte
	book     *Book
	mistakes []error
}

func (p *parser) fail(at int, row, format string, args ...any) {
	p.mistakes = append(p.mistakes, &Mistake{lineAt(p.text, int64(at)), row, fmt.Sprintf(format, args...)})
}

// row reads one row, which begins at a place in the text.
func (p *parser) row(at int, raw []byte) {
	var w written
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		p.fail(at, w.Vendor+"/"+w.Model, "%s", plainly(err))
		return
	}
	name := w.Vendor + "/" + w.Model
	from, err := time.Parse(time.DateOnly, w.From)
	page, notURL := url.Parse(w.Source)
	before := len(p.mistakes)
	switch {
	case w.Vendor == "" || w.Model == "" || strings.ContainsFunc(w.Vendor+w.Model, func(r rune) bool { return r <= ' ' }):
		p.fail(at, name, "needs a vendor and a model, without spaces")
	case err != nil:
		p.fail(at, name, "from must be the day the price came into force, as 2026-01-31")
	case w.Input == nil || w.Output == nil:
		p.fail(at, name, "needs input and output, in US dollars per million tokens")
	case notURL != nil || page.Scheme != "https" && w.Source != "":
		p.fail(at, name, "source must be the https address of a page")
	}
	if len(p.mistakes) > before {
		return
	}
	r := Row{Vendor: w.Vendor, Model: w.Model, Aliases: w.Aliases, From: from, Source: w.Source, Note: w.Note,
		Price: Price{Input: Micro(*w.Input), Output: Micro(*w.Output), CachedInput: Micro(*w.Input), CacheWrite: Micro(*w.Input)}}
	if w.CachedInput != nil {
		r.Price.CachedInput = Micro(*w.CachedInput)
	}
	if w.CacheWrite != nil {
		r.Price.CacheWrite = Micro(*w.CacheWrite)
	}
	p.add(at, r)
}

// add takes a row in, unless another says something of the same model from the
// same day on.
func (p *parser) add(at int, r Row) {
	name := r.Vendor + "/" + r.Model
	for _, id := range append([]string{r.Model}, r.Aliases...) {
		for i := range p.book.Rows {
			if o := &p.book.Rows[i]; o.From.Equal(r.From) && o.is(r.Vendor, id) {
				p.fail(at, name, "%s has two prices from %s on: keep one", id, r.From.Format(time.DateOnly))
				return
			}
		}
	}
	p.book.Rows = append(p.book.Rows, r)
}

// List writes rows as Parse reads them.
func List(asOf time.Time, rows []Row) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n  \"as_of\": %q,\n  \"prices\": [", asOf.Format(time.DateOnly))
	for i, r := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n    ")
		line, _ := json.Marshal(r.written()) // strings and numbers: nothing can fail
		b.Write(line)
	}
	b.WriteString("\n  ]\n}\n")
	return b.Bytes()
}

func (r *Row) written() written {
	amount := func(m Micro) *Dollars { d := Dollars(m); return &d }
	w := written{Vendor: r.Vendor, Model: r.Model, Aliases: r.Aliases, From: r.From.Format(time.DateOnly),
		Input: amount(r.Price.Input), Output: amount(r.Price.Output), Source: r.Source, Note: r.Note}
	if r.Price.CachedInput != r.Price.Input {
		w.CachedInput = amount(r.Price.CachedInput)
	}
	if r.Price.CacheWrite != r.Price.Input {
		w.CacheWrite = amount(r.Price.CacheWrite)
	}
	return w
}

// errorAt is where reading stopped.
func errorAt(err error, d *json.Decoder) int64 {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return syntax.Offset
	case errors.As(err, &kind):
		return kind.Offset
	}
	return d.InputOffset()
}

func lineAt(text []byte, at int64) int {
	return 1 + bytes.Count(text[:min(max(at, 0), int64(len(text)))], []byte("\n"))
}

// plainly takes out what only Go's programmers know.
func plainly(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Sprintf("%s must not be a %s", kind.Field, kind.Value)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}
