#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# module.t: patcher_kmem in a guest with Debian's kernel 6.1, or with the one that KERNEL names.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/guest/programs.sh
programs "${KERNEL:-6.1}" tests/guest/module_test
exec tests/guest/run --kernel "$kernel" "${way[@]}" --tcg multi --add "$modules/test/patcherd_test.ko" \
	--add "$build/tests/guest/module_test" -- ./module_test
