package meter

import (
	"slices"
	"strings"
	"testing"
)

func TestParseTags(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		" , ":                     "",
		"b=2, a=1":                "a=1,b=2",
		"team=search,user=a@b.de": "team=search,user=a@b.de",
		"path=/v1/x:y+z":          "path=/v1/x:y+z",
	} {
		got, err := ParseTags(text)
		if err != nil || strings.Join(got, ",") != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"a":                                     "is no value",
		"a=":                                    "is no value",
		"=1":                                    "is no name",
		"a=1,a=2":                               "given twice",
		"a b=1":                                 "is no name",
		"a=é":                                   "is no value",
		"a=x=y":                                 "is no value",
		"a=\x1b[2J":                             "is no value",
		"a=" + strings.Repeat("x", 65):          "longer than 64",
		strings.Repeat("x", 33) + "=1":          "longer than 32",
		"a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1":   "more than 8",
		"a=" + strings.Repeat("é", 1000) + ",b": "is no value",
	} {
		if got, err := ParseTags(text); err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 200 {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestTagsOfAKeyWin(t *testing.T) {
	own := []string{"env=prod", "team=search"}
	if got := JoinTags(own, []string{"job=7", "team=ads"}); !slices.Equal(got, []string{"env=prod", "job=7", "team=search"}) {
		t.Errorf("%q", got)
	}
	if !slices.Equal(own, []string{"env=prod", "team=search"}) {
		t.Error("the key's own tags were changed")
	}
	many := []string{"a=1", "b=1", "c=1", "d=1", "e=1", "f=1", "g=1"}
	if got := JoinTags(own, many); len(got) != MaxTags || !slices.Contains(got, "team=search") {
		t.Errorf("%q", got)
	}
	if got := JoinTags(nil, many); !slices.Equal(got, many) {
		t.Errorf("%q", got)
	}
}
