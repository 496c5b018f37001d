#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# disassemble.t: what disassemble and symbols show of object files: branches, targets by their
# relocations, source lines, members, digests.
set -euo pipefail
cd "$(dirname "$0")/../.."
patchctl=${BUILD:-build}/patchctl
dir=$(tests/guest/packages.sh "${KERNEL:-6.1}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tap_out=$work/tap
. tests/guest/tap.sh

# run ARGUMENT...: its output in out and err
status=0
run()
{
	status=0
	"$patchctl" "$@" >"$work/out" 2>"$work/err" || status=$?
}
exits()
{
	[ "$status" = "$1" ] || { echo "it exits with $status, not $1"; cat "$work/err"; return 1; }
}
says()
{
	grep -qF -- "$1" "$work/out" "$work/err" || { cat "$work/out" "$work/err"; return 1; }
}
refused()
{
	exits "$1" && says "$2"
}

cat >"$work/a.s" <<'S'
	.globl f, g
	.type f, @function
f:	test %edi,%edi
	je 1f
2:	dec %edi
	jne 2b
	call outside
1:	jmp g
	.size f, . - f
	.type g, @function
g:	mov $5,%eax
	ret
	.size g, . - g
S
gcc -c -o "$work/a.o" "$work/a.s"
cat >"$work/want" <<'S'
+0x0    85 ff               test %edi,%edi
+0x2    74 09           /---- je f+0xd
+0x4    ff cf          | /-> dec %edi
+0x6    75 fc          | \-- jne f+0x4
+0x8    e8 00 00 00 00 |     call outside
+0xd    eb 00           \---> jmp g
S
run disassemble f --image "$work/a.o"
tail -n +2 "$work/out" | cut -d ' ' -f 3- >"$work/got"
ok "branches are drawn, the shortest inside" diff -wu "$work/want" "$work/got"
ok "each line has its own column for them" eval \
	'[ "$(sed -n "s/\(.*\)\(test\|je\|dec\|jne\|call\|jmp\) .*/\1/p" "$work/got" | awk "{ print length }" | sort -u | wc -l)" = 1 ]'

# 13 branches, each inside the one before; and two to one place
{
	printf '\t.globl f\n\t.type f, @function\nf:\n'
	for i in {1..13}; do echo "je ${i}f"; done
	for i in {13..1}; do echo "$i: nop"; done
	printf '1: nop\nje 1b\nje 1b\n\t.size f, . - f\n'
} | as -o "$work/lanes.o"
cat >"$work/want" <<'S'
74 24                            je f+0x26
74 21  /------------------------ je f+0x25
74 1e  | /---------------------- je f+0x24
74 00  | | | | | | | | | | | /-- je f+0x1a
90     \-----------------------> nop
90                               nop
90                           +-> nop
74 fd                        \-- je f+0x27
74 fb                        \-- je f+0x27
S
run disassemble f --image "$work/lanes.o"
sed -n '2,4p; 14p; 26,$p' "$work/out" | cut -c 18- >"$work/got"
ok "the longest are left out where twelve stand side by side, and those to one place share theirs" \
	diff -wu "$work/want" "$work/got"

run disassemble f+0x6 --image "$work/a.o"
ok "an offset marks its line" grep -q '^=> .*jne f+0x4' "$work/out"
run disassemble f+5 --image "$work/a.o"
ok "an offset inside an instruction is refused" refused 5 "inside the instruction at +0x4"
run disassemble f+0x40 --image "$work/a.o"
ok "one past the end, too" refused 5 "past the end of the function, which is 0xf bytes"
run disassemble f+0x --image "$work/a.o"
ok "one that is no number, too" refused 2 "expected an offset"

module=$(find "$dir/lib/modules" -name 'nfs.ko*' | head -n 1)
run disassemble nfs_flock --image "$module"
ok "a module's relocations tell what it calls" says "call __fentry__"
ok "and how it returns" says "jmp __x86_return_thunk"
run disassemble __fentry__ --image "$module"
ok "what it only refers to is none of its functions" refused 6 "no function __fentry__"

run disassemble nfs_flock --image "$module" --btf "$dir/vmlinuz" --type rbx=file_lock
ok "members are named" grep -q 'testb $0x2,0x50(%rbx) .*# file_lock.fl_flags' "$work/out"
run disassemble nfs_flock --image "$module" --btf "$dir/vmlinuz" --type ebx=file_lock --json
ok "and so in JSON, by any width of the register" says '"member":"file_lock.fl_flags"'
run disassemble nfs_flock --image "$module" --btf "$dir/vmlinuz" --type rbx=file_loc
ok "an unknown type is refused, near ones named" refused 6 file_lock_context
run disassemble nfs_flock --image "$module" --type rbx
ok "a --type that is none is refused" refused 2 "expected REGISTER=TYPE"

printf 'int h(int a)\n{\n\tif (a)\n\t\treturn 3;\n\treturn a + 40;\n}\n' >"$work/h.c"
gcc -g -O1 -c -o "$work/h.o" "$work/h.c"
run disassemble h --image "$work/h.o"
ok "source lines stand above their instructions" says "h.c:4:"
run disassemble h --image "$work/h.o" --json
ok "and in JSON beside them" grep -q '"source":"[^"]*h.c:4"' "$work/out"

# digest IMAGE FUNCTION
digest()
{
	"$patchctl" disassemble --digest --image "$1" "$2" | sed -n 's/^function-digest: //p'
}
# variant SED-SCRIPT: whether a.s changed so has the same digest of f
variant()
{
	sed "$1" "$work/a.s" >"$work/b.s"
	gcc -c -o "$work/b.o" "$work/b.s"
	[ "$(digest "$work/a.o" f)" = "$(digest "$work/b.o" f)" ]
}
ok "a digest has 64 digits" eval '[[ $(digest "$work/a.o" f) =~ ^[0-9a-f]{64}$ ]]'
ok "what a function calls does not count in it" variant 's/outside/elsewhere/'
ok "nor does where it lies" variant '1i\	.text\n	.skip 16, 0x90'
ok "an instruction does" eval '! variant "s/dec %edi/inc %edi/"'
cat >"$work/d.s" <<'S'
	.globl f
	.type f, @function
f:	call __fentry__
1:	jmp __x86_return_thunk
	.size f, . - f
	.section __mcount_loc, "a"
	.quad f
	.section .return_sites, "a"
	.long 1b - .
S
gcc -c -o "$work/d.o" "$work/d.s"
run disassemble f --digest --image "$work/d.o"
ok "a function of nothing that stays has no digest" refused 8 "the kernel rewrites each byte of f"
ok "the digest of a packed module is that of the plain one" eval '
	xz -dc "$module" >"$work/nfs.ko" 2>/dev/null || cp "$module" "$work/nfs.ko"
	xz -kf --check=crc32 "$work/nfs.ko"
	[ "$(digest "$work/nfs.ko" nfs_flock)" = "$(digest "$work/nfs.ko.xz" nfs_flock)" ]'
tests/tools/extract-vmlinux "$dir/vmlinuz" "$work/vmlinux"
text=$(readelf -SW "$work/vmlinux" | awk '{ sub(/^ *\[ *[0-9]+\]/, "") } $1 == ".text" { print $3 }')
printf '%s T _text\n%s T _stext\n%x t some\n%x T behind\n' "$text" "$text" \
	$((16#$text + 4096)) $((16#$text + 4200)) >"$work/map"
run disassemble some --digest --image "$dir/vmlinuz" --system-map "$work/map"
ok "a vmlinuz says what a move of the kernel changes" exits 0
size=$(readelf -hW "$work/vmlinux" | awk '/Start of section headers/ { start = $5 }
	/Size of section headers/ { size = $5 } /Number of section headers/ { print start + size * $5 }')
head -c "$size" "$work/vmlinux" >"$work/cut"
run disassemble some --digest --image "$work/cut" --system-map "$work/map"
ok "without that there is no digest, and it says why" refused 8 "stand behind the vmlinux in a vmlinuz"

run symbols 'nfs_f*k' --image "$module"
ok "symbols are found by a pattern" grep -qE '^0x[0-9a-f]+ +122 T nfs_flock \[nfs\]$' "$work/out"
ok "and no others" eval '! grep -v nfs_f "$work/out"'
run symbols 'nfs_f*k' --image "$module" --json
ok "and in JSON" says '"name":"nfs_flock"'
run symbols nfs_floc --image "$module"
ok "none is not-found" refused 6 "*nfs_floc*"
run symbols 'nfs_floc?' --image "$module" --module nfsd
ok "of a pattern no other is tried" eval 'refused 6 "in module nfsd" && ! says "try"'
tap_end
