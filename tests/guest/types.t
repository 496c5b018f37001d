#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# types.t: the types of a running kernel and of its modules; see types-guest. KERNEL: default 6.1.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}

tests/guest/run --kernel "${KERNEL:-6.1}" --add "$build/patcherd" --add "$build/patchctl" \
	--add tests/guest/tap.sh --add tests/guest/daemon.sh --add tests/guest/types-guest \
	-- ./types-guest
