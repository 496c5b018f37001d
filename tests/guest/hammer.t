#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# hammer.t [ROUNDS]: all CPUs call functions without pause while instructions in them are toggled, in a
# guest with Debian's kernel 6.1 by patcher_kmem, or with the one that KERNEL names by what it has.
# `make check-kernels` asks for the full number of rounds.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/guest/programs.sh
programs "${KERNEL:-6.1}" tests/guest/hammer
# Without a stop of the CPUs only one byte is toggled.
what=()
[ "${way[0]}" = --add ] || what=(byte)
[ "${PATCHERD_KVM:-}" = 1 ] || echo "# emulated: each instruction runs whole, so this cannot show a" \
	"CPU's errors with one that changes under it; run hammer-guest on hardware, too"
exec tests/guest/run --kernel "$kernel" "${way[@]}" --tcg multi --timeout "${TIMEOUT:-120}" \
	--add "$modules/test/patcherd_hammer.ko" --add "$build/tests/guest/hammer" \
	--add tests/guest/hammer-guest -- ./hammer-guest "${1:-100}" "${what[@]}"
