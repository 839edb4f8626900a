package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/weirhq/weir/bench/internal/load"
)

// tables prints one table for each scenario and rate.
func tables(w io.Writer, runs []run, floor string) {
	var names []string
	for _, r := range runs {
		if !slices.Contains(names, r.Target) {
			names = append(names, r.Target)
		}
	}
	for _, s := range scenarios {
		var steps []float64
		for _, r := range runs {
			if r.Scenario == s.name && !slices.Contains(steps, r.Result.Rate) {
				steps = append(steps, r.Result.Rate)
			}
		}
		for _, rate := range steps {
			if rate == 0 {
				closedTable(w, s, names, runs, floor)
			} else {
				openTable(w, s, rate, names, runs, floor)
			}
		}
	}
}

func closedTable(w io.Writer, s scenario, names []string, runs []run, floor string) {
	fmt.Fprintf(w, "\n**%s** (%s), closed loop, %d connections\n\n", s.name, s.about, s.conns)
	fmt.Fprintln(w, "| target | rps | vs direct | vs floor | CPU µs/req | vs floor | p50 µs | p99 µs | peak RSS MB | errors |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|---|")
	direct, base := pick(runs, s.name, names[0], 0), pick(runs, s.name, floor, 0)
	for _, name := range names {
		v := pick(runs, s.name, name, 0)
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s | %s | %.0f | %s |\n", name,
			of(v, rps).text(0), spreadOf(ratios(v, direct, rps)).times(), spreadOf(ratios(v, base, rps)).times(),
			of(v, cpu).text(1), spreadOf(ratios(v, base, cpu)).times(),
			of(v, p50).text(0), of(v, p99).text(0), of(v, rss).med, trouble(v))
	}
}

func openTable(w io.Writer, s scenario, rate float64, names []string, runs []run, floor string) {
	fmt.Fprintf(w, "\n**%s** (%s), open loop at %.0f/s; latency added to direct\n\n", s.name, s.about, rate)
	fmt.Fprintln(w, "| target | rps | added p50 µs | added p99 µs | added TTFT p50 µs | added first event p50 µs | CPU µs/req | vs floor | peak RSS MB | errors |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|---|")
	direct, base := pick(runs, s.name, names[0], rate), pick(runs, s.name, floor, rate)
	for i, name := range names {
		v := pick(runs, s.name, name, rate)
		added := func(f func(load.Result) float64) string {
			s, d := of(v, f), of(direct, f).med
			switch {
			case s.max == 0:
				return "-"
			case i == 0:
				return "= " + s.text(0)
			}
			return fmt.Sprintf("%+.0f (%+.0f–%+.0f)", s.med-d, s.min-d, s.max-d)
		}
		fmt.Fprintf(w, "| %s | %.0f | %s | %s | %s | %s | %s | %s | %.0f | %s |\n", name, of(v, rps).med,
			added(p50), added(p99), added(ttft), added(firstEvent), of(v, cpu).text(1), spreadOf(ratios(v, base, cpu)).times(), of(v, rss).med, trouble(v))
	}
}

func of(runs []run, f func(load.Result) float64) spread { return spreadOf(values(runs, f)) }

// trouble counts what went wrong, and says when the offered rate was not met.
func trouble(runs []run) string {
	var n int64
	note := ""
	for _, r := range runs {
		n += r.Result.Errors + r.Result.Unsent
		if r.Result.Saturated {
			note = " (saturated)"
		}
	}
	return fmt.Sprintf("%d%s", n, note)
}
