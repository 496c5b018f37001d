#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# stock.t: modules do not drift from the kernel that they came with, and do from another one.
# Usage, from the top of the tree: tests/drift/stock.t
set -u
patchctl=${BUILD:-build}/patchctl
kernel=$(tests/guest/packages.sh 6.1) && other=$(tests/guest/packages.sh 6.12) || exit 1
modules='nfs nfsd sunrpc xfs btrfs fuse dm-mod nf_tables virtio_net cifs'
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
n=0
failed=0

# ok NAME STATUS WANTED [LINE]: so it ended, and this stands in its output.
ok() {
	n=$((n + 1))
	if [ "$2" = "$3" ] && grep -qE -- "${4:-}" "$work/out"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "# exit status $2, not $3; ${4:-}"
		sed 's/^/# /' "$work/out" | head -n 20
		failed=1
	fi
}

# drift MODULE OPTION…
drift() {
	"$patchctl" drift "$(find "$kernel/lib/modules" -name "$1.ko*")" "${@:2}" >"$work/out" 2>&1
}

for module in $modules; do
	drift "$module" --against "$kernel/vmlinuz"
	ok "$module does not drift from its own kernel" $? 0 '^0 of [1-9][0-9]* structs'
done

drift nfs --against "$other/vmlinuz" --btf "$kernel/vmlinuz"
ok 'nfs drifts from another kernel' $? 5 'nfs_llseek_dir\+0x[0-9a-f]+ .*file.f_mode 0x44 -> 0xc$'

drift nfs --against "$other/vmlinuz"
ok 'without the kernel that its types go on from, it is said what to do' $? 6 '--btf'

echo "1..$n"
exit $failed
