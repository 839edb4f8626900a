package experiment

import (
	"errors"
	"strings"
	"testing"
)

// request is what the expressions below are asked about.
func request() *Input {
	headers := map[string]string{"x-user-group": "beta-testers", "x-big": strings.Repeat("a", maxValue+1), "accept-language": "de-AT,de;q=0.9"}
	return &Input{
		Unit:   Unit{Kind: "user", ID: "ada"},
		Key:    "web",
		Groups: []string{"staff", "berlin"},
		Header: func(name string) string { return headers[strings.ToLower(name)] },
	}
}

func TestExpressions(t *testing.T) {
	for source, want := range map[string]bool{
		`true`:  true,
		`false`: false,
		`header["x-user-group"] == "beta-testers"`:                   true,
		`header["X-User-Group"] == "beta-testers"`:                   true,
		`header["x-user-group"] == "alpha"`:                          false,
		`header["absent"] == ""`:                                     true,
		`header["absent"] != "" || user == "ada"`:                    true,
		`header["accept-language"].startsWith("de")`:                 true,
		`header["x-user-group"].matches("^beta-[a-z]+$")`:            true,
		`header["x-" + "user-group"] in ["beta-testers", "friends"]`: true,
		`matches(user, "^a.a$")`:                                     true,
		`header["x-app"].matches("^(web|ios|android)-[0-9]+[.][0-9]+$") || header["x-app"].matches("^(mac|linux)-[0-9]+[.][0-9]+$")`: false,
		`size(header["x-user-group"]) == 12`:                   true,
		`user == "ada" && unit == user && unit_kind == "user"`: true,
		`key == "web" && route == "chat"`:                      true,
		`group("staff")`:                                       true,
		`group("Staff")`:                                       false,
		`group(header["x-user-group"])`:                        false,
		`"berlin" in groups && size(groups) == 2`:              true,
		`groups.exists(g, g.startsWith("ber"))`:                true,
		`groups.all(g, g.startsWith("ber"))`:                   false,
		"user ==\n  'ada'":                                     true,
	} {
		got, err := compile(t, source).Eval("chat", request())
		if err != nil || got != want {
			t.Errorf("%s = %t, %v; want %t", source, got, err, want)
		}
	}
}

func TestExpressionsOnAnEmptyRequest(t *testing.T) {
	for source, want := range map[string]bool{
		`header["x"] == "" && user == "" && unit == "" && unit_kind == "" && key == ""`: true,
		`group("staff") || size(groups) > 0`:                                            false,
	} {
		if got, err := compile(t, source).Eval("chat", &Input{}); err != nil || got != want {
			t.Errorf("%s = %t, %v; want %t", source, got, err, want)
		}
	}
	session := &Input{Unit: Unit{Kind: "session", ID: "s1"}}
	if got, err := compile(t, `user == "" && unit == "s1" && unit_kind == "session"`).Eval("chat", session); !got || err != nil {
		t.Errorf("a session's unit is not its user: %t, %v", got, err)
	}
}

func TestNilExpressionIsTrue(t *testing.T) {
	var x *Expr
	if got, err := x.Eval("chat", &Input{}); !got || err != nil || x.String() != "true" {
		t.Errorf("%t, %v, %q", got, err, x.String())
	}
}

func TestCompileErrorsSayWhereAndWhat(t *testing.T) {
	for _, c := range []struct {
		source       string
		line, column int
		message      string
		hint         string
	}{
		{`usr == "ada"`, 1, 1, `no variable or function is named "usr"`, `Did you mean "user"?`},
		{"user == \"ada\" &&\n  grups == []", 2, 3, `no variable or function is named "grups"`, `Did you mean "groups"?`},
		{`grop("staff")`, 1, 5, `no variable or function is named "grop"`, `Did you mean "group"?`},
		{`headers["x"] == "a"`, 1, 1, `no variable or function is named "headers"`, `Did you mean "header"?`},
		{`country == "AT"`, 1, 1, `no variable or function is named "country"`, `An expression can read header, user, unit, unit_kind, key, groups, route and group("...")`},
		{`user.startwith("a")`, 1, 15, `named "startwith"`, `Did you mean "startsWith"?`},
		{`user ==`, 1, 8, "the expression ends too early", ""},
		{``, 1, 1, "the expression ends too early", ""},
		{`user = "ada"`, 1, 6, "token recognition error", "Compare with =="},
		{`user == "ada" & key == "web"`, 1, 15, "token recognition error", "join with && and ||"},
		{`user == "ada" and key == "web"`, 1, 15, "'and' does not fit here", "join with &&"},
		{`user`, 1, 1, "the expression is a string, not true or false", `Compare it with something, as in user == "ada"`},
		{`header`, 1, 1, "the expression is a header", ""},
		{`dyn(user)`, 1, 1, "the expression is a dyn", ""},
		{`user == 1`, 1, 6, "'_==_' applied to '(string, int)'", ""},
		{`group(1)`, 1, 7, `group wants a name in quotes, as in group("staff")`, ""},
		{`group(groups)`, 1, 6, "'in' applied to", ""},
		{`header[1] == ""`, 1, 7, "applied to '(header, int)'", ""},
		{`header.user == ""`, 1, 7, "does not support field selection", ""},
		{`header.exists(h, h == "a")`, 1, 1, "cannot be range", ""},
		{`"x" in header`, 1, 5, "applied to '(string, header)'", ""},
		{`user.matches("[")`, 1, 14, "invalid matches argument", ""},
		{`user.matches(header["x-pattern"])`, 1, 20, "the pattern of matches must be written out", ""},
		{`matches(user, unit)`, 1, 15, "the pattern of matches must be written out", ""},
		{`user.matches(".{1000}")`, 1, 14, "regex", ""}, // seven characters, and a thousand states for each byte
	} {
		_, err := Compile(c.source)
		var e *ExprError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", c.source, err)
			continue
		}
		if e.Line != c.line || e.Column != c.column || !strings.Contains(e.Message, c.message) || !strings.Contains(e.Hint, c.hint) || e.Source != c.source {
			t.Errorf("%s\n got %d:%d %q, %q\nwant %d:%d %q, %q", c.source, e.Line, e.Column, e.Message, e.Hint, c.line, c.column, c.message, c.hint)
		}
	}
}

func TestCompileRefusesWhatCouldTakeLong(t *testing.T) {
	deep := strings.Repeat("(", 300) + "true" + strings.Repeat(")", 300)
	for name, source := range map[string]string{
		"a loop in a loop":         `groups.exists(g, groups.exists(h, g + h == user))`,
		"loops over what is big":   `groups.exists(g, header["x"].contains(g)) && groups.exists(g, header["y"].contains(g))`,
		"a doubling text":          `(user+user+user+user+user+user+user+user).contains(unit+unit+unit+unit+unit+unit+unit+unit)`,
		"size that is unknown":     `groups.map(g, g + user).exists(x, groups.map(g, g + x).exists(y, y == x))`,
		"a pattern of many states": `header["x"].matches(".*a.{100}b")`,
		"that, as a function":      `matches(header["x"], ".*a.{100}b")`,
		"nesting":                  deep,
		"length":                   `user == "` + strings.Repeat("a", maxSource) + `"`,
	} {
		if x, err := Compile(source); err == nil {
			t.Errorf("%s: %.60s was accepted: %v", name, source, x != nil)
		} else if e := (*ExprError)(nil); !errors.As(err, &e) {
			t.Errorf("%s: %v is no ExprError", name, err)
		}
	}
}

func TestEvalHoldsTheSizesThatCostWasReckonedWith(t *testing.T) {
	big := strings.Repeat("a", maxValue+1)
	many := make([]string, maxGroups+1)
	for source, in := range map[string]*Input{
		`header["x-big"] != ""`: request(),
		`user != ""`:            user(big),
		`unit != ""`:            user(big),
		`key != ""`:             {Key: big},
		`group("staff")`:        {Groups: many},
		`size(groups) == 1`:     {Groups: []string{strings.Repeat("g", maxGroup+1)}},
	} {
		if got, err := compile(t, source).Eval("chat", in); got || err == nil || !strings.Contains(err.Error(), "bytes") && !strings.Contains(err.Error(), "groups") {
			t.Errorf("%s on something too large = %t, %v", source, got, err)
		}
	}
	if got, err := compile(t, `user == "" || true`).Eval("chat", user(big)); !got || err != nil {
		t.Errorf("what does not matter made a difference: %t, %v", got, err)
	}
}

func TestEvalErrorsAreFalse(t *testing.T) {
	for _, source := range []string{`int(user) > 3`, `dyn(user) > 3`, `groups[7] == "staff"`, `1 / size(user) == 1 / 0`, `timestamp(user) > timestamp("2026-01-01T00:00:00Z")`} {
		if got, err := compile(t, source).Eval("chat", request()); got || err == nil {
			t.Errorf("%s = %t, %v; want an error and false", source, got, err)
		}
	}
	panics := request()
	panics.Header = func(string) string { panic("a defect of the caller's") }
	if got, err := compile(t, `header["x"] == ""`).Eval("chat", panics); got || err == nil {
		t.Errorf("a panic under an expression gave %t, %v", got, err)
	}
}
