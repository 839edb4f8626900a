# shellcheck shell=bash disable=SC2034
# Sourced by bench/run.sh and scripts/proof/*.sh: builds Weir and the load tools
# into $lab, starts servers and stops them, and the folder goes, when the script ends.
#
# After `lab_build`, the programs are $lab/{weir,mockllm,loadgen,compare,floor}.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
lab=$(mktemp -d)
pids=()
PATH=$PATH:/usr/sbin:/sbin

lab_end() {
	kill "${pids[@]}" 2>/dev/null || true
	wait 2>/dev/null || true
	rm -rf "$lab"
}
trap lab_end EXIT

lab_build() {
	(cd "$root/bench" && go build -o "$lab/" ./cmd/...)
	make --no-print-directory -C "$root" build BIN="$lab/weir"
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# up NAME CPUS PORT COMMAND... starts a server on the CPUs, waits until it listens
# and leaves its PID in $pid. Its output is in $lab/NAME.log.
up() {
	if listens "$3"; then
		echo "127.0.0.1:$3 is taken by another program; $1 needs it" >&2
		exit 1
	fi
	taskset -c "$2" "${rt[@]}" "${@:4}" >"$lab/$1.log" 2>&1 &
	pid=$!
	pids+=("$pid")
	for _ in {1..100}; do
		kill -0 "$pid" 2>/dev/null || break
		if listens "$3"; then return; fi
		sleep 0.1
	done
	echo "$1 does not listen on 127.0.0.1:$3; its output:" >&2
	tail -n 20 "$lab/$1.log" >&2
	exit 1
}

# A real-time class keeps niced neighbours from delaying wake-ups; it needs root.
# Scripts that compare CPU time set rt=("${realtime[@]}").
rt=()
realtime=()
chrt -r 1 true 2>/dev/null && realtime=(chrt -r 1)

# settings_of says on what and when something was measured, as Markdown.
settings_of() {
	local cpu commit
	cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
	commit=$(git -C "$root" describe --tags --always --dirty 2>/dev/null || echo 'no commit')
	echo "$(date -u '+%Y-%m-%d %H:%M') UTC; $(nproc) CPUs (${cpu:-$(uname -m)}); $(go env GOVERSION); commit $commit; command: \`$1\`"
}
