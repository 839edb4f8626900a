#!/usr/bin/env bash
# Recorded traffic of Azure's and Moonshot's conversation services on a faster
# clock: what Weir counts must be what the traces say, wherever it is shown. TRACES
# names a folder with the whole traces, AzureLLMInferenceTrace_conv.csv (Azure,
# AzurePublicDataset) and conversation_trace.jsonl (Mooncake, FAST25-release); the
# samples of testdata/ stand in for one that is not there.
#   TRACES=DIR SPEED=20 scripts/proof/traces.sh
set -euo pipefail
source "$(dirname "$0")/../lab.sh"
speed=${SPEED:-20}
traces=${TRACES:+$(realpath -e "$TRACES")}

result=passed
(cd "$root" && TRACES=$traces SPEED=$speed PROOF_OUT=$lab/figures.md \
	go test -count=1 -tags=proof -run '^TestWholeTraces$' -timeout 3h ./test/) || result=failed

mkdir -p "$root/docs/proof"
out=$root/docs/proof/$(date -u +%F)-traces.md
{
	echo "# Recorded traffic, replayed: $result"
	echo
	settings_of "${TRACES:+TRACES=DIR }SPEED=$speed scripts/proof/traces.sh"
	echo
	echo "Asked: sums of tokens and numbers of requests are those of the trace, in every place that shows them."
	echo
	cat "$lab/figures.md" 2>/dev/null || echo "The test ended before it had figures."
} >"$out"
cat "$out"
[[ $result == passed ]]
