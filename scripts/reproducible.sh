#!/usr/bin/env bash
# Builds Weir twice, in folders of different names and lengths, the second time
# with an empty build cache, and compares the binaries byte by byte. Whoever
# builds a release from its source can so check what they were given.
set -euo pipefail
cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
first=$tmp/one
second=$tmp/another/place/with/a/longer/name
for dir in "$first" "$second"; do
	mkdir -p "$dir"
	for part in Makefile go.mod go.sum cmd internal client; do
		if [[ -e $part ]]; then cp -R "$part" "$dir/"; fi
	done
done
make --no-print-directory -s -C "$first" build BIN=bin/weir VERSION=reproducible
# An empty cache: else the second build would be a copy of the first one's parts.
GOCACHE=$tmp/cache make --no-print-directory -s -C "$second" build BIN=bin/weir VERSION=reproducible
if ! cmp "$first/bin/weir" "$second/bin/weir"; then
	echo "two builds of the same source differ: something of the machine or the folder got in" >&2
	exit 1
fi
echo "reproducible: two builds in different folders are equal, sha256 $(sha256sum <"$first/bin/weir" | cut -c1-64)"
