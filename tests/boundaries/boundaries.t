#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boundaries.t: the walk over Debian's kernel 6.1, or the one that KERNEL names; see run.
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=$(tests/guest/packages.sh "${KERNEL:-6.1}")
exec tests/boundaries/run "${BUILD:-build}/tests/boundaries" "$dir"
