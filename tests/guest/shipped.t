#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shipped.t: the patches of patches/ on a running kernel, each seen at work; see shipped-guest. KERNEL:
# default 6.1.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/guest/programs.sh
programs "${KERNEL:-6.1}" patcherd patchctl
files=()
for file in patches/*.yaml; do
	files+=(--add "$file")
done
exec tests/guest/run --kernel "$kernel" "${way[@]}" --timeout 600 \
	--add "$build/patcherd" --add "$build/patchctl" "${files[@]}" \
	--add tests/guest/tap.sh --add tests/guest/daemon.sh --add tests/guest/nfs.sh \
	--add tests/guest/shipped-guest -- ./shipped-guest
