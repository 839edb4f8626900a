package feedback

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
)

// fields of a body, and of a line of a file.
var (
	bodyFields = []string{"request_id", "id", "name", "metric", "value", "comment", "tags", "idempotency_key", "token"}
	lineFields = []string{"request_id", "id", "name", "metric", "value", "comment", "tags", "idempotency_key", "time"}
)

// Parse reads the body of a request. A field that it does not know, or that
// stands twice, is a mistake: what somebody meant to say must not be half of it.
func Parse(raw []byte) (*Said, error) { return parse(raw, bodyFields) }

// ParseLine reads a line of a file of JSON: the same, with a time and no token.
func ParseLine(raw []byte) (*Said, error) {
	s, err := parse(raw, lineFields)
	if err != nil {
		return nil, err
	}
	return s, s.Of()
}

func parse(raw []byte, fields []string) (*Said, error) {
	if !utf8.Valid(raw) {
		return nil, fault.New(fault.Invalid, "invalid_utf8", "the body is not UTF-8").Mend("encode it as UTF-8")
	}
	s := &Said{}
	seen := map[string]bool{}
	err := object(raw, func(name string, value json.RawMessage) error {
		switch {
		case !slices.Contains(fields, name):
			return unknown(name, fields)
		case seen[name]:
			return fault.New(fault.Invalid, "duplicate_key", "%s stands twice", name).At(name).Mend("send it once")
		}
		seen[name] = true
		return s.set(name, value)
	})
	if err != nil {
		return nil, err
	}
	return s, s.Check()
}

func unknown(name string, fields []string) error {
	e := fault.New(fault.Invalid, "unknown_field", "there is no field %q", shortened(name)).Keep("there is no such field").At(shortened(name))
	if near := fault.Nearest(name, fields); near != "" {
		return e.Mend("did you mean %q?", near)
	}
	return e.Mend("there are %s", strings.Join(fields, ", "))
}

// object walks the members of one JSON object, in the order they stand in.
func object(raw []byte, each func(name string, value json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	broken := func(err error) error {
		e := fault.New(fault.Invalid, "invalid_json", "the body is not one JSON object, from byte %d on", d.InputOffset())
		return e.With(err).Mend(`send {"request_id": "...", "name": "thumbs", "value": true}`)
	}
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return broken(err)
	}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return broken(err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return broken(err)
		}
		if err := each(name, value); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return broken(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return broken(err)
	}
	return nil
}

// set takes in one member.
func (s *Said) set(name string, value json.RawMessage) error {
	switch name {
	case "value":
		return s.SetValue(value)
	case "tags":
		return s.setTags(value)
	}
	if string(value) == "null" {
		return nil // as good as left out
	}
	var text string
	if value[0] != '"' || json.Unmarshal(value, &text) != nil {
		return wrong(name, "send a string", "it is not a string")
	}
	return s.Set(name, text)
}

// Set takes in a field as text, as a cell of a table has it. An empty text is
// none.
func (s *Said) Set(name, text string) (err error) {
	switch name {
	case "request_id":
		s.RequestID = text
	case "id":
		s.BodyID = text
	case "name", "metric":
		if s.Name != "" && text != s.Name {
			return wrong(name, "send one of them", "name and metric differ")
		}
		s.Name = text
	case "value":
		return s.setCell(text)
	case "comment":
		s.Comment = text
	case "tags":
		s.Tags = strings.Split(text, ",")
	case "idempotency_key":
		s.Key = text
	case "token":
		s.Token = text
	case "time":
		if s.Time, err = time.Parse(time.RFC3339Nano, text); err != nil && text != "" {
			return wrong("time", "write it as in 2026-03-01T17:00:00Z", "%q is no time", shortened(text))
		}
	}
	return nil
}

// SetValue reads a value: true or false, a number, or a text.
func (s *Said) SetValue(value json.RawMessage) error {
	const mend = "send true or false, a number, or a text"
	var text string
	switch {
	case len(value) == 0:
		return missing("value", mend)
	case string(value) == "true", string(value) == "false":
		s.boolean(string(value) == "true")
		return nil
	case value[0] == '"':
		if err := json.Unmarshal(value, &text); err != nil || text == "" {
			return wrong("value", mend, "the text is empty")
		}
		s.Type, s.Text = event.TypeText, text
		return nil
	case value[0] == '-' || value[0] >= '0' && value[0] <= '9':
		v, err := strconv.ParseFloat(string(value), 64)
		if err != nil {
			return beyond()
		}
		return s.number(v)
	}
	return wrong("value", mend, "it is no value of a score")
}

// setCell reads a value as a table has it: what looks like a number is one.
func (s *Said) setCell(text string) error {
	switch word := strings.ToLower(text); {
	case text == "":
		return nil // missing, which Check says
	case word == "true", word == "false":
		s.boolean(word == "true")
		return nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if errors.Is(err, strconv.ErrRange) {
		return beyond()
	}
	if err != nil {
		s.Type, s.Text = event.TypeText, text
		return nil
	}
	return s.number(v)
}

func (s *Said) boolean(yes bool) {
	s.Type = event.TypeBoolean
	if yes {
		s.Value = 1e6
	}
}

// number keeps millionths: sums of them are exact.
func (s *Said) number(v float64) error {
	if math.IsNaN(v) || math.Abs(v) > MaxQuantity {
		return beyond()
	}
	s.Type, s.Value = event.TypeNumber, int64(math.RoundToEven(v*1e6))
	return nil
}

func beyond() error {
	return wrong("value", "send a finite one from -1e9 to 1e9, in a larger unit of measure if need be", "the number is beyond what is kept")
}

// setTags reads {"team": "search"} or ["team=search"].
func (s *Said) setTags(value json.RawMessage) error {
	if string(value) == "null" {
		return nil
	}
	if value[0] == '[' {
		if json.Unmarshal(value, &s.Tags) != nil {
			return wrong("tags", `send {"team": "search"} or ["team=search"]`, "not all of them are strings")
		}
		return noCommas(s.Tags)
	}
	if value[0] != '{' {
		return wrong("tags", `send {"team": "search"} or ["team=search"]`, "they are neither an object nor a list")
	}
	err := object(value, func(name string, v json.RawMessage) error {
		var text string
		if v[0] != '"' || json.Unmarshal(v, &text) != nil {
			return wrong("tags", "send strings", "%s is not a string", shortened(name))
		}
		s.Tags = append(s.Tags, name+"="+text)
		return nil
	})
	if err != nil {
		return err
	}
	return noCommas(s.Tags)
}

// noCommas holds a comma within a tag from making two of it.
func noCommas(tags []string) error {
	for _, t := range tags {
		if strings.Contains(t, ",") {
			return wrong("tags", "leave it out", "a tag holds a comma")
		}
	}
	return nil
}

// JSON is the value as a body has it.
func (s *Said) JSON() json.RawMessage {
	switch s.Type {
	case event.TypeBoolean:
		return strconv.AppendBool(nil, s.Value != 0)
	case event.TypeNumber:
		return strconv.AppendFloat(nil, float64(s.Value)/1e6, 'f', -1, 64)
	}
	text, _ := json.Marshal(s.Text)
	return text
}
