#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# owners.t: the owners that lib/hazard finds by the kernel's tables, against those that second-way
# computes: in modules of Debian's kernel 6.1, or the one that KERNEL names, and in the kernel
# itself. Its symbols are those that it shows in a guest, as the package has no System.map.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
here=tests/tables kernel=${KERNEL:-6.1}
dir=$(tests/guest/packages.sh "$kernel")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

count=0
failed=0
# check NAME FUNCTIONS "KIND…" IMAGE [SYSTEM-MAP]: for at least so many functions, and each kind
check()
{
	local name=$1 functions=$2 kinds=$3 result=ok kind
	shift 3
	count=$((count + 1))
	$here/second-way "$@" >"$work/second" || result="not ok"
	sed -n 's/^function //p' "$work/second" | sort -u >"$work/functions"
	grep -v '^function ' "$work/second" | sort -u >"$work/theirs" || true
	"${BUILD:-build}/tests/owners" "$@" | awk -v list="$work/functions" '
		BEGIN { while ((getline name < list) > 0) wanted[name] }
		{ name = $2; sub(/\+0x[0-9a-f]+$/, "", name) }
		name in wanted' | sort -u >"$work/ours" || result="not ok"
	[ "$(wc -l <"$work/functions")" -ge "$functions" ] || result="not ok"
	for kind in $kinds; do
		grep -q " $kind\$" "$work/theirs" ||
			{ echo "# no $kind among them"; result="not ok"; }
	done
	cmp -s "$work/ours" "$work/theirs" || result="not ok"
	echo "$result $count - owners of $(wc -l <"$work/functions") functions of $name are those of a second way"
	echo "# $(cut -d ' ' -f 4 "$work/ours" | sort | uniq -c | paste -sd, | tr -s ' ')"
	if [ "$result" != ok ]; then
		failed=1
		diff "$work/ours" "$work/theirs" | head -n 20 | sed 's/^/# /' || true
	fi
}

# module NAME: unpacks it as NAME.ko
module()
{
	local file
	file=$(find "$dir/lib/modules" -name "$1.ko" -o -name "$1.ko.xz" | head -n 1)
	case $file in
	*.xz) xz -dc "$file" ;;
	*) cat "$file" ;;
	esac >"$work/$1.ko"
}

everywhere="bug_table ftrace jump_label jump_target retpoline return_site smp_lock static_call"
module nfs
check nfs.ko 800 "$everywhere" "$work/nfs.ko"
module kvm
check kvm.ko 800 "$everywhere alternative ex_table ex_fixup" "$work/kvm.ko"

tests/tools/extract-vmlinux "$dir/vmlinuz" "$work/vmlinux"
timeout 300 tests/guest/run --kernel "$dir" --append nokaslr -- \
	sh -c 'grep -v "\[" /proc/kallsyms | gzip -c | base64' | base64 -d | gzip -dc >"$work/System.map"
check "the kernel image" 500 "$everywhere alternative ex_table ex_fixup kprobe_blacklist" \
	"$work/vmlinux" "$work/System.map"
echo "1..$count"
exit $failed
