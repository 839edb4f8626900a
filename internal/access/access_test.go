package access

import (
	"strings"
	"testing"
)

func TestScopesByName(t *testing.T) {
	var all Scope
	for _, name := range []string{"call", "force", "feedback", "read", "operate", "admin"} {
		s, err := ParseScope(name)
		if err != nil || s.String() != name {
			t.Errorf("%s is %s, %v", name, s, err)
		}
		if all&s != 0 {
			t.Errorf("%s shares a bit with another scope", name)
		}
		all |= s
	}
	if all != All || All.String() != "call,force,feedback,read,operate,admin" || Scope(0).String() != "" {
		t.Errorf("all scopes are %s", All)
	}
	for _, name := range []string{"", "Call", "root", "call,read", "*"} {
		if s, err := ParseScope(name); err == nil || s != 0 || !strings.Contains(err.Error(), "call, force") {
			t.Errorf("%q is %s, %v", name, s, err)
		}
	}
}

func TestNoScopeImpliesAnother(t *testing.T) {
	for i := range scopeNames {
		p := &Principal{Scopes: 1 << i}
		for j := range scopeNames {
			if p.Can(1<<j) != (i == j) {
				t.Errorf("with %s, %s is %t", scopeNames[i], scopeNames[j], p.Can(1<<j))
			}
		}
	}
	both := &Principal{Scopes: Call | Read}
	if !both.Can(Call|Read) || both.Can(Call|Admin) || both.Can(All) {
		t.Error("Can does not ask for every scope")
	}
}

func TestMayUse(t *testing.T) {
	for _, c := range []struct {
		routes, route string
		want          bool
	}{
		{"", "anything", true},
		{"chat", "chat", true}, {"chat", "chats", false}, {"chat", "cha", false}, {"chat", "Chat", false}, {"chat", "", false},
		{"chat search", "search", true}, {"chat search", "code", false},
		{"chat-*", "chat-de", true}, {"chat-*", "chat-", true}, {"chat-*", "chat", false}, {"chat-*", "xchat-de", false},
		{"openai/*", "openai/gpt-5", true}, {"openai/*", "anthropic/x", false},
		{"*", "anything", true}, {"chat-*", "chat-*", true},
	} {
		p := &Principal{Routes: strings.Fields(c.routes)}
		if got := p.MayUse(c.route); got != c.want {
			t.Errorf("with routes %q, MayUse(%q) = %t", c.routes, c.route, got)
		}
	}
}

func TestAnonymousMayDoEverything(t *testing.T) {
	p := Anonymous()
	if !p.Can(All) || !p.MayUse("anything") || p.Name == "" || p.Project != DefaultProject || !p.Expires.IsZero() {
		t.Errorf("%+v", p)
	}
}

func TestAStrangerMayOnlyAsk(t *testing.T) {
	p := Stranger()
	if !p.Can(Call) || !p.Can(Feedback) || p.Can(Force) || p.Can(Read) || p.Can(Operate) || p.Can(Admin) {
		t.Errorf("%+v", p)
	}
}

func TestFromHeaders(t *testing.T) {
	for _, c := range []struct{ authorization, key, token, code string }{
		{"", "", "", ""},
		{"Bearer t1", "", "t1", ""},
		{"bearer t1", "", "t1", ""},
		{"BEARER   t1  ", "", "t1", ""},
		{"", "t1", "t1", ""},
		{"", " t1 ", "t1", ""},
		{"Bearer t1", "t1", "t1", ""},
		{"Bearer", "", "", ""}, // a client whose key was left empty
		{"Bearer ", "", "", ""},
		{"Bearer ", "t1", "t1", ""},
		{"Bearer t1", "t2", "", "unauthorized conflicting_api_keys"},
		{"Bearer t1", "T1", "", "unauthorized conflicting_api_keys"},
		{"Bearer t1", "t1x", "", "unauthorized conflicting_api_keys"},
		{"Basic dXNlcjpwYXNz", "", "", "unauthorized invalid_authorization"},
		{"Basic dXNlcjpwYXNz", "t1", "", "unauthorized invalid_authorization"},
		{"t1", "", "", "unauthorized invalid_authorization"},
		{"Bearert1", "", "", "unauthorized invalid_authorization"},
		{"Bearer t1 t2", "", "t1 t2", ""}, // unknown, when it is looked up
	} {
		token, err := FromHeaders(c.authorization, c.key)
		got := ""
		if err != nil {
			got = code(err)
			if strings.Contains(err.Error(), "t1") || strings.Contains(err.Error(), "dXNlcjpwYXNz") {
				t.Errorf("%q, %q: the error repeats a secret: %v", c.authorization, c.key, err)
			}
		}
		if token != c.token || got != c.code {
			t.Errorf("%q, %q: %q, %q; want %q, %q", c.authorization, c.key, token, got, c.token, c.code)
		}
	}
}
