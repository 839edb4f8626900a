#!/usr/bin/env bash
# Makes sure that commands exist, and installs their Debian packages when it may.
#   need.sh COMMAND=PACKAGE... ("COMMAND=PACKAGE PACKAGE" when it takes two)
# It ends with 1 and a list of what is missing when it cannot: a missing tool is
# a failure, never a test left out.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

missing() {
	local pair
	for pair; do
		command -v "${pair%%=*}" >/dev/null || echo "$pair"
	done
}

mapfile -t gone < <(missing "$@")
((${#gone[@]})) || exit 0
read -ra packages <<<"${gone[*]#*=}"

if ! command -v apt-get >/dev/null || [[ $(id -u) != 0 ]]; then
	{
		echo "missing: ${gone[*]%%=*}"
		echo "they come with these Debian packages: ${packages[*]}"
		echo "as root on Debian this script installs them itself; else install them and run it again"
	} >&2
	exit 1
fi

# Some of the packages bring a service. The tests start what they need themselves,
# so none may start here: policy-rc.d is how Debian asks whether it may.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
	trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
echo "installing: ${packages[*]}"
log=$(mktemp)
if ! { apt-get update && apt-get install -y --no-install-recommends "${packages[@]}"; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "installing ${packages[*]}: apt-get ended with an error (above)" >&2
	exit 1
fi
rm -f "$log"

mapfile -t gone < <(missing "$@")
if ((${#gone[@]})); then
	echo "still missing after the installation: ${gone[*]}" >&2
	exit 1
fi
