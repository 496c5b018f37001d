#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# native.t: the kernel's own /dev/kmem, and /dev/mem, in guests with kernels built for it; see
# target_test.c and native-guest. CASES: other lines of "KERNEL KIND CPUS [BOOT-OPTION…]". With PAT,
# neither device lets RAM be mapped: so nopat, and one case without.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
cases=${CASES:-"5.10-kmem kmem 2 nopat
5.10-kmem kmem 1 nopat no5lvl
5.10-kmem kmem 1
5.10-mem mem 2 nopat"}

make -s "$build/tests/guest/target_test" "$build/faults/patcherd" >&2

# guest KERNEL KIND CPUS [BOOT-OPTION…]: both tests in one guest.
guest() {
	local dir release command="./target_test $2 && rmmod patcherd_test && ./native-guest $2"
	[[ "${*:4}" == *nopat* ]] || command="./native-guest $2 pat"
	dir=$(tests/guest/kernels.sh "$1")
	release=$(cat "$dir/release")
	make -s module-test KVER="$release" KDIR="$dir/build" >&2
	tests/guest/run --kernel "$dir" --smp "$3" --append "${*:4}" --timeout 600 --add "$build/patcherd" \
		--add "$build/faults/patcherd:patcherd-faults" --add "$build/patchctl" \
		--add "$build/tests/guest/target_test" \
		--add "$build/kmod-$release/test/patcherd_test.ko" --add tests/guest/tap.sh \
		--add tests/guest/daemon.sh --add tests/guest/nfs.sh --add tests/guest/native-guest \
		-- sh -c "$command"
}

echo "1..$(wc -l <<<"$cases")"
number=0 failed=0
while read -r -a words; do
	number=$((number + 1)) result=ok
	guest "${words[@]}" </dev/null | sed 's/^/    /' || result='not ok' failed=1
	echo "$result $number - ${words[0]}, /dev/${words[1]}, CPUs: ${words[*]:2}"
done <<<"$cases"
exit $failed
