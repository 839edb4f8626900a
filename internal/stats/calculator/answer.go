package calculator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
)

// answer is the fields of an answer in their order. A NaN is an undefined value; a
// method that knows why adds because(…).
type answer []field

type field struct {
	name  string
	value any // a number, a bool, a string, a list of numbers, an answer
}

// because is the reason of values that are undefined; it is left out when all are defined.
func because(reason string) field { return field{"reason", reason} }

// undefined is an answer of which nothing is defined.
func undefined(reason string, names ...string) answer {
	a := make(answer, 0, len(names)+1)
	for _, n := range names {
		a = append(a, field{n, math.NaN()})
	}
	return append(a, because(reason))
}

// encode writes the answer as JSON, which has neither NaN nor infinities: those
// become null, and the status says so.
func (a answer) encode() (json.RawMessage, error) {
	var out bytes.Buffer
	holes := holes{}
	reason, status := "", ""
	out.WriteByte('{')
	for _, f := range a {
		switch f.name {
		case "reason":
			reason, _ = f.value.(string)
			continue
		case "status":
			status, _ = f.value.(string)
			continue
		}
		if err := f.write(&out, &holes); err != nil {
			return nil, err
		}
		out.WriteByte(',')
	}
	if said, why := holes.tell(reason); said != "" {
		status, reason = said, why
	}
	if writeText(&out, "status", status); status != "" {
		writeText(&out, "reason", reason)
	}
	text := bytes.TrimSuffix(out.Bytes(), []byte(","))
	return append(text, '}'), nil
}

func writeText(out *bytes.Buffer, name, text string) {
	if text != "" {
		quoted, _ := json.Marshal(text)
		fmt.Fprintf(out, "%q:%s,", name, quoted)
	}
}

func (f field) write(out *bytes.Buffer, h *holes) error {
	value, err := json.Marshal(h.fill(f.name, reflect.ValueOf(f.value)))
	if err != nil {
		return fmt.Errorf("encode %s: %w", f.name, err)
	}
	fmt.Fprintf(out, "%q:%s", f.name, value)
	return nil
}

// holes are the values of an answer that JSON cannot hold.
type holes struct{ undefined, infinite []string }

// fill puts null in the place of what JSON cannot hold.
func (h *holes) fill(name string, v reflect.Value) any {
	switch v.Kind() {
	case reflect.Float64:
		return h.number(name, v.Float())
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = h.fill(fmt.Sprintf("%s[%d]", name, i), v.Index(i))
		}
		return list
	case reflect.Interface:
		return h.fill(name, v.Elem())
	}
	return v.Interface()
}

func (h *holes) number(name string, x float64) any {
	switch {
	case math.IsNaN(x):
		h.undefined = append(h.undefined, name)
		return nil
	case math.IsInf(x, 1):
		h.infinite = append(h.infinite, name+" is +infinity")
		return nil
	case math.IsInf(x, -1):
		h.infinite = append(h.infinite, name+" is -infinity")
		return nil
	case x == 0:
		return 0.0 // never -0
	}
	return x
}

// tell is the status and the reason of an answer with holes, "" of one without.
func (h *holes) tell(reason string) (status, why string) {
	infinite := strings.Join(h.infinite, ", ")
	switch {
	case len(h.undefined) == 0 && infinite == "":
		return "", ""
	case len(h.undefined) == 0:
		return "infinite: " + infinite, reason
	}
	if reason == "" {
		reason = "the input does not determine " + strings.Join(h.undefined, ", ")
	}
	if infinite != "" {
		reason += "; " + infinite
	}
	return "undefined", reason
}
