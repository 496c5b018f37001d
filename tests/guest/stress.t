#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# stress.t [reload|churn [N]]: patcher_kmem that comes and goes, and a module that comes and goes under
# the writer, in a guest with Debian's kernel 6.1 or the one that KERNEL names. `make check-kernels`
# asks for the full number.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/guest/programs.sh
programs "${KERNEL:-6.1}" tests/guest/stress
# So that the kernel counts objects one by one; reload is for kernels without a /dev/kmem of their own.
[ "${1:-}" != reload ] || way+=(--append slub_debug=F)
exec tests/guest/run --kernel "$kernel" "${way[@]}" --timeout "${TIMEOUT:-120}" \
	--add "$modules/test/patcherd_test.ko" --add "$build/tests/guest/stress" \
	--add tests/guest/stress-guest -- ./stress-guest "${1:-churn}" "${2:-100}"
