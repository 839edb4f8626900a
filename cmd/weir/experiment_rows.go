package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/metric"
)

// elsewhere is a table that somebody else wrote.
type elsewhere struct {
	file     string
	names    []string // of columns of values, in order
	rows     []placedRow
	variants []string          // in the order they come
	text     map[string]string // columns that are not of numbers alone, and where: the first cell that is none
	other    map[string]bool   // columns with numbers other than 0 and 1
}

// placedRow is a row and where it stands.
type placedRow struct {
	analysis.Row
	line int
}

// mostRows bounds what is held in memory.
const mostRows = 20_000_000

// cell is one value as it stands in the file.
type cell struct {
	column int // of the line, from 1; 0: not known
	text   string
}

// readElsewhere reads CSV with a header, or lines of JSON. Errors name the file,
// the line and the column.
func readElsewhere(in io.Reader, file string, z *analyzing) (*elsewhere, error) {
	d := &elsewhere{file: file, text: map[string]string{}, other: map[string]bool{}}
	r := bufio.NewReaderSize(in, 1<<20)
	if start, _ := r.Peek(3); string(start) == "\ufeff" {
		_, _ = r.Discard(3)
	}
	start, _ := r.Peek(1)
	read := d.csv
	if string(start) == "{" {
		read = d.lines
	}
	if err := read(r, z); err != nil {
		return nil, err
	}
	if len(d.rows) == 0 {
		return nil, fmt.Errorf("%s: there are no rows", file)
	}
	return d, nil
}

func (d *elsewhere) csv(in *bufio.Reader, z *analyzing) error {
	r := csv.NewReader(in)
	r.Comma, r.ReuseRecord = delimiter(in), true
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: the file is empty: give a header and rows", d.file)
	}
	if err != nil {
		return d.broken(err)
	}
	head = slices.Clone(head)
	for i, name := range head {
		head[i] = strings.TrimSpace(name)
		if slices.Contains(head[:i], head[i]) {
			return fmt.Errorf("%s:1: the header has the column %s twice", d.file, shown(head[i]))
		}
	}
	if err := z.needs(d.file, head); err != nil {
		return err
	}
	cells := map[string]cell{}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return d.broken(err)
		}
		line := 0
		for i, text := range record {
			var column int
			if line, column = r.FieldPos(i); i == 0 {
				clear(cells)
			}
			cells[head[i]] = cell{column, strings.TrimSpace(text)}
		}
		if err := d.add(line, head, cells, z); err != nil {
			return err
		}
	}
}

// delimiter is what the header is separated by: a comma, a semicolon or a tab.
func delimiter(in *bufio.Reader) rune {
	start, _ := in.Peek(in.Size())
	line, _, _ := bytes.Cut(start, []byte("\n"))
	best := ','
	for _, r := range ";\t" {
		if bytes.Count(line, []byte(string(r))) > bytes.Count(line, []byte(string(best))) {
			best = r
		}
	}
	return best
}

func (d *elsewhere) broken(err error) error {
	var at *csv.ParseError
	if !errors.As(err, &at) {
		return fmt.Errorf("read %s: %w", d.file, err)
	}
	if errors.Is(at.Err, csv.ErrFieldCount) {
		return advise(fmt.Errorf("%s:%d: the row has more or fewer cells than the header", d.file, at.Line), "an empty cell still needs its comma; a comma within a cell needs quotes")
	}
	return advise(fmt.Errorf("%s:%d:%d: it is no CSV: %v", d.file, at.Line, at.Column, at.Err), "a quote within a quoted cell is written twice")
}

// needs tells which column is not there, that has to be.
func (z *analyzing) needs(file string, names []string) error {
	if !slices.Contains(names, z.variant) {
		return advise(fmt.Errorf("%s has no column %s", file, shown(z.variant)), "--variant COLUMN says which names the variant; %s", nearestColumn(z.variant, names))
	}
	if z.unitGiven && !slices.Contains(names, z.unit) {
		return fmt.Errorf("--unit %s: %s has no such column; %s", shown(z.unit), file, nearestColumn(z.unit, names))
	}
	if z.timeGiven && !slices.Contains(names, z.time) {
		return fmt.Errorf("--time %s: %s has no such column; %s", shown(z.time), file, nearestColumn(z.time, names))
	}
	return nil
}

// maxJSONLine is the longest line of JSON that is read, in bytes.
const maxJSONLine = 16 << 20

func (d *elsewhere) lines(in *bufio.Reader, z *analyzing) error {
	s := bufio.NewScanner(in)
	s.Buffer(nil, maxJSONLine)
	for line := 1; s.Scan(); line++ {
		if len(bytes.TrimSpace(s.Bytes())) == 0 {
			continue
		}
		names, cells, err := d.object(line, s.Bytes())
		if err != nil {
			return err
		}
		if len(d.rows) == 0 {
			if err := z.needs(d.file, names); err != nil {
				return err
			}
		}
		if err := d.add(line, names, cells, z); err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("read %s: %w", d.file, err)
	}
	return nil
}

// object reads one line of JSON; what is nested is left out.
func (d *elsewhere) object(line int, text []byte) (names []string, cells map[string]cell, err error) {
	var fields map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil {
		at := ""
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			at = fmt.Sprintf(":%d", syntax.Offset)
		}
		return nil, nil, advise(fmt.Errorf("%s:%d%s: it is no JSON object: %w", d.file, line, at, err), "write one object a line: {\"variant\": \"A\", \"latency\": 0.5}")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, advise(fmt.Errorf("%s:%d:%d: there is more after the object", d.file, line, decoder.InputOffset()), "write one object a line")
	}
	cells = map[string]cell{}
	for name, v := range fields {
		switch v := v.(type) {
		case string:
			cells[name] = cell{0, v}
		case json.Number:
			cells[name] = cell{0, v.String()}
		case bool:
			cells[name] = cell{0, strconv.FormatBool(v)}
		case nil:
			cells[name] = cell{}
		default:
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names, cells, nil
}

// add takes a row.
func (d *elsewhere) add(line int, names []string, cells map[string]cell, z *analyzing) error {
	if len(d.rows) >= mostRows {
		return advise(fmt.Errorf("%s has more than %s rows", d.file, thousands(mostRows)), "give a row for each unit, with its mean")
	}
	row := placedRow{line: line, Row: analysis.Row{Variant: cells[z.variant].text, Unit: cells[z.unit].text, Values: map[string]float64{}}}
	if row.Variant == "" {
		return advise(fmt.Errorf("%s: the row names no variant", d.at(line, cells[z.variant].column, z.variant)), "name it, or leave the row out")
	}
	if !slices.Contains(d.variants, row.Variant) && len(d.variants) < 100 {
		d.variants = append(d.variants, row.Variant)
	}
	if text := cells[z.time].text; text != "" {
		t, err := readTime(text)
		if err != nil {
			return advise(fmt.Errorf("%s: %s is no time", d.at(line, cells[z.time].column, z.time), shown(text)), "write it as 2026-03-01T12:00:00Z; --time COLUMN says where it stands")
		}
		row.Time = t
	}
	for _, name := range names {
		if name != z.variant && name != z.unit && name != z.time {
			d.value(&row, name, cells[name])
		}
	}
	d.rows = append(d.rows, row)
	return nil
}

// value takes one cell. That it is no number matters only when it is asked for.
func (d *elsewhere) value(row *placedRow, name string, c cell) {
	if !slices.Contains(d.names, name) {
		d.names = append(d.names, name)
	}
	if c.text == "" {
		return
	}
	v, err := strconv.ParseFloat(c.text, 64)
	switch {
	case c.text == "true":
		v, err = 1, nil
	case c.text == "false":
		v, err = 0, nil
	case err == nil && (math.IsNaN(v) || math.IsInf(v, 0)):
		err = strconv.ErrRange
	}
	if err != nil {
		if d.text[name] == "" {
			d.text[name] = fmt.Sprintf("%s: %s is no number", d.at(row.line, c.column, name), shown(c.text))
		}
		return
	}
	row.Values[name] = v
	if v != 0 && v != 1 {
		d.other[name] = true
	}
}

func readTime(text string) (time.Time, error) {
	var first error
	for _, form := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02"} {
		t, err := time.Parse(form, text)
		if err == nil {
			return t.UTC(), nil
		}
		first = cmp.Or(first, err)
	}
	return time.Time{}, first
}

// at says where a cell stands: file:line:column, and the name of its column.
func (d *elsewhere) at(line, column int, name string) string {
	if column == 0 {
		return fmt.Sprintf("%s:%d, column %s", d.file, line, shown(name))
	}
	return fmt.Sprintf("%s:%d:%d, column %s", d.file, line, column, shown(name))
}

// numeric are the columns of numbers alone, of which there is at least one.
func (d *elsewhere) numeric() (names []string) {
	for _, name := range d.names {
		if d.text[name] != "" {
			continue
		}
		if slices.ContainsFunc(d.rows, func(r placedRow) bool { _, ok := r.Values[name]; return ok }) {
			names = append(names, name)
		}
	}
	return names
}

// binary tells that a column is of 0 and 1.
func (d *elsewhere) binary(name string) bool { return !d.other[name] }

// check looks at the values of the metrics that are asked for.
func (d *elsewhere) check(metrics []metric.Metric) error {
	for _, m := range metrics {
		if where := d.text[m.Measure]; where != "" {
			return advise(errors.New(where), "leave a cell empty that was not observed")
		}
		for _, r := range d.rows {
			v, ok := r.Values[m.Measure]
			if why := analysis.Unfit(m, v); ok && why != "" {
				return advise(fmt.Errorf("%s: %v: %s", d.at(r.line, 0, m.Measure), v, why), "mend the value, or give the metric another kind: --metric %s:mean:%s", plain(m.Measure), m.Direction)
			}
		}
	}
	return nil
}

// all gives the rows to whoever adds them up.
func (d *elsewhere) all() iter.Seq2[analysis.Row, error] {
	return func(yield func(analysis.Row, error) bool) {
		for i := range d.rows {
			if !yield(d.rows[i].Row, nil) {
				return
			}
		}
	}
}
