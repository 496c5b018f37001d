#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# patterns.t: 2,000 instructions of Debian's kernel 6.1, or the one that KERNEL names, and of its nfs.ko
# are found again by patterns made of them and their neighbours; what is counted, patterns.c says.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dir=$(tests/guest/packages.sh "${KERNEL:-6.1}")
tests=0
failed=0

# check NAME CONDITION…: one line of TAP for the arithmetic conditions
check()
{
	local name=$1 condition result=ok

	shift
	tests=$((tests + 1))
	for condition; do
		[ $((condition)) -ne 0 ] || result="not ok"
	done
	echo "$result $tests - $name"
	if [ "$result" != ok ]; then
		failed=1
		echo "# wanted: $*"
		head -n 40 "$work/wrong" | sed 's/^/#   /'
	fi
}

# file_checks WHAT FILE
file_checks()
{
	local key value

	declare -gA count=()
	"${BUILD:-build}/tests/patterns" "$2" 20070806 1000 >"$work/counts" 2>"$work/wrong" || true
	while read -r key value; do
		count[$key]=$value
	done <"$work/counts"
	echo "# $1: $(paste -sd' ' "$work/counts")"
	check "every line that is printed of $1 is a pattern's line and matches itself" \
		"count[lines] > 10000" "count[refused] == 0"
	check "a pattern made of instructions of $1 finds its place or says that there are several" \
		"count[drawn] == 1000" "count[searches] > 2000" "count[wrong] == 0" \
		"count[found] + count[ambiguous] == count[searches]"
	check "most patterns find one place in $1" "count[found] > count[ambiguous]"
}

module=$(find "$dir/lib/modules" -name 'nfs.ko' -o -name 'nfs.ko.xz' | head -n 1)
case $module in
*.xz) xz -dc "$module" >"$work/nfs.ko" ;;
*) cp "$module" "$work/nfs.ko" ;;
esac
file_checks nfs.ko "$work/nfs.ko"
if ! tests/tools/extract-vmlinux "$dir"/boot/vmlinuz-* "$work/vmlinux"; then
	echo "Bail out! there is no vmlinux in $dir"
	exit 1
fi
file_checks vmlinux "$work/vmlinux"
echo "1..$tests"
exit $failed
