package main

import (
	"strings"
	"testing"
)

func TestWriteYAML(t *testing.T) {
	type inner struct {
		B string `json:"b"`
		A []int  `json:"a"`
	}
	v := struct {
		Name  string           `json:"name"`
		Text  string           `json:"text"`
		Yes   string           `json:"yes"`
		Num   float64          `json:"num"`
		Big   int64            `json:"big"`
		None  *int             `json:"none"`
		Flag  bool             `json:"flag"`
		List  []inner          `json:"list"`
		Deep  [][]string       `json:"deep"`
		Empty []int            `json:"empty"`
		Obj   map[string]inner `json:"obj"`
		Bare  struct{}         `json:"bare"`
	}{"support", "a: b\n\x1b[2J\u009b\u202e", "no", 0.5, 9007199254740993, nil, true, []inner{{"x", []int{1, 2}}, {"12", nil}}, [][]string{{"p", "q"}}, []int{}, map[string]inner{"k v": {"", nil}}, struct{}{}}
	var out strings.Builder
	if err := (&app{out: &out}).writeYAML(v); err != nil {
		t.Fatal(err)
	}
	want := `name: support
text: "a: b\n\u001b[2J\u009b\u202e"
"yes": "no"
num: 0.5
big: 9007199254740993
none: null
flag: true
list:
  - b: x
    a:
      - 1
      - 2
  - b: "12"
    a: null
deep:
  -
    - p
    - q
empty: []
obj:
  "k v":
    b: ""
    a: null
bare: {}
`
	if out.String() != want {
		t.Errorf("%s\nwant\n%s", out.String(), want)
	}
	for _, c := range []struct {
		v    any
		want string
	}{{[]string{"a"}, "- a\n"}, {[]string{}, "[]\n"}, {struct{}{}, "{}\n"}, {"x", "x\n"}} {
		out.Reset()
		if err := (&app{out: &out}).writeYAML(c.v); err != nil || out.String() != c.want {
			t.Errorf("%v: %q, %v", c.v, out.String(), err)
		}
	}
}
