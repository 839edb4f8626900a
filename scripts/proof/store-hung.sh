#!/usr/bin/env bash
# The store hangs for an hour under load: no request may be lost or wait for it, what
# the bounded journal sheds is declared, and money is exact. Where it may (root, a loop
# device), the database's file system is frozen; otherwise another process holds the
# database's lock for all that time.
#   DURATION=3600 RATE=100 HANG=freeze|lock scripts/proof/store-hung.sh
set -euo pipefail
source "$(dirname "$0")/../lab.sh"
duration=${DURATION:-3600}
rate=${RATE:-100}
mount=$lab/mount

thaw() {
	fsfreeze -u "$mount" 2>/dev/null || true
	umount "$mount" 2>/dev/null || true
	lab_end
}
# A file system of its own, which can hang apart from all others. The database
# takes about a kilobyte for each request; the space is not used before it is.
own_file_system() {
	local size=$((duration * rate * 2 / 1000 + 256))
	mkdir "$mount" && truncate -s "${size}M" "$lab/disk" && mkfs.ext4 -q -F "$lab/disk" && mount -o loop "$lab/disk" "$mount"
}
hang=${HANG:-freeze}
case $hang in
freeze)
	trap thaw EXIT
	if own_file_system 2>"$lab/mount.log"; then
		export HUNG_MOUNT=$mount
	elif [[ -n ${HANG:-} ]]; then
		echo "no file system of its own can be mounted here; HANG=lock does without:" >&2
		cat "$lab/mount.log" >&2
		exit 1
	else
		hang=lock
	fi
	;;
lock) ;;
*) echo "HANG=$hang: it is freeze or lock" >&2; exit 2 ;;
esac

result=passed
(cd "$root" && DURATION=$duration RATE=$rate PROOF_OUT=$lab/figures.md \
	go test -count=1 -tags=proof -run '^TestStoreHung$' -timeout "$((duration * 3 + 1200))s" ./test/) || result=failed

mkdir -p "$root/docs/proof"
out=$root/docs/proof/$(date -u +%F)-store-hung.md
{
	echo "# A store that hangs for $duration seconds: $result"
	echo
	settings_of "DURATION=$duration RATE=$rate HANG=$hang scripts/proof/store-hung.sh"
	echo
	echo "Asked: no request is lost or fails; latency stays what it is with a store that works; the journal is bounded, and what it sheds is declared;"
	echo "afterwards everything arrives: each event that was not shed once, and all money to the last micro-dollar."
	echo
	if [[ -s $lab/figures.md ]]; then cat "$lab/figures.md"; else echo "The test ended before it had figures."; fi
} >"$out"
cat "$out"
[[ $result == passed ]]
