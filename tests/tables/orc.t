#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# orc.t: where the stack's depth changes in modules of Debian's kernels 6.1 and 6.12, or the one that
# KERNEL names, as lib/orc and lib/insn_stack say, against what readelf and objdump say.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

count=0
failed=0
# check VERSION NAME LEAST: for a module with LEAST such places or more of each kind
check()
{
	local dir file kind result=ok
	count=$((count + 1))
	dir=$(tests/guest/packages.sh "$1")
	file=$(find "$dir/lib/modules" -name "$2.ko" -o -name "$2.ko.xz" | head -n 1)
	case $file in
	*.xz) xz -dc "$file" >"$work/module.ko" ;;
	*) cp "$file" "$work/module.ko" ;;
	esac
	"${BUILD:-build}/tests/orc" "$work/module.ko" | sort -u >"$work/ours"
	tests/tables/second-way-orc "$work/module.ko" | sort -u >"$work/second"
	cmp -s "$work/ours" "$work/second" || result="not ok"
	for kind in orc_unwind moves; do
		[ "$(grep -c " $kind$" "$work/ours")" -ge "$3" ] || result="not ok"
	done
	[ "$result" = ok ] || failed=1
	echo "$result $count - $1's $2: the stack's depth changes where readelf and objdump say"
	echo "# $(cut -d ' ' -f 2 "$work/ours" | sort | uniq -c | paste -sd, | tr -s ' ')"
	[ "$result" = ok ] || diff "$work/ours" "$work/second" | head -n 20 | sed 's/^/# /' || true
}

for version in ${KERNEL:-6.1 6.12}; do
	check "$version" nfs 4500
done
echo "1..$count"
exit $failed
