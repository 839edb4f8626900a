#!/usr/bin/env bash
# What keeping a record costs a request: CPU per request of one Weir that keeps
# nothing, one whose store is away, so that it writes the journal and nothing else,
# and one that keeps everything; and what each adds to latency at a fixed rate.
#   ROUNDS=5 SECONDS_EACH=3 scripts/proof/recording.sh
#
# There is no switch to keep nothing. A Weir that is started from the environment
# goes on without a folder when there is none it can write to, so all three are
# started like that, with the same definitions, in three folders: one that nobody
# can write to, one whose database cannot be opened, and an empty one. What is
# compared runs on CPU 1, the mock upstream and the generator on CPU 0.
set -euo pipefail
source "$(dirname "$0")/../lab.sh"
"$root/scripts/need.sh" jq=jq taskset=util-linux
rounds=${ROUNDS:-5}
seconds=${SECONDS_EACH:-3}
if (($(nproc) < 2)); then
	echo "two CPUs are needed: one for what is compared, one for the load" >&2
	exit 1
fi
lab_build
rt=("${realtime[@]}")
export MODEL_A_ENDPOINT=http://127.0.0.1:9000/v1 MODEL_B_ENDPOINT=http://127.0.0.1:9000/v1 MODEL_A_WEIGHT=50 MODEL_B_WEIGHT=50
declare -A url pids_of
targets=(direct floor unkept journal kept)
start() { # NAME CPUS PORT FOLDER COMMAND...
	cd "$4"
	up "$1" "$2" "$3" "${@:5}"
	cd "$root"
	url[$1]=http://127.0.0.1:$3
	pids_of[$1]=$pid
}
serve() { start "$1" 1 "$2" "$3" "$lab/weir" serve --data "127.0.0.1:$2" --admin "127.0.0.1:$(($2 + 1))" --telemetry "127.0.0.1:$(($2 + 2))"; }
# A folder in the database's place: it cannot be opened.
mkdir -p "$lab/journal/weir-data/weir.db" "$lab/kept"
head -c 32 /dev/urandom >"$lab/journal/weir-data/unit.key"
start direct 0 9000 "$lab" "$lab/mockllm" -ttft 5ms
start floor 1 9101 "$lab" "$lab/floor"
serve unkept 9120 /proc
serve journal 9130 "$lab/journal"
serve kept 9140 "$lab/kept"
grep -q 'nothing is kept' "$lab/unkept.log" || { echo "the Weir that should keep nothing found a folder:" >&2; cat "$lab/unkept.log" >&2; exit 1; }

# model is the name of the one route that the environment makes.
model=$(curl -sS http://127.0.0.1:9120/v1/models | jq -r '.data[0].id')
cpu() { awk '{print ($14 + $15) * 10000}' "/proc/$1/stat"; } # µs, by the kernel's ticks of 10 ms
lag() { curl -sS "http://127.0.0.1:9141/api/v1/store" | jq -r '.journal.lag_records'; }
settle() { # waits until the store of kept has everything: what it still does must burden no other
	local deadline=$((SECONDS + 300))
	while (($(lag) > 0)) && ((SECONDS < deadline)); do sleep 0.2; done
}
measure() { # TARGET RATE ROUND: one run as a line of JSON; rate 0 is the closed loop
	local before requests after conns=32
	(($2 == 0)) || conns=512
	before=$(cpu "${pids_of[$1]}")
	taskset -c 0 "${rt[@]}" "$lab/loadgen" -url "${url[$1]}" -model "$model" -rate "$2" -c "$conns" -warmup 1s -d "${seconds}s" -pid "${pids_of[$1]}" \
		>"$lab/run.json" 2>/dev/null
	[[ $1 != kept ]] || settle
	after=$(cpu "${pids_of[$1]}")
	# Of all the run, lead-in and catching up included; the lead-in has the same rate.
	jq -c --arg target "$1" --argjson round "$3" --argjson all "$((${after%.*} - ${before%.*}))" --argjson seconds "$seconds" \
		'{target: $target, round: $round, rate: .target_rps, rps, errors: (.errors + (.unsent // 0)), cpu: .cpu_us_per_req, whole: ($all / (.requests * (1 + $seconds) / $seconds)), p50: .latency.p50_us, p99: .latency.p99_us}' \
		"$lab/run.json" >>"$lab/runs.jsonl"
}
for round in $(seq "$rounds"); do
	for rate in 0 500 1000 2000; do
		for target in "${targets[@]}"; do measure "$target" "$rate" "$round"; done
	done
done

# Each of the three must be what its name says.
journalled() { curl -sS "http://127.0.0.1:$1/metrics" | awk '$1 == "weir_journal_records_total{kind=\"event\"}" {n = $2} END {printf "%d", n}'; }
if (($(journalled 9122) > 0 || $(journalled 9132) == 0 || $(journalled 9142) == 0)); then
	echo "events in the journals of unkept, journal, kept: $(journalled 9122), $(journalled 9132), $(journalled 9142)" >&2
	exit 1
fi
if [[ $(curl -sS http://127.0.0.1:9131/api/v1/store | jq -r .state) != away ]]; then
	echo "the store of journal is not away" >&2
	exit 1
fi

# figures: medians, and ratios taken within a round.
jq -s --arg targets "${targets[*]}" '
	def median: sort | .[length / 2 | floor];
	def at($t; $r): map(select(.target == $t and .rate == $r)) | sort_by(.round);
	def over($a; $b; f): [range($a | length) as $i | ($a[$i] | f) / ($b[$i] | f)];
	. as $runs |
	{
		errors: (map(.errors) | add),
		targets: ($targets / " " | map(. as $t | {name: $t, cpu: [$runs | at($t; 0)[].cpu], whole: [$runs | at($t; 0)[].whole], rps: [$runs | at($t; 0)[].rps],
			p50: ([500, 1000, 2000] | map(. as $r | [$runs | at($t; $r)[].p50])),
			slow: ([500, 1000, 2000] | map(. as $r | [$runs | at($t; $r)[].cpu]))})),
		# the journal over nothing, in parts of the floor
		journal: ([range($runs | at("floor"; 0) | length) as $i | (($runs | at("journal"; 0))[$i].cpu - ($runs | at("unkept"; 0))[$i].cpu) / ($runs | at("floor"; 0))[$i].cpu]),
		kept: ([range($runs | at("floor"; 0) | length) as $i | (($runs | at("kept"; 0))[$i].whole - ($runs | at("unkept"; 0))[$i].whole) / ($runs | at("floor"; 0))[$i].whole]),
		# at each rate: how far apart the store away and the store there are, and how far the floor is from itself
		apart: ([500, 1000, 2000] | map(. as $r | {rate: $r, away: ([$runs | at("journal"; $r)[].p50] | median), there: ([$runs | at("kept"; $r)[].p50] | median),
			spread: ([$runs | at("floor"; $r)[].p50] | max - min)}))
	}' "$lab/runs.jsonl" >"$lab/figures.json"
figure() { jq -r "def median: sort | .[length / 2 | floor]; def spread: \"\\(median * 100 | round / 100) (\\(min * 100 | round / 100)–\\(max * 100 | round / 100))\"; $1" "$lab/figures.json"; }

result=passed
expect() { # WHAT CONDITION
	if [[ $(figure "$2") != true ]]; then
		echo "not held: $1" >&2
		echo "- not held: $1" >>"$lab/missed"
		result=failed
	fi
}
expect "the journal costs at most a tenth of the floor" '(.journal | median) <= 0.1'
expect "with the store away, latency is within the floor's own spread" '[.apart[] | .away - .there <= .spread] | all'
expect "no errors" '.errors == 0'

mkdir -p "$root/docs/proof"
out=$root/docs/proof/$(date -u +%F)-recording.md
{
	echo "# What keeping a record costs a request: $result"
	echo
	settings_of "ROUNDS=$rounds SECONDS_EACH=$seconds scripts/proof/recording.sh"
	echo
	echo "Asked: the CPU that recording takes of a request is at most 0.1 of what the Go floor takes for all of it; with the store stopped,"
	echo "added latency stays within the spread of the floor from run to run."
	echo
	echo "\`unkept\` keeps the last requests in memory and nothing else; \`journal\` writes the journal while its store is away; \`kept\` also carries it into"
	echo "SQLite. Median of $rounds rounds (least–most). \"With the rest\" adds what \`kept\` does afterwards until its store has everything."
	echo
	echo "| 1 KB, closed loop, one CPU | CPU µs/request | with the rest, µs/request | requests/s |"
	echo "|---|--:|--:|--:|"
	figure '.targets[] | "| \(.name) | \(.cpu | spread) | \(.whole | spread) | \(.rps | median | round) |"'
	echo
	echo "| | of the floor |"
	echo "|---|--:|"
	figure '"| what the request waits for: journal less unkept | \(.journal | spread) |", "| all that keeping it takes, afterwards too: kept less unkept | \(.kept | spread) |"'
	echo
	echo "| p50 from the intended start, µs | 500/s | 1000/s | 2000/s |"
	echo "|---|--:|--:|--:|"
	figure '.targets[] | "| \(.name) | \(.p50 | map(spread) | join(" | ")) |"'
	figure '"| journal less kept; spread of the floor | \(.apart | map("\(.away - .there | round); \(.spread | round)") | join(" | ")) |"'
	echo
	cat "$lab/missed" 2>/dev/null || true
} >"$out"
cat "$out"
[[ $result == passed ]]
