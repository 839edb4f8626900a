#!/usr/bin/env bash
# Installs what `make test` needs beside Go. Run as root on Debian it installs the
# packages; elsewhere it lists what is missing and ends with 1.
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v go >/dev/null; then
	echo "Go is missing: install the version that go.mod names (https://go.dev/dl/)." >&2
	exit 1
fi
# node and npm drive the npm clients; promtool reads /metrics as Prometheus would;
# ip makes network namespaces; cc is for the race detector; the store is tried on a
# real PostgreSQL too (Debian keeps its programs out of the way).
./need.sh node=nodejs npm=npm promtool=prometheus curl=curl jq=jq ip=iproute2 \
	unshare=util-linux "cc=gcc libc6-dev" git=git cmp=diffutils tar=tar \
	/usr/lib/postgresql/15/bin/initdb=postgresql-15

if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || a == 20 && b >= 15 ? 0 : 1)'; then
	echo "node $(node --version) is too old: the npm clients (test/clients) need 20.15 or newer." >&2
	exit 1
fi
