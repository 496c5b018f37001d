#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# power.t [CUTS]: a machine that applies and reverts all the time loses its power at random moments,
# CUTS times, default 10. At each start after it the journal opens, and nothing is claimed as applied.
# KERNEL: default 6.1.
set -euo pipefail
cd "$(dirname "$0")/../.."
cuts=${1:-10}
build=${BUILD:-build}
work=$(mktemp -d "${TMPDIR:-/tmp}/power.XXXXXX")
guest=
cleanup() {
	[ -z "$guest" ] || kill "$guest" 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT

dir=$(tests/guest/packages.sh "${KERNEL:-6.1}")
release=$(cat "$dir/release")
make -s module module-test KVER="$release" KDIR="$dir/build" >&2
mkfifo "$work/out"
number=0 failed=0

# QEMU, below the guest's script.
qemu_of() {
	local pid
	for pid in $(cat "/proc/$1/task/$1/children"); do
		if grep -q '^qemu' "/proc/$pid/comm"; then echo "$pid"; else qemu_of "$pid"; fi
	done
}

# start NAME [last]: until it runs, and then for a moment; or to its end.
start() {
	local name=$1 line running=''
	shift
	tests/guest/run --kernel "$dir" --root "$work/disk" --timeout 240 \
		--add "$build/patcherd" --add "$build/patchctl" \
		--add "$build/kmod-$release/patcher_kmem.ko" \
		--add "$build/kmod-$release/test/patcherd_test.ko" \
		--add tests/guest/tap.sh --add tests/guest/daemon.sh --add tests/guest/patches.sh \
		--add tests/crash/power-guest -- ./power-guest "$@" >"$work/out" 2>"$work/err" &
	guest=$!
	while read -r line; do
		case $line in
		ok*|not\ ok*)
			number=$((number + 1))
			[ "${line%% *}" = ok ] || failed=1
			sed "s/ok [0-9]* - /ok $number - $name: /" <<<"$line" ;;
		running)
			running=1
			sleep "$((RANDOM % 3)).$((RANDOM % 10))$((RANDOM % 10))"
			kill -KILL "$(qemu_of $guest)" ;;
		1..*) ;;
		*) echo "$line" ;;
		esac
	done <"$work/out"
	wait "$guest" || [ -n "$running" ] || failed=1
	guest=
	[ -n "$running$*" ] || { failed=1; sed 's/^/# /' "$work/err"; }
}

for ((cut = 0; cut < cuts && failed == 0; cut++)); do
	start "start $((cut + 1))"
done
start "last start" last
echo "1..$number"
exit $failed
