#!/usr/bin/env bash
# Runs each fuzz target for a while.
#   fuzz.sh [TIME]     20s when left out
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-20s}
found=0
while IFS=: read -r file name; do
	found=$((found + 1))
	echo "== $name in $(dirname "$file") for $time"
	go test "./$(dirname "$file")" -run '^$' -fuzz "^$name\$" -fuzztime "$time"
done < <(grep -rHoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' internal cmd | sed 's/func //' | sort)
if ((found == 0)); then
	echo "no fuzz target found under internal/ and cmd/" >&2
	exit 1
fi
