package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/metric"
)

// columns are the metrics of the file, as asked for or as its columns suggest.
func (z *analyzing) columns() (list []metric.Metric, err error) {
	for _, text := range z.metrics {
		m, err := z.metric(text)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(list, func(o metric.Metric) bool { return o.Name == m.Name }) {
			return nil, fmt.Errorf("--metric %s: it is given twice", shown(text))
		}
		list = append(list, m)
	}
	if list != nil {
		return list, nil
	}
	for _, name := range z.data.numeric() {
		list = append(list, suggested(name, z.data.binary(name)))
	}
	if list == nil {
		return nil, advise(fmt.Errorf("%s: no column is of numbers alone", shownFile(z.file)), "name one and mend what is no number in it: --metric NAME:mean:up")
	}
	return list, nil
}

// columnKinds are what may be read of a column, and the quantile of those that are one.
var columnKinds = map[string]struct {
	kind metric.Kind
	q    float64
}{
	"mean": {metric.Mean, 0}, "rate": {metric.Rate, 0}, "geometric": {metric.Geometric, 0}, "per_unit": {metric.PerUnit, 0},
	"p50": {metric.Quantile, 0.5}, "p95": {metric.Quantile, 0.95}, "p99": {metric.Quantile, 0.99},
}

var kindWords = []string{"mean", "rate", "geometric", "per_unit", "p50", "p95", "p99"}

// metric reads NAME:KIND:DIRECTION; the last two may be left out.
func (z *analyzing) metric(text string) (m metric.Metric, err error) {
	parts := strings.Split(text, ":")
	// A column's own name may hold colons: the last parts are those that fit.
	direction, kind := "", ""
	if n := len(parts); n > 1 && slices.Contains([]string{"up", "down", "none"}, parts[n-1]) {
		direction, parts = parts[n-1], parts[:n-1]
	}
	if n := len(parts); n > 1 && slices.Contains(kindWords, parts[n-1]) {
		kind, parts = parts[n-1], parts[:n-1]
	}
	name := strings.Join(parts, ":")
	if !slices.Contains(z.data.names, name) {
		if len(parts) > 1 && slices.Contains(z.data.names, parts[0]) {
			return m, fmt.Errorf("--metric %s: write NAME:KIND:DIRECTION, where KIND is %s, and DIRECTION up, down or none", shown(text), strings.Join(kindWords, ", "))
		}
		return m, fmt.Errorf("--metric %s: %s has no such column; %s", shown(name), shownFile(z.file), meantOf(name, z.data.names))
	}
	m = suggested(name, z.data.binary(name))
	if kind != "" {
		m.Kind, m.Quantile = columnKinds[kind].kind, columnKinds[kind].q
		if m.Kind == metric.Quantile {
			m.Name += "_" + kind
		}
		if m.Kind != metric.Rate && m.Unit == "share" {
			m.Unit = ""
		}
	}
	if direction != "" {
		m.Direction = metric.Direction(direction)
	}
	return m, nil
}

// hints are words in names of columns, and what they suggest.
var hints = []struct {
	words     []string
	direction metric.Direction
	unit      string
}{
	{[]string{"latency", "ttft", "tpot", "duration", "seconds"}, metric.Down, "seconds"},
	{[]string{"cost", "price", "dollars", "usd"}, metric.Down, "dollars"},
	{[]string{"error", "fail", "timeout", "refus", "downvote", "thumbs_down", "toxic", "halluc"}, metric.Down, ""},
	{[]string{"tokens"}, metric.Down, "tokens"},
	{[]string{"success", "correct", "score", "rating", "accuracy", "quality", "thumbs", "upvote", "satisf", "convers", "relevan", "reward", "accept"}, metric.Up, ""},
}

// suggested is a metric as its column's name and values suggest. Which way is
// better is said in the report beside the result.
func suggested(name string, binary bool) metric.Metric {
	m := metric.Metric{Name: name, Measure: name, Kind: metric.Mean, Direction: metric.None}
	word := strings.ToLower(name)
	for _, h := range hints {
		if slices.ContainsFunc(h.words, func(w string) bool { return strings.Contains(word, w) }) {
			m.Direction, m.Unit = h.direction, h.unit
			break
		}
	}
	if m.Unit == "seconds" && (strings.HasSuffix(word, "_ms") || strings.Contains(word, "milli")) {
		m.Unit = "ms"
	}
	if binary {
		m.Kind, m.Unit = metric.Rate, "share"
	}
	return m
}

// choose says which metric decides.
func (z *analyzing) choose(list []metric.Metric) (*analysis.Goal, []metric.Metric, error) {
	at := 0
	var names []string
	for _, m := range list {
		names = append(names, m.Name)
	}
	if z.primary != "" {
		if at = slices.Index(names, z.primary); at < 0 {
			return nil, nil, fmt.Errorf("--primary %s: it is none of the metrics; %s", shown(z.primary), meantOf(z.primary, names))
		}
	} else if z.metrics == nil {
		at = max(0, slices.IndexFunc(list, func(m metric.Metric) bool { return m.Direction != metric.None }))
	}
	if m := list[at]; m.Direction == metric.None {
		return nil, nil, advise(fmt.Errorf("the metric %s decides, and nothing says which way of it is better", shown(m.Name)),
			"say it: --metric %s:%s:up, or :down", plain(m.Measure), m.Kind)
	}
	return &analysis.Goal{Metric: list[at], Mode: analysis.Better}, slices.Delete(slices.Clone(list), at, at+1), nil
}

// nearestColumn adds the column that was probably meant.
func nearestColumn(name string, names []string) string {
	if near := fault.Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "columns are " + plain(strings.Join(names[:min(len(names), 20)], ", "))
}
