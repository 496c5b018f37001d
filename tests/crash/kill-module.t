#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill-module.t [EVERY [EVERY_COMING]]: as kill.t, of a running kernel with patcher_kmem, in a guest; see
# kill-guest. What a module that comes makes the daemon do has most system calls, so that by default fewer
# are taken of it. KERNEL: default 6.1.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/guest/programs.sh
. tests/guest/programs.sh

programs "${KERNEL:-6.1}" patcherd patchctl
strace_files
tests/guest/run --kernel "$kernel" --smp 1 --timeout "${TIMEOUT:-600}" --add "$build/patcherd" \
	--add "$build/patchctl" "${way[@]}" --add "$modules/test/patcherd_test.ko" "${tracer[@]}" \
	--add tests/guest/tap.sh --add tests/guest/daemon.sh --add tests/guest/patches.sh \
	--add tests/crash/kill-guest -- ./kill-guest "${1:-20}" "${2:-200}"
