package telemetry

import "fmt"

// alias shows a family under a second name. There is one sum and two readings of
// it, so the two cannot come to differ by more than what arrives between them.
type alias struct {
	def definition
	of  source
}

// Alias declares a second name for a family.
func (r *Registry) Alias(name string, of source) {
	def := of.definition()
	def.name = name
	def.check()
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.families[name]; ok {
		panic(fmt.Sprintf("telemetry: family %q is declared twice", name))
	}
	r.families[name] = &alias{def: def, of: of}
}

func (a *alias) definition() definition { return a.def }

func (a *alias) read() Family {
	f := a.of.read()
	f.Name = a.def.name
	return f
}
