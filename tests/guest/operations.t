#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# operations.t: each operation, and variables, on a running kernel; see operations-guest. KERNEL:
# default 6.1.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/guest/programs.sh
programs "${KERNEL:-6.1}" patcherd patchctl faults/patcherd
exec tests/guest/run --kernel "$kernel" "${way[@]}" --timeout 900 \
	--add "$build/patcherd" --add "$build/patchctl" \
	--add "$build/faults/patcherd:patcherd-faults" \
	--add "$modules/test/patcherd_operations.ko" \
	--add tests/guest/tap.sh --add tests/guest/daemon.sh --add tests/guest/patches.sh \
	--add tests/guest/operations-guest \
	-- ./operations-guest
