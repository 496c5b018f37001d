#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot.t: patches at the start of the machine: the same machine is started again and again; see
# boot-guest. KERNEL: default 6.1.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d "${TMPDIR:-/tmp}/boot.XXXXXX")
trap 'rm -rf "$work"' EXIT

dir=$(tests/guest/packages.sh "${KERNEL:-6.1}")
release=$(cat "$dir/release")
make -s install DESTDIR="$work/root" PREFIX=/usr >&2
make -s module KVER="$release" KDIR="$dir/build" >&2
install -D "${BUILD:-build}/kmod-$release/patcher_kmem.ko" "$work/root/usr/lib/patcher_kmem.ko"
# as an archive, for run follows symbolic links
tar -C "$work/root" -cf "$work/root.tar" .

# start STAGE [OPTION…]
number=0 failed=0
start() {
	local stage=$1 status=0
	shift
	tests/guest/run --kernel "$dir" --init systemd --root "$work/disk" --timeout 240 "$@" \
		--add "$work/root.tar" --add tests/guest/tap.sh --add tests/guest/boot-guest \
		-- ./boot-guest "$stage" >"$work/out" || status=$?
	while read -r line; do
		case $line in
		ok*|not\ ok*)
			number=$((number + 1))
			sed "s/ok [0-9]* - /ok $number - $stage: /" <<<"$line" ;;
		1..*) ;;
		*) echo "$line" ;;
		esac
	done <"$work/out"
	[ "$status" = 0 ] || failed=1
	[ "$status" != 125 ] || exit 1
}

start install
start applied
start switched --append patcherd.enable=0
start file --panics
start blocked
echo "1..$number"
exit $failed
