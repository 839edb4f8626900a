package experiment

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// CheckChange says whether next may take the place of s while the experiments
// of s are running. Under the same name and epoch an experiment keeps its route,
// salt, kind of unit and variants; what answers under a variant's name keeps
// too, or two things would be measured as one. Of the shares, one boundary
// between two variants may move, and a two-ended share may. With three or more
// a new weight would move users between variants that were already compared.
// A stopped variant stays stopped. Raising the epoch makes a new salt, and with
// it everything may change; an epoch never falls.
//
// It knows s only: an experiment that was taken out and put back under its old
// epoch passes here.
func (s *Set) CheckChange(next *Set) error {
	was, is := s.experiments(), next.experiments()
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(was)) {
		a, b := was[name], is[name]
		if b != nil && b.Epoch < a.Epoch {
			errs = append(errs, fmt.Errorf("change experiment %q while it runs: its epoch would fall from %d to %d, "+
				"which brings an old draw back among users who saw another since; raise it to %d", name, a.Epoch, b.Epoch, a.Epoch+1))
			continue
		}
		if b == nil || a.Epoch != b.Epoch {
			continue
		}
		if why := a.frozen(b); why != "" {
			errs = append(errs, fmt.Errorf("change experiment %q while it runs: %s; to change it, raise its epoch to %d: "+
				"that makes a new salt, users are shared out anew and the comparison starts again", name, why, a.Epoch+1))
		}
	}
	return errors.Join(errs...)
}

// experiments are those in force, by name.
func (s *Set) experiments() map[string]*Experiment {
	m := make(map[string]*Experiment)
	if s == nil {
		return m
	}
	for _, r := range s.Routes {
		if r.Experiment != nil {
			m[r.Experiment.Name] = r.Experiment
		}
	}
	return m
}

// frozen says which change next makes that e, running, does not allow; "" when
// it makes none.
func (e *Experiment) frozen(next *Experiment) string {
	switch {
	case e.Route != next.Route:
		return fmt.Sprintf("its route would change from %q to %q", e.Route, next.Route)
	case e.Kind != next.Kind:
		return fmt.Sprintf("its unit would change from %s to %s", e.Kind, next.Kind)
	case e.Salt != next.Salt:
		return fmt.Sprintf("its salt would change from %q to %q", e.Salt, next.Salt)
	case e.variantNames() != next.variantNames():
		return fmt.Sprintf("its variants would change from %s to %s", e.variantNames(), next.variantNames())
	case e.TwoEnded != next.TwoEnded:
		return "a canary's share and the weights of an experiment place users differently"
	}
	for i := range e.Arms {
		a, b := &e.Arms[i], &next.Arms[i]
		switch {
		case !a.Variant.same(b.Variant):
			return fmt.Sprintf("what answers as %q would change", a.Variant.Name)
		case a.Stopped && !b.Stopped:
			return fmt.Sprintf("variant %q was stopped and has left the analysis", a.Variant.Name)
		case len(e.Arms) > 2 && !a.sameRange(b):
			return fmt.Sprintf("the weights of three or more variants are frozen, and that of %q would change from %s to %s",
				a.Variant.Name, number(a.Probability), number(b.Probability))
		}
	}
	return ""
}

func (e *Experiment) variantNames() string {
	s := make([]string, len(e.Arms))
	for i := range e.Arms {
		s[i] = e.Arms[i].Variant.Name
	}
	return strings.Join(s, ", ")
}

func (a *Arm) sameRange(b *Arm) bool {
	return a.Empty == b.Empty && a.From == b.From && a.To == b.To
}
