#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# confirm.t: patches that are reverted unless they are confirmed, in a guest; see confirm-guest.
# KERNEL: default 6.1.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/guest/programs.sh
programs "${KERNEL:-6.1}" patcherd patchctl faults/patcherd
tests/guest/run --kernel "$kernel" "${way[@]}" --timeout 600 \
	--add "$build/patcherd" --add "$build/patchctl" \
	--add "$build/faults/patcherd:patcherd-faults" \
	--add "$modules/test/patcherd_test.ko" \
	--add tests/guest/tap.sh --add tests/guest/daemon.sh \
	--add tests/guest/patches.sh --add tests/guest/confirm-guest -- ./confirm-guest
