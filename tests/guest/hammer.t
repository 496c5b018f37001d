#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# hammer.t [ROUNDS]: all CPUs call functions without pause while instructions in them are toggled by
# patcher_kmem, in a guest with Debian's kernel 6.1 or the one that KERNEL names. `make check-kernels`
# asks for the full number of rounds.
set -euo pipefail
cd "$(dirname "$0")/../.."
kernel=$(tests/guest/packages.sh "${KERNEL:-6.1}")
modules=build/kmod-$(cat "$kernel/release")
make -s module module-test build/tests/guest/hammer KDIR="$kernel/build" >&2
exec tests/guest/run --kernel "$kernel" --timeout "${TIMEOUT:-120}" --add "$modules/patcher_kmem.ko" \
	--add "$modules/test/patcherd_hammer.ko" --add build/tests/guest/hammer \
	--add tests/guest/hammer-guest -- ./hammer-guest "${1:-100}"
