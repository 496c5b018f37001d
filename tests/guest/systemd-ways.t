#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# systemd-ways.t: patcherd under systemd, with patcherd-ways.conf, by a kernel's own /dev/kmem; see
# systemd-ways-guest.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$(mktemp -d "${TMPDIR:-/tmp}/installed.XXXXXX")
trap 'rm -rf "$root"' EXIT

dir=$(tests/guest/packages.sh 5.10-kmem)
release=$(cat "$dir/release")
make -s install DESTDIR="$root" PREFIX=/usr >&2
make -s module-test KVER="$release" KDIR="$dir/build" >&2
tests/guest/run --kernel "$dir" --init systemd --append nopat --timeout 180 --add "$root:root" \
	--add "${BUILD:-build}/kmod-$release/test/patcherd_test.ko" --add tests/guest/tap.sh \
	--add tests/guest/daemon.sh --add tests/guest/patches.sh \
	--add tests/guest/systemd-ways-guest -- ./systemd-ways-guest
