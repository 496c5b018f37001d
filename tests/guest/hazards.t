#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# hazards.t: bytes that belong to somebody else, on a running kernel; see hazards-guest and
# rounds.sh. KERNEL: default 6.1. EVERY: all functions are traced, all events switched on and a
# livepatch is loaded in each round of that number out of 100; default 20, 1 takes a quarter of an hour.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/guest/programs.sh
programs "${KERNEL:-6.1}" patcherd patchctl tests/guest/fentry
tests/guest/run --kernel "$kernel" "${way[@]}" --timeout 3600 \
	--add "$build/patcherd" --add "$build/patchctl" --add "$build/tests/guest/fentry" \
	--add "$modules/test/patcherd_owners.ko" --add "$modules/test/patcherd_livepatch.ko" \
	--add tests/guest/tap.sh --add tests/guest/daemon.sh --add tests/guest/patches.sh \
	--add tests/guest/rounds.sh --add tests/guest/hazards-guest \
	-- env EVERY="${EVERY:-20}" ./hazards-guest
