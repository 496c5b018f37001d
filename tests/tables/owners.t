#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tables.t: what lib/table finds in modules of Debian's kernel 6.1, or the one that KERNEL names,
# against what readelf says of their relocations. Of each entry the first field, and the second
# where it is text too, is "SECTION + ADDEND" by R_X86_64_PC32.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/../.."
dir=$(tests/guest/packages.sh "${KERNEL:-6.1}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The same list from readelf -rW. An entry's field is told by its offset in the entry.
second_way()
{
	readelf -rW "$1" | awk '
		function entry(name, size, first, second) {
			sizes[name] = size; firsts[name] = first; seconds[name] = second
		}
		BEGIN {
			entry(".rela__jump_table", 16, "jump_label", "jump_target")
			entry(".rela.static_call_sites", 8, "static_call", "")
			entry(".rela__ex_table", 12, "ex_table", "ex_fixup")
			entry(".rela__bug_table", 12, "bug_table", "")
		}
		/^Relocation section/ { table = substr($3, 2, length($3) - 2); next }
		table in sizes && $3 == "R_X86_64_PC32" && $6 == "+" {
			at = hex($1) % sizes[table]
			kind = at == 0 ? firsts[table] : at == 4 ? seconds[table] : ""
			if (kind != "" && $5 ~ /^\.(.*\.)?text(\..*)?$/)
				print $5 "+0x" $7, kind
		}
		function hex(text,   i, value) {
			for (i = 1; i <= length(text); i++)
				value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
			return value
		}' | sort
}

count=0
failed=0
# check NAME LEAST: for a module that has LEAST entries or more
check()
{
	local file result=ok
	count=$((count + 1))
	file=$(find "$dir/lib/modules" -name "$1.ko" -o -name "$1.ko.xz" | head -n 1)
	case $file in
	*.xz) xz -dc "$file" >"$work/module.ko" ;;
	*) cp "$file" "$work/module.ko" ;;
	esac
	"${BUILD:-build}/tests/tables" "$work/module.ko" | sort >"$work/ours"
	second_way "$work/module.ko" >"$work/readelf"
	if [ "$(wc -l <"$work/ours")" -lt "$2" ] || ! cmp -s "$work/ours" "$work/readelf"; then
		result="not ok"
		failed=1
	fi
	echo "$result $count - the entries of $1's tables are those of its relocations"
	echo "# $(cut -d ' ' -f 2 "$work/ours" | sort | uniq -c | paste -sd, | tr -s ' ')"
	[ "$result" = ok ] || diff "$work/ours" "$work/readelf" | head -n 20 | sed 's/^/# /' || true
}

check nfs 500
check kvm 500
echo "1..$count"
exit $failed
