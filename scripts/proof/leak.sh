#!/usr/bin/env bash
# Ten minutes of mixed load: whole answers, streams, long prompts, clients that
# leave at any moment, unknown keys and routes. Afterwards goroutines, descriptors
# and memory must be back where they were after a short warm-up of the same load.
#   DURATION=600 WARM=60 SETTLE=180 scripts/proof/leak.sh
set -euo pipefail
source "$(dirname "$0")/../lab.sh"
duration=${DURATION:-600}
warm=${WARM:-60}      # fills pools, the ring of events and the connections
# Longer than idle connections are kept, and than the two minutes after which the
# runtime collects by itself: before that, resident memory is mostly garbage.
settle=${SETTLE:-180}
all=0-$(($(nproc) - 1))
lab_build
up mockllm "$all" 9000 "$lab/mockllm" -ttft 5ms -itl 2ms
up weir "$all" 9120 "$lab/weir" serve -c "$root/bench/weir.yaml"
weir=$pid

key="Authorization: Bearer weir_bench_0000000000000000000000000000000000000000000"
load() { # NAME SECONDS ARGS...: one kind of load, its result in NAME.json
	"$lab/loadgen" -url http://127.0.0.1:9120 -warmup 0s -d "${2}s" -grace 10s "${@:3}" >"$lab/$1.json" 2>/dev/null
}
mix() { # SECONDS
	local loads=()
	load whole "$1" -H "$key" -model bench -rate 150 & loads+=($!)
	load long "$1" -H "$key" -model bench -rate 10 -size 65536 & loads+=($!)
	load streams "$1" -H "$key" -model bench -rate 20 -stream -events 53 -tokens 50 & loads+=($!)
	load left-streams "$1" -H "$key" -model bench -rate 20 -stream -cancel 1 & loads+=($!)
	load left "$1" -H "$key" -model bench -rate 20 -cancel 1 & loads+=($!)
	load unknown-key "$1" -H "Authorization: Bearer weir_nobody" -model bench -rate 5 & loads+=($!)
	load unknown-route "$1" -H "$key" -model nosuch -rate 5 & loads+=($!)
	for l in "${loads[@]}"; do wait "$l"; done
}

metric() { curl -sS http://127.0.0.1:9122/metrics | awk -v name="$1" '$1 == name {printf "%d\n", $2}'; }
sample() { # WHEN: one row of figures, into $row and the table
	local goroutines descriptors rss
	goroutines=$(metric go_goroutines)
	descriptors=$(find "/proc/$weir/fd" -mindepth 1 -maxdepth 1 | wc -l)
	rss=$(awk '/^VmRSS:/ {print $2}' "/proc/$weir/status")
	row=("${goroutines:?no go_goroutines in /metrics}" "$descriptors" "$rss")
	printf '| %s | %d | %d | %.1f |\n' "$1" "${row[0]}" "${row[1]}" "$((rss * 10 / 1024))e-1" | tee -a "$lab/table"
}

sample "at start"
mix "$warm"
sleep "$settle"
sample "base: after $warm s of load and $settle s of rest"
base=("${row[@]}")
mix "$duration" &
mixing=$!
begun=$SECONDS
for i in 1 2 3 4; do
	sleep $((begun + duration * i / 5 - SECONDS))
	sample "under load, $((SECONDS - begun)) s"
done
wait "$mixing"
sleep "$settle"
sample "end: after $duration s of load and $settle s of rest"
end=("${row[@]}")

result=passed
fail() {
	echo "$*" >&2
	result=failed
}
# A scrape's own connection and the runtime's workers come and go; a leak of one
# in a thousand requests would be a hundred.
((end[0] <= base[0] + 8)) || fail "goroutines: ${end[0]}, base ${base[0]}"
((end[1] <= base[1] + 8)) || fail "descriptors: ${end[1]}, base ${base[1]}"
# The collector gives memory back late. In ten minutes of this load 16 MB is what
# 120 bytes kept of each request would come to.
((end[2] <= base[2] + 16 * 1024)) || fail "resident memory: ${end[2]} kB, base ${base[2]} kB"
for name in whole long streams left-streams left; do
	[[ $(jq '.errors + (.unsent // 0)' "$lab/$name.json") == 0 ]] || fail "$name: $(jq -c '{errors, error_kinds, unsent}' "$lab/$name.json")"
done
[[ $(jq -c '.error_kinds | keys' "$lab/unknown-key.json") == '["http 401"]' ]] || fail "unknown-key: $(jq -c .error_kinds "$lab/unknown-key.json")"
[[ $(jq -c '.error_kinds | keys' "$lab/unknown-route.json") == '["http 404"]' ]] || fail "unknown-route: $(jq -c .error_kinds "$lab/unknown-route.json")"

mkdir -p "$root/docs/proof"
out=$root/docs/proof/$(date -u +%F)-leak.md
{
	echo "# $duration seconds under mixed load: $result"
	echo
	settings_of "DURATION=$duration WARM=$warm SETTLE=$settle scripts/proof/leak.sh"
	echo
	echo "| when | goroutines | descriptors | resident MB |"
	echo "|---|--:|--:|--:|"
	cat "$lab/table"
	echo
	echo "Asked: at the end at most 8 goroutines, 8 descriptors and 16 MB more than at the base."
	echo
	echo "| load | answered whole | client left | errors |"
	echo "|---|--:|--:|---|"
	for name in whole long streams left-streams left unknown-key unknown-route; do
		jq -r --arg name "$name" '"| \($name) | \(.requests) | \(.cancelled // 0) | \(.error_kinds // {} | to_entries | map("\(.key): \(.value)") | join(", ")) |"' "$lab/$name.json"
	done
} >"$out"
cat "$out"
[[ $result == passed ]]
