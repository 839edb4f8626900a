#!/usr/bin/env bash
# How often reports are right, with more replicates than a test can afford: false
# alarms, power, coverage and peeking on made-up users; 500 data sets through the
# whole path, from requests to report; real answers dealt at random; and how long a
# report of a million units takes. The seeds are fixed: figures repeat.
#   REPLICATES=10000 SETS=500 scripts/proof/experiments.sh
set -euo pipefail
source "$(dirname "$0")/../lab.sh"
replicates=${REPLICATES:-10000}
sets=${SETS:-500}
cd "$root"

result=passed
run() { # NAME ARGS...: a test, its output in $lab/NAME.log
	if ! go test -count=1 -timeout 12h -v "${@:2}" >"$lab/$1.log" 2>&1; then
		result=failed
		grep -vE '^(=== |--- PASS|PASS|ok)' "$lab/$1.log" >&2 || true
	fi
}
told() { # NAME: what a test told, a line each
	sed -nE 's/^ +[a-z0-9_]+_test\.go:[0-9]+: (.*)/- \1/p' "$lab/$1.log"
}
REPLICATES=$replicates PROOF_OUT=$lab/rates.md run rates -tags proof -run '^TestRates$' ./internal/simulate
WHOLE_PATH_SETS=$sets run path -run '^TestReportsThroughTheWholePath' ./internal/record
run real -run '^(TestTheStrongerModelIsFound|TestHalvesOfOneModelAreRarelyToldApart|TestSmallRealDataSaysSo)$' ./internal/record
run million -run '^$' -bench MillionUnits -cpu 1 ./internal/simulate

mkdir -p "$root/docs/proof"
out=$root/docs/proof/$(date -u +%F)-experiments.md
{
	echo "# How often reports are right: $result"
	echo
	settings_of "REPLICATES=$replicates SETS=$sets scripts/proof/experiments.sh"
	echo
	echo "## Made-up users"
	echo
	cat "$lab/rates.md" 2>/dev/null || echo "not measured"
	echo
	echo "Counts of requests are Pareto of shape 2 and mean 11 where nothing else is said, at most a thousand times their mean; requests of a user correlate by 0.3."
	echo "Peeking is a look at every request after 50 units of each variant (no burn-in: after two). Errors are beta-binomial, times lognormal, costs Pareto of shape 3."
	echo
	echo "## Through the whole path"
	echo
	echo "Requests are dealt by the hash, become events, and go through the journal, the writer and the store into a report. Asked: sums and report are the same as"
	echo "those computed from the requests directly, to the last digit."
	echo
	told path
	echo
	echo "## Real answers"
	echo
	told real
	echo
	echo "## A million units, twenty metrics, one core"
	echo
	awk '/^BenchmarkMillionUnits.*ns.op/ {printf "- %s: %.0f ms\n", $1, $3 / 1e6}' "$lab/million.log" | sed 's/BenchmarkMillionUnits.//; s/_/ /g'
} >"$out"
cat "$out"
[[ $result == passed ]]
