package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/feedback"
)

// saidLine is one record of a file: what it says, or why it says nothing.
type saidLine struct {
	number int    // of its first line, from 1
	raw    []byte // as it stands in the file, with its line end
	said   *feedback.Said
	err    error
}

// Bounds of a file's records. One that does not end is a quote that was not closed:
// what follows must not be taken for a part of it.
const (
	maxLine        = 1 << 20
	maxRecordLines = 200
)

// saidReader reads a file of feedback, record by record: each byte of it after the
// header is in exactly one record.
type saidReader struct {
	in      *bufio.Reader
	name    string   // of the lines that have none
	columns []string // of CSV; nil: lines of JSON
	head    []byte   // the header as it stands
	number  int
	again   [][]byte // lines that were read too far
}

// columnNames are what a table may have.
var columnNames = []string{"request_id", "id", "name", "metric", "value", "comment", "tags", "idempotency_key", "time"}

// newSaidReader begins to read. form is "csv", "jsonl", or "" for what it looks like.
func newSaidReader(in io.Reader, form, name string) (*saidReader, error) {
	r := &saidReader{in: bufio.NewReaderSize(in, 64<<10), name: name}
	if start, _ := r.in.Peek(3); string(start) == "\ufeff" {
		_, _ = r.in.Discard(3)
	}
	if form == "" {
		form = "csv"
		if start, _ := r.in.Peek(1); string(start) == "{" {
			form = "jsonl"
		}
	}
	if form == "jsonl" {
		return r, nil
	}
	head, err := r.line()
	if errors.Is(err, io.EOF) {
		return nil, usage(errors.New("the file is empty"))
	}
	if err != nil {
		return nil, err
	}
	cells, err := cellsOf(head)
	if err != nil {
		return nil, usage(fmt.Errorf("read the header: %w", err))
	}
	r.head = head
	return r, r.setColumns(cells)
}

func (r *saidReader) setColumns(cells []string) error {
	for _, c := range cells {
		c = strings.ToLower(strings.TrimSpace(c))
		if !slices.Contains(columnNames, c) {
			next := "columns are " + strings.Join(columnNames, ", ")
			if near := fault.Nearest(c, columnNames); near != "" {
				next = fmt.Sprintf("did you mean %q? %s", near, next)
			}
			return advise(usage(fmt.Errorf("the header has a column %s, which there is not", shown(c))), "%s", next)
		}
		if slices.Contains(r.columns, c) {
			return usage(fmt.Errorf("the header has the column %s twice", c))
		}
		r.columns = append(r.columns, c)
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(r.columns, n) })
	}
	switch {
	case !has("request_id", "id"):
		return usage(errors.New("the header has neither a column request_id nor id"))
	case !has("value"):
		return usage(errors.New("the header has no column value"))
	case !has("name", "metric") && r.name == "":
		return advise(usage(errors.New("the header has no column name")), "name what all lines are about: --name thumbs")
	}
	return nil
}

// line gives the next line with its end. The last may have none.
func (r *saidReader) line() ([]byte, error) {
	r.number++
	if len(r.again) > 0 {
		line := r.again[0]
		r.again = r.again[1:]
		return line, nil
	}
	var line []byte
	for {
		part, err := r.in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil, errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(line) > maxLine:
			return nil, usage(fmt.Errorf("line %d is longer than %d bytes: this is no file of feedback", r.number, maxLine))
		}
	}
}

// next gives the next record; io.EOF after the last. Empty lines are records that
// say nothing, and no mistake.
func (r *saidReader) next() (saidLine, error) {
	line, err := r.line()
	if err != nil {
		return saidLine{}, err
	}
	one := saidLine{number: r.number, raw: line}
	switch {
	case len(bytes.TrimSpace(line)) == 0:
	case r.columns == nil:
		one.said, one.err = r.fromJSON(bytes.TrimSpace(line))
	default:
		if one.raw, err = r.record(line); err != nil {
			return saidLine{}, err
		}
		one.said, one.err = r.fromCells(one.raw)
	}
	if one.err != nil {
		one.said = nil
	}
	return one, nil
}

// record adds the lines that a quoted cell goes on in. A quote that is not closed
// within bounds belongs to its first line alone.
func (r *saidReader) record(first []byte) ([]byte, error) {
	whole := slices.Clone(first)
	var more [][]byte
	for bytes.Count(whole, []byte{'"'})%2 == 1 {
		line, err := r.line()
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if err == nil {
			more = append(more, line)
			whole = append(whole, line...)
		} else {
			r.number--
		}
		if err != nil || len(more) > maxRecordLines || len(whole) > feedback.MaxBody {
			r.number -= len(more)
			r.again = append(more, r.again...)
			return first, nil
		}
	}
	return whole, nil
}

func (r *saidReader) fromJSON(line []byte) (*feedback.Said, error) {
	s, err := feedback.ParseLine(line)
	if r.name != "" && fault.From(err).Code == "missing_field" && fault.From(err).Param == "name" {
		// The line has no name of its own: the one of all lines.
		s, err = feedback.ParseLine(append([]byte(`{"name":`+quoted(r.name)+`,`), bytes.TrimLeft(line, "{ \t")...))
	}
	return s, err
}

func (r *saidReader) fromCells(raw []byte) (*feedback.Said, error) {
	if !utf8.Valid(raw) {
		return nil, fault.New(fault.Invalid, "invalid_utf8", "the line is not UTF-8").Mend("encode the file as UTF-8")
	}
	cells, err := cellsOf(raw)
	if err != nil {
		return nil, err
	}
	if len(cells) != len(r.columns) {
		return nil, fmt.Errorf("it has %d cells, and the header %d", len(cells), len(r.columns))
	}
	s := &feedback.Said{}
	for i, c := range r.columns {
		if cells[i] == "" {
			continue
		}
		if err := s.Set(c, cells[i]); err != nil {
			return nil, err
		}
	}
	if s.Name == "" {
		s.Name = r.name
	}
	if err := s.Of(); err != nil {
		return nil, err
	}
	return s, s.Check()
}

// cellsOf reads one record of CSV (RFC 4180).
func cellsOf(raw []byte) ([]string, error) {
	c := csv.NewReader(bytes.NewReader(raw))
	c.FieldsPerRecord = -1
	cells, err := c.Read()
	if err != nil {
		var at *csv.ParseError
		if errors.As(err, &at) {
			err = at.Err
		}
		return nil, fmt.Errorf("it is no CSV: %w", err)
	}
	if _, err := c.Read(); !errors.Is(err, io.EOF) {
		return nil, errors.New("it is no CSV: a quote is not closed")
	}
	return cells, nil
}

// quoted writes a text as JSON has it.
func quoted(text string) string { return string((&feedback.Said{Text: text}).JSON()) }
