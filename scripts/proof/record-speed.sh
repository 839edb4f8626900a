#!/usr/bin/env bash
# Ten million events through the journal into SQLite: how many a second one CPU
# carries with all their sums, what they take on disk, and how long screens wait.
# It needs about 10 GB in a folder that DIR names (a temporary one otherwise).
#   EVENTS=10000000 DIR= scripts/proof/record-speed.sh
set -euo pipefail
source "$(dirname "$0")/../lab.sh"
events=${EVENTS:-10000000}
dir=${DIR:+$(realpath -m "$DIR")}
dir=${dir:-$lab/store}
if [[ -e $dir/weir.db ]]; then
	echo "$dir has a store already: name another folder" >&2
	exit 2
fi
mkdir -p "$dir"

result=passed
(cd "$root" && EVENTS=$events PROOF_DIR=$dir PROOF_OUT=$lab/figures.md \
	go test -count=1 -tags=proof -run '^TestRecordSpeed$' -timeout 12h ./test/ 2>&1) | tee "$lab/log" || result=failed

mkdir -p "$root/docs/proof"
out=$root/docs/proof/$(date -u +%F)-record-speed.md
{
	echo "# $events events: into the store, and out of it: $result"
	echo
	settings_of "EVENTS=$events scripts/proof/record-speed.sh"
	echo
	echo "Asked: at least 5,000 events/s on one CPU with all sums; every screen's query within 200 ms."
	echo
	echo "Events are of 6 routes, three with experiments, 6 models, 12 keys, 4 teams in 2 environments and 200,000 users of whom few ask most; about 97 %"
	echo "end well. Each has its beginning in the journal first. \"One CPU\" is the Go runtime held to one (GOMAXPROCS=1), with all that the journal's"
	echo "reader, the sums and SQLite do. Screens are asked of a running Weir over HTTP."
	echo
	if [[ -s $lab/figures.md ]]; then cat "$lab/figures.md"; else echo "The test ended before it had figures."; fi
	if [[ $result == failed ]]; then
		echo
		echo "What was not held:"
		echo
		sed -n 's/^ *recordspeed[a-z_]*\.go:[0-9]*: \(.*\)/- \1/p' "$lab/log"
	fi
} >"$out"
cat "$out"
[[ $result == passed ]]
