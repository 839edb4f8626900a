package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/event"
)

const (
	one = "0198c1a2-7f3e-7c44-9d1b-2f0a6c5e8b71"
	two = "0198c1a2-7f3e-7c44-9d1b-2f0a6c5e8b72"
)

// readSaid reads all of a file.
func readSaid(t *testing.T, text, form, name string) (r *saidReader, lines []saidLine) {
	t.Helper()
	r, err := newSaidReader(strings.NewReader(text), form, name)
	if err != nil {
		t.Fatal(err)
	}
	for {
		line, err := r.next()
		if errors.Is(err, io.EOF) {
			return r, lines
		}
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
}

func TestATableOfFeedback(t *testing.T) {
	text := "\ufeffrequest_id,Value,comment,time,tags\r\n" +
		one + ",true,\"two\nlines, and \"\"quotes\"\"\",2026-03-01T17:00:00Z,\"a=b,c=d\"\r\n" +
		"\n" +
		two + ",4.5,,,\n" +
		two + ",nice,,,\n" +
		"chatcmpl-1,1,,,\n" +
		two + ",,,,\n" +
		two + ",1\n" +
		two + ",1e300,,,\n" +
		two + ",1,,yesterday,\n" +
		two + ",1,,,"
	_, lines := readSaid(t, text, "", "stars")
	var got []string
	for _, l := range lines {
		switch {
		case l.err != nil:
			got = append(got, fmt.Sprintf("%d bad", l.number))
		case l.said == nil:
			got = append(got, fmt.Sprintf("%d empty", l.number))
		default:
			got = append(got, fmt.Sprintf("%d %s %s", l.number, l.said.Type, l.said.JSON()))
		}
	}
	want := "2 boolean true|4 empty|5 number 4.5|6 text \"nice\"|7 bad|8 bad|9 bad|10 bad|11 bad|12 number 1"
	if strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
	s := lines[0].said
	if s.Comment != "two\nlines, and \"quotes\"" || s.Name != "stars" || s.Time.Hour() != 17 || strings.Join(s.Tags, " ") != "a=b c=d" || s.RequestID != one {
		t.Errorf("%+v", s)
	}
}

// A quote that is not closed costs its own line, and not the rest of the file.
func TestAnOpenQuoteCostsOneLine(t *testing.T) {
	text := "request_id,name,value,comment\n" + one + ",n,1,\"open\n" + strings.Repeat(two+",n,1,good\n", 1000)
	_, lines := readSaid(t, text, "csv", "")
	bad := 0
	for _, l := range lines {
		if l.err != nil {
			bad++
		}
	}
	if bad != 1 || lines[0].err == nil || len(lines) != 1001 || lines[1000].number != 1002 {
		t.Errorf("%d of %d are bad; the last is line %d", bad, len(lines), lines[len(lines)-1].number)
	}
}

func TestLinesOfJSON(t *testing.T) {
	text := `{"request_id":"` + one + `","name":"solved","value":false}` + "\n" +
		`{"id":"chatcmpl-1","value":2}` + "\n\n" + `{"id":"chatcmpl-1","value":2,"user":"ada"}` + "\n" + `{` + "\n" + `{"value":1,"name":"n"}`
	_, lines := readSaid(t, text, "", "stars")
	if len(lines) != 6 || lines[0].said.Name != "solved" || lines[1].said == nil || lines[1].said.Name != "stars" || lines[2].said != nil || lines[2].err != nil ||
		lines[3].err == nil || lines[4].err == nil || lines[5].err == nil {
		t.Errorf("%+v", lines)
	}
	if lines[0].said.Type != event.TypeBoolean || lines[1].said.Value != 2e6 {
		t.Errorf("%+v", lines)
	}
}

func TestHeadersThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "empty",
		"request_id,name,vlaue\n":      "vlaue",
		"request_id,name,value,user\n": "user",
		"name,value\n":                 "request_id",
		"request_id,value\n":           "name",
		"request_id,name\n":            "value",
		"id,id,name,value\n":           "twice",
	} {
		_, err := newSaidReader(strings.NewReader(text), "csv", "")
		if err == nil || !strings.Contains(err.Error(), want) || codeOf(err) != exitUsage {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Whatever a file holds, each byte after the header is in one record, and each
// record is good, bad or empty: nothing is lost.
func FuzzSaidReader(f *testing.F) {
	f.Add("request_id,name,value\n"+one+",n,1\n", "csv")
	f.Add("request_id,name,value,comment\n"+one+",n,1,\"a\nb\"\n\"\n", "csv")
	f.Add(`{"request_id":"`+one+`","name":"n","value":1}`+"\nx\n", "jsonl")
	f.Fuzz(func(t *testing.T, text, form string) {
		if form != "csv" && form != "jsonl" {
			form = ""
		}
		r, err := newSaidReader(strings.NewReader(text), form, "n")
		if err != nil {
			return
		}
		all := bytes.Clone(r.head)
		number := 0
		for {
			line, err := r.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return // a line that is no line
			}
			if line.number <= number || line.said != nil && (line.err != nil || line.said.Check() != nil) {
				t.Fatalf("line %d after %d: %+v", line.number, number, line)
			}
			number = line.number
			all = append(all, line.raw...)
		}
		if string(all) != strings.TrimPrefix(text, "\ufeff") {
			t.Errorf("%q became %q", text, all)
		}
	})
}
