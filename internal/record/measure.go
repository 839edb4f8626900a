package record

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/metric"
)

// measures is what is kept of an experiment's events, in two lists by name: the
// order in which values are kept.
type measures struct {
	sums, distributions []metric.Measure
}

// newMeasures splits a declaration into sums and distributions.
func newMeasures(all []metric.Measure) (*measures, error) {
	m := &measures{}
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b metric.Measure) int { return strings.Compare(a.Name, b.Name) })
	for i, one := range all {
		switch {
		case one.Name == "" || one.Of == nil:
			return nil, fmt.Errorf("measure %q: it needs a name and a function", one.Name)
		case strings.Contains(one.Name, ":"):
			return nil, fmt.Errorf("measure %q: its name holds a colon, which is for what is computed from scores", one.Name)
		case i > 0 && one.Name == all[i-1].Name:
			return nil, fmt.Errorf("measure %q is declared twice", one.Name)
		case one.Distribution:
			m.distributions = append(m.distributions, one)
		default:
			m.sums = append(m.sums, one)
		}
	}
	return m, nil
}

// mostEpochs bounds how many experiments' declarations are remembered.
const mostEpochs = 1000

// of gives what is kept of an experiment: the measures of all, and those that it
// declares. What an epoch declares is asked once and stays: a batch that is
// prepared twice is the same, and asking may take its time. An experiment that
// is not known (nil) is asked about again.
func (p *preparer) of(k epochKey) *measures {
	if p.measuresOf == nil {
		return p.measures
	}
	if m := p.declared[k]; m != nil {
		return m
	}
	more := p.measuresOf(k.experiment, k.epoch)
	if more == nil {
		return p.measures
	}
	m, err := newMeasures(union(p.all, more))
	if err != nil {
		p.log.Error("the measures that an experiment declares are not kept", "experiment", k.experiment, "epoch", k.epoch, "error", err)
		m = p.measures
	}
	if len(p.declared) >= mostEpochs {
		clear(p.declared)
	}
	p.declared[k] = m
	return m
}

// union is all, and what of more is not among them.
func union(all, more []metric.Measure) []metric.Measure {
	all = slices.Clone(all)
	for _, one := range more {
		if !slices.ContainsFunc(all, func(have metric.Measure) bool { return have.Name == one.Name }) {
			all = append(all, one)
		}
	}
	return all
}
