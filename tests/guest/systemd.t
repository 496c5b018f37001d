#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# systemd.t: patcherd as `make install` installs it, by its units under systemd; see systemd-guest.
# KERNEL: default 6.1.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$(mktemp -d "${TMPDIR:-/tmp}/installed.XXXXXX")
trap 'rm -rf "$root"' EXIT

dir=$(tests/guest/packages.sh "${KERNEL:-6.1}")
release=$(cat "$dir/release")
make -s install install-module DESTDIR="$root" PREFIX=/usr KVER="$release" KDIR="$dir/build" >&2
tests/guest/run --kernel "$dir" --init systemd --timeout 300 --add "$root:root" \
	--add tests/guest/tap.sh --add tests/guest/systemd-guest -- ./systemd-guest
