#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# confirm.t: patches that are reverted unless they are confirmed, in a guest; see confirm-guest.
# KERNEL: default 6.1.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}

dir=$(tests/guest/packages.sh "${KERNEL:-6.1}")
release=$(cat "$dir/release")
make -s module module-test KVER="$release" KDIR="$dir/build" >&2
tests/guest/run --kernel "$dir" --timeout 600 --add "$build/patcherd" --add "$build/patchctl" \
	--add "$build/faults/patcherd:patcherd-faults" \
	--add "$build/kmod-$release/patcher_kmem.ko" \
	--add "$build/kmod-$release/test/patcherd_test.ko" \
	--add tests/guest/tap.sh --add tests/guest/daemon.sh \
	--add tests/guest/patches.sh --add tests/guest/confirm-guest -- ./confirm-guest
