#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# system-map.t: patcherd's --system-map in a guest; see system-map-guest. KERNEL: default 6.1.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/guest/programs.sh
programs "${KERNEL:-6.1}" patcherd patchctl
status=77	# the kernel was not moved at its start
for _ in 1 2 3; do
	[ "$status" = 77 ] || break
	status=0
	tests/guest/run --kernel "$kernel" "${way[@]}" --timeout 600 \
		--add "$build/patcherd" --add "$build/patchctl" \
		--add patches/nfs-flock.yaml --add tests/guest/tap.sh --add tests/guest/daemon.sh \
		--add tests/guest/system-map-guest -- ./system-map-guest || status=$?
done
exit $status
