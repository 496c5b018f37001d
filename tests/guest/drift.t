#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# drift.t: the ENOTDIR story: a module that was built with another header than the one it works with,
# and the patch that patchctl drift makes of that, in a guest; see drift-guest. KERNEL: default 6.1.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}

dir=$(tests/guest/packages.sh "${KERNEL:-6.1}")
release=$(cat "$dir/release")
make -s module KVER="$release" KDIR="$dir/build" >&2
mkdir -p "$build/drift-$release"
cp tests/drift/kmod/* "$build/drift-$release"
make -s -C "$dir/build" M="$(realpath "$build/drift-$release")" KCFLAGS=-g \
	CONFIG_DEBUG_INFO_BTF_MODULES= modules >&2
tests/guest/run --kernel "$dir" --timeout "${TIMEOUT:-300}" --add "$build/patcherd" \
	--add "$build/patchctl" --add "$build/kmod-$release/patcher_kmem.ko" \
	--add "$build/drift-$release/vnodes.ko" --add "$build/drift-$release/phantom.ko" \
	--add tests/guest/tap.sh --add tests/guest/daemon.sh --add tests/guest/drift-guest \
	-- ./drift-guest
