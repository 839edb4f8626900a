#!/usr/bin/env bash
# Builds Weir and the load tools, and compares Weir with the direct path, nginx,
# haproxy and the Go floor. `make bench` calls it.
#   run.sh [-quick] [-o results.json] [NAME=URL[,PID][,option]...]...
# What is compared runs on CPU 1, the mock upstream and the generator on CPU 0.
set -euo pipefail
out=
flags=()
while [[ ${1:-} == -* ]]; do
	case $1 in
	-quick) flags+=(-rounds 1 -d 1s -warmup 500ms); shift ;;
	-o) out=$(realpath -m "$2"); shift 2 ;;
	*) echo "unknown flag $1; known: -quick, -o FILE" >&2; exit 2 ;;
	esac
done
cd "$(dirname "$0")"
out=${out:-$PWD/results/$(date -u +%Y-%m-%dT%H%M%SZ).json}
if (($(nproc) < 2)); then
	echo "two CPUs are needed: one for what is compared, one for the load" >&2
	exit 1
fi
../scripts/need.sh nginx=nginx-light haproxy=haproxy taskset=util-linux

source ../scripts/lab.sh
lab_build
rt=("${realtime[@]}")

up mockllm 0 9000 "$lab/mockllm" -ttft 5ms -itl 2ms
targets=("direct=http://127.0.0.1:9000,$pid")
mkdir -p "$lab/nginx-body"
up nginx 1 9102 nginx -p "$lab/" -c "$PWD/peers/nginx.conf"
targets+=("nginx=http://127.0.0.1:9102,$pid")
up haproxy 1 9103 haproxy -f "$PWD/peers/haproxy.cfg"
targets+=("haproxy=http://127.0.0.1:9103,$pid")
up floor 1 9101 "$lab/floor"
targets+=("floor=http://127.0.0.1:9101,$pid")
key="header=Authorization: Bearer weir_bench_0000000000000000000000000000000000000000000"
# Requests wait for the journal and for nothing else, so that is what is compared: the
# database of this one cannot be opened, since a folder is in its place. weir-store
# keeps everything, on the same core.
mkdir -p "$lab/kept/weir.db"
(umask 077 && head -c 32 /dev/urandom >"$lab/kept/unit.key")
up weir 1 9120 "$lab/weir" serve -c weir.yaml --store "$lab/kept"
targets+=("weir=http://127.0.0.1:9120,$pid,model=bench,$key")
targets+=("weir-plain=http://127.0.0.1:9120,$pid,model=plain,$key")
up weir-store 1 9130 "$lab/weir" serve -c weir.yaml --store "$lab/store" --data 127.0.0.1:9130 --admin 127.0.0.1:9131 --telemetry 127.0.0.1:9132
targets+=("weir-store=http://127.0.0.1:9130,$pid,model=bench,$key")

mkdir -p "$(dirname "$out")"
taskset -c 0 "${rt[@]}" "$lab/compare" -floor floor -goals weir -o "$out" "${flags[@]}" "${targets[@]}" "$@"
echo
echo "all runs as JSON: $(realpath --relative-to="$root" "$out")"
