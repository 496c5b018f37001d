#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# modules.t [ROUNDS]: modules that come and go under armed patches, in a guest; see modules-guest.
# KERNEL: default 6.1. `make check-kernels` asks for the full number of rounds.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/guest/programs.sh
programs "${KERNEL:-6.1}" patcherd patchctl faults/patcherd
tests/guest/run --kernel "$kernel" "${way[@]}" --timeout "${TIMEOUT:-300}" \
	--add "$build/patcherd" --add "$build/patchctl" \
	--add "$build/faults/patcherd:patcherd-faults" \
	--add "$modules/test/patcherd_test.ko" \
	--add patches/nfs-flock.yaml --add tests/guest/tap.sh --add tests/guest/daemon.sh \
	--add tests/guest/patches.sh --add tests/guest/modules-guest -- ./modules-guest "${1:-10}"
