package experiment

import "testing"

var sink Assignment

func BenchmarkHash(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Hash("checkout/1", "user", "4b1c9c1e-7a53-4d0e-9a55-0e6e5f3b2a11")
	}
}

// BenchmarkAssign is the path of nearly every request: no override, no audience.
func BenchmarkAssign(b *testing.B) {
	r := pair(b)
	in := user("4b1c9c1e-7a53-4d0e-9a55-0e6e5f3b2a11")
	set := &Set{}
	b.ReportAllocs()
	for b.Loop() {
		sink = set.Assign(r, in)
	}
}

func BenchmarkAssignPinned(b *testing.B) {
	r := pair(b)
	in := user("4b1c9c1e-7a53-4d0e-9a55-0e6e5f3b2a11")
	in.Pin = &Pin{Experiment: "pair", Epoch: 1, Variant: "b"}
	set := &Set{}
	b.ReportAllocs()
	for b.Loop() {
		sink = set.Assign(r, in)
	}
}

func BenchmarkExpr(b *testing.B) {
	for _, source := range []string{`header["x-user-group"] == "beta-testers"`, `group("staff")`, `user.matches("^a+$")`, `groups.exists(g, g.startsWith("ber"))`} {
		b.Run(source, func(b *testing.B) {
			x, in := compile(b, source), request()
			in.Header = func(string) string { return "beta-testers" }
			b.ReportAllocs()
			for b.Loop() {
				x.Eval("chat", in)
			}
		})
	}
}

// BenchmarkCompile stands for reloading a definition.
func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		compile(b, `group("staff") || header["x-user-group"] == "beta-testers"`)
	}
}

func BenchmarkOpenPin(b *testing.B) {
	s := NewSigner(secretA)
	token := s.Pin(aPin, "conversation-1")
	b.ReportAllocs()
	for b.Loop() {
		s.OpenPin(token, "conversation-1")
	}
}
