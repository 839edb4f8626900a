#!/usr/bin/env bash
# A thousand times kill -9 under load, on one folder, with an oracle outside: the
# upstream knows what it was asked, the clients know what they read to the end.
#   TIMES=1000 scripts/proof/kill.sh
set -euo pipefail
source "$(dirname "$0")/../lab.sh"
times=${TIMES:-1000}

result=passed
(cd "$root" && TIMES=$times PROOF_OUT=$lab/figures.md \
	go test -v -count=1 -tags=proof -run '^TestKillProof$' -timeout "$((times * 5 + 600))s" ./test/) | tee "$lab/log" || result=failed

mkdir -p "$root/docs/proof"
out=$root/docs/proof/$(date -u +%F)-kill.md
{
	echo "# $times times kill -9 under load: $result"
	echo
	settings_of "TIMES=$times scripts/proof/kill.sh"
	echo
	echo "Asked: whatever a client read to the terminal frame is recorded, once, with its own tokens and cost; what was under way"
	echo "at a kill is recorded as \`interrupted\`; the ledger's sums are those of the events; no start takes longer than 3 s."
	echo
	cat "$lab/figures.md" 2>/dev/null || echo "The test ended before it had figures."
	echo
	sed -n 's/^ *kill_test\.go:[0-9]*: \(.*\)/- \1/p' "$lab/log" | head -n 20
} >"$out"
cat "$out"
[[ $result == passed ]]
