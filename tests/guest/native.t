#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# native.t: the kernel's own /dev/kmem, and /dev/mem, in guests with kernels built for it; see
# target_test.c and native-guest. CASES: other lines of "KERNEL KIND CPUS".
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
cases=${CASES:-"5.10-kmem kmem 2
5.10-kmem kmem 1
5.10-mem mem 2"}

make -s "$build/tests/guest/target_test" >&2

# guest KERNEL KIND CPUS: both tests in one guest.
guest() {
	local dir release
	dir=$(tests/guest/kernels.sh "$1")
	release=$(cat "$dir/release")
	make -s module-test KVER="$release" KDIR="$dir/build" >&2
	tests/guest/run --kernel "$dir" --smp "$3" --timeout 600 --add "$build/patcherd" \
		--add "$build/patchctl" --add "$build/tests/guest/target_test" \
		--add "$build/kmod-$release/test/patcherd_test.ko" --add tests/guest/tap.sh \
		--add tests/guest/daemon.sh --add tests/guest/nfs.sh --add tests/guest/native-guest \
		-- sh -c "./target_test $2 && rmmod patcherd_test && ./native-guest $2"
}

echo "1..$(wc -l <<<"$cases")"
number=0 failed=0
while read -r kernel kind cpus; do
	number=$((number + 1)) result=ok
	guest "$kernel" "$kind" "$cpus" </dev/null | sed 's/^/    /' || result='not ok' failed=1
	echo "$result $number - $kernel, /dev/$kind, CPUs: $cpus"
done <<<"$cases"
exit $failed
