#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# digest.t: digests of functions of a running kernel and of its packaged files, in a guest; see
# digest-guest. KERNEL: default 6.1.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/guest/programs.sh
programs "${KERNEL:-6.1}" patcherd patchctl
exec tests/guest/run --kernel "$kernel" "${way[@]}" --timeout 900 --add "$build/patcherd" \
	--add "$build/patchctl" --add "$kernel/vmlinuz" --add tests/guest/tap.sh \
	--add tests/guest/daemon.sh --add tests/guest/digest-guest -- ./digest-guest
