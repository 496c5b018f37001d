#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# power.t [CUTS]: a machine that applies and reverts all the time loses its power at random moments,
# CUTS times, default 10. At each start after it the journal opens, and nothing is claimed as applied.
# Two machines, each with its own disk, share the cuts. KERNEL: default 6.1.
set -euo pipefail
cd "$(dirname "$0")/../.."
cuts=${1:-10}
build=${BUILD:-build}
work=$(mktemp -d "${TMPDIR:-/tmp}/power.XXXXXX")
machines=()
trap 'kill "${machines[@]}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

dir=$(tests/guest/packages.sh "${KERNEL:-6.1}")
release=$(cat "$dir/release")
make -s module module-test KVER="$release" KDIR="$dir/build" >&2

# QEMU, below the guest's script.
qemu_of() {
	local pid
	for pid in $(cat "/proc/$1/task/$1/children"); do
		if grep -q '^qemu' "/proc/$pid/comm"; then echo "$pid"; else qemu_of "$pid"; fi
	done
}

# start NAME [last]: of $machine, until it runs, and then for a moment; or to its end.
start() {
	local name=$1 line running='' failed=0
	shift
	tests/guest/run --kernel "$dir" --root "$work/$machine.disk" --smp 1 --timeout 240 \
		--add "$build/patcherd" --add "$build/patchctl" \
		--add "$build/kmod-$release/patcher_kmem.ko" \
		--add "$build/kmod-$release/test/patcherd_test.ko" \
		--add tests/guest/tap.sh --add tests/guest/daemon.sh --add tests/guest/patches.sh \
		--add tests/crash/power-guest -- ./power-guest "$@" \
		>"$work/$machine.out" 2>"$work/$machine.err" &
	guest=$!
	while read -r line; do
		case $line in
		ok*|not\ ok*)
			[ "${line%% *}" = ok ] || failed=1
			sed "s/ok [0-9]* - /ok - machine $machine, $name: /" <<<"$line" ;;
		running)
			running=1
			sleep "$((RANDOM % 3)).$((RANDOM % 10))$((RANDOM % 10))"
			kill -KILL "$(qemu_of $guest)" ;;
		1..*) ;;
		*) echo "$line" ;;
		esac
	done <"$work/$machine.out"
	wait "$guest" || [ -n "$running" ] || failed=1
	guest=
	[ -n "$running$*" ] || { failed=1; sed 's/^/# /' "$work/$machine.err"; }
	[ $failed = 0 ] || { echo "not ok - machine $machine, $name"; return 1; }
}

# machine CUTS
machine() {
	local cut
	guest=
	trap '[ -z "$guest" ] || kill "$guest" 2>/dev/null || true' EXIT
	mkfifo "$work/$machine.out"
	for ((cut = 1; cut <= $1; cut++)); do
		start "start $cut" || return 1
	done
	start "last start" last
}

mkfifo "$work/lines"
machine=1 && machine $(((cuts + 1) / 2)) >"$work/lines" &
machines+=($!)
machine=2 && machine $((cuts / 2)) >"$work/lines" &
machines+=($!)
awk '/^(not )?ok - / { sub(/ok - /, "ok " ++count " - ") } /^not/ { failed = 1 } { print; fflush() }
	END { print "1.." count; exit failed }' "$work/lines"
for machine in "${machines[@]}"; do
	wait "$machine"
done
