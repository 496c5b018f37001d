#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# module.t: patcher_kmem in a guest with Debian's kernel 6.1, or with the one that KERNEL names.
set -euo pipefail
cd "$(dirname "$0")/../.."
kernel=$(tests/guest/packages.sh "${KERNEL:-6.1}")
modules=build/kmod-$(cat "$kernel/release")
make -s module module-test build/tests/guest/module_test KDIR="$kernel/build" >&2
exec tests/guest/run --kernel "$kernel" --tcg multi --add "$modules/patcher_kmem.ko" \
	--add "$modules/test/patcherd_test.ko" --add build/tests/guest/module_test -- ./module_test
