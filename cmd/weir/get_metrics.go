package main

import (
	"context"
	"fmt"
)

// findMetrics lists the catalogue of metrics.
func findMetrics(ctx context.Context, g *getting) (*listing, error) {
	list, err := g.client.Metrics(ctx)
	if err != nil {
		return nil, err
	}
	l := &listing{columns: heads("METRIC", "BETTER", "UNIT", "KIND", "MEANING", "DOUBT"), narrow: 5}
	for i := range list {
		m := &list[i]
		better := m.Direction
		if better == "none" {
			better = "-"
		}
		l.things = append(l.things, thing{name: m.Name, value: m, rows: [][]string{{m.Name, better, m.Unit, m.Kind, m.Meaning, m.Doubt}}})
	}
	l.notes = []string{fmt.Sprintf("%d metrics; any other name is an outcome of your own, which comes as feedback", len(list))}
	return l, nil
}
