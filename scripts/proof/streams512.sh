#!/usr/bin/env bash
# 512 concurrent streams for a minute: no frame may be lost, doubled or out of
# place. The generator looks at every frame of every stream; the upstream counts
# what it was asked, and how many streams it had at once.
#   DURATION=60 scripts/proof/streams512.sh
set -euo pipefail
source "$(dirname "$0")/../lab.sh"
duration=${DURATION:-60}
all=0-$(($(nproc) - 1))
lab_build
# 50 chunks 20 ms apart: a stream lives a second, so all 512 are under way at once.
up mockllm "$all" 9000 "$lab/mockllm" -ttft 50ms -itl 20ms -tokens 50
up weir "$all" 9120 "$lab/weir" serve -c "$root/bench/weir.yaml"
key="Authorization: Bearer weir_bench_0000000000000000000000000000000000000000000"

"$lab/loadgen" -url http://127.0.0.1:9120 -H "$key" -model bench -stream -c 512 -warmup 0s -d "${duration}s" \
	-grace 60s -events 53 -tokens 50 -pid "$pid" >"$lab/load.json"
curl -sS http://127.0.0.1:9000/stats >"$lab/stats.json"

figure() { jq -r "$1" "$lab/$2.json"; }
result=passed
expect() { # WHAT SHOULD IS
	if [[ $2 != "$3" ]]; then
		echo "$1: $3, want $2" >&2
		result=failed
	fi
}
streams=$(figure .requests load)
expect "streams with a lost, doubled or misplaced frame, or an error" 0 "$(figure .errors load)"
expect "events per stream" 53 "$(figure .events load)"
expect "streams that the upstream was asked for" "$streams" "$(figure .streams stats)"
expect "streams that the upstream could not finish" 0 "$(figure .left stats)"
expect "most streams at once, seen by the upstream" 512 "$(figure .peak_streams stats)"

mkdir -p "$root/docs/proof"
out=$root/docs/proof/$(date -u +%F)-streams.md
{
	echo "# 512 concurrent streams: $result"
	echo
	settings_of "DURATION=$duration scripts/proof/streams512.sh"
	echo
	echo "512 connections ask for streams of 50 content chunks, 20 ms apart, through a 50/50 experiment. Each stream must"
	echo "carry the 53 events (role, 50 chunks in order, finish, usage) and \`[DONE]\`."
	echo
	echo "| | |"
	echo "|---|--:|"
	echo "| streams, whole | $streams |"
	echo "| frames looked at | $((streams * 53)) |"
	echo "| streams with a lost, doubled or misplaced frame, or an error | $(figure .errors load) $(figure '.error_kinds // ""' load) |"
	echo "| streams the upstream was asked for | $(figure .streams stats) |"
	echo "| most at once, seen by the upstream | $(figure .peak_streams stats) |"
	echo "| asked of the two models | $(figure '.models | to_entries | map("\(.key) \(.value)") | join(", ")' stats) |"
	echo "| peak memory of Weir, MB | $(figure '.peak_rss_mb | round' load) |"
} >"$out"
cat "$out"
[[ $result == passed ]]
