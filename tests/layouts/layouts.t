#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# layouts.t: pairs.c as an object and as a kernel, in each format by each compiler, for both
# architectures: what differs is what expected.x86_64 and expected.i386 say, in every one of them.
# UPDATE=1: write those, by gcc's DWARF 5.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")"
layouts=${BUILD:-../../build}/tests/layouts
case $layouts in
/* | ../*) ;;
*) layouts=../../$layouts ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# make COMPILER FLAGS: $work/object.o and $work/kernel.o
make_pair()
{
	"$1" $2 -c -o "$work/object.o" pairs.c
	"$1" $2 -DKERNEL -c -o "$work/first.o" pairs.c
	cp "$work/first.o" "$work/kernel.o"
	"$1" $2 -c -o "$work/second.o" second.c
	case $2 in
	*-DALONE*) ;;
	*-m32*) ld -m elf_i386 -r -o "$work/kernel.o" "$work/first.o" "$work/second.o" ;;
	*) ld -r -o "$work/kernel.o" "$work/first.o" "$work/second.o" ;;
	esac
}

to_btf()
{
	LLVM_OBJCOPY=objcopy pahole -J "$1"
	objcopy --strip-debug "$1"
}

count=0
failed=0
# check ARCHITECTURE FORMAT WHAT [COMPARED]
check()
{
	local result=ok compared=${4:-28}
	count=$((count + 1))
	"$layouts" "$work/object.o" "$work/kernel.o" >"$work/got" 2>"$work/said" || result="not ok"
	grep -q "^$2: $compared compared\$" "$work/said" || result="not ok"
	[ -z "${UPDATE:-}" ] || [ "$3" != "gcc, DWARF 5" ] || cp "$work/got" "expected.$1"
	cp "expected.$1" "$work/expected"
	[ "$compared" = 28 ] || sed -i '/^struct none_of_two/,/n:/d' "$work/expected"
	cmp -s "$work/got" "$work/expected" || result="not ok"
	[ "$result" = ok ] || failed=1
	echo "$result $count - $1, $3: each difference is named, and no other"
	[ "$result" = ok ] || { cat "$work/said"; diff "$work/expected" "$work/got" || true; } | sed 's/^/# /'
}

for architecture in x86_64 i386; do
	mode=-m64
	[ "$architecture" = x86_64 ] || mode=-m32
	for version in 5 4 3 2; do
		make_pair gcc "$mode -Os -g -gdwarf-$version -gstrict-dwarf"
		check "$architecture" "DWARF, DWARF" "gcc, DWARF $version"
	done
	for version in 5 4; do
		make_pair clang "$mode -Os -g -gdwarf-$version"
		check "$architecture" "DWARF, DWARF" "clang, DWARF $version"
	done
	make_pair gcc "$mode -Os -g -gz=zlib"
	check "$architecture" "DWARF, DWARF" "gcc, packed DWARF"
	make_pair gcc "$mode -Os -g"
	to_btf "$work/kernel.o"
	check "$architecture" "DWARF, BTF" "gcc, an object's DWARF and a kernel's BTF"
	to_btf "$work/object.o"
	check "$architecture" "BTF, BTF" "gcc, BTF by pahole"
	make_pair gcc "$mode -Os -gctf -DALONE"
	check "$architecture" "CTF, CTF" "gcc, CTF" 26
done
echo "1..$count"
exit $failed
