#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# find.t: what dry-run makes of patterns, operations, variables and returns: each patch of find/ on an
# object, against its .expected file, with the types of Debian's kernel 6.1 where its first line says
# --btf; and a pattern on Debian's own nfs.ko.
#
#   tests/client/find.t [--update]	writes the .expected files anew: look at the difference
set -u
cd "$(dirname "$0")/../.." || exit 1
patchctl=$(realpath "${BUILD:-build}/patchctl") || exit 1
dir=$(tests/guest/packages.sh 6.1) || exit 1
update=${1:-}
cases=$PWD/tests/client/find
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
n=0
failed=0

result() { # "ok" or "not ok", name, file with what to say about it
	n=$((n + 1))
	echo "$1 $n - $2"
	if [ "$1" = "not ok" ]; then
		failed=1
		sed 's/^/# /' "$3"
	fi
}

# dry_run FILE ARGUMENT...: in $work, so that messages have bare names; leaves $work/out.
dry_run() {
	local status

	(cd "$work" && "$patchctl" dry-run "${@:2}" "$1" >found 2>&1)
	status=$?
	{ echo "exit $status"; cat "$work/found"; } >"$work/out"
}

"${CC:-gcc}" -c -o "$work/find.o" "$cases/find.s" || exit 1
ln -s "$dir/vmlinuz" "$work/vmlinuz"
find "$dir/lib/modules" -name nfs.ko -exec ln -s {} "$work/nfs.ko" \;
cp "$cases"/*.yaml "$work"
for file in "$cases"/*.yaml; do
	name=$(basename "$file" .yaml)
	btf=()
	head -n 1 "$file" | grep -q -e '--btf' && btf=(--btf vmlinuz)
	dry_run "$name.yaml" --image find.o "${btf[@]}"
	[ "$update" = --update ] && cp "$work/out" "$cases/$name.expected"
	if diff -u "$cases/$name.expected" "$work/out" >"$work/diff"; then
		result ok "$name"
	else
		result "not ok" "$name" "$work/diff"
	fi
done

# has NAME STATUS TEXT: the last run ended so and said that
has() {
	if grep -qx "exit $2" "$work/out" && grep -qF -- "$3" "$work/out"; then
		result ok "$1"
	else
		result "not ok" "$1" "$work/out"
	fi
}

cat >"$work/nfs.yaml" <<'EOF'
patch: nfs-flock
summary: as a user writes it
requires:
  types: {file_lock.fl_flags: 0x50}
sites:
  - function: nfs_flock
    module: nfs
    find:
      - lines:
          - testb $0x2, {file_lock.fl_flags|file_lock.c.flc_flags}(*)
          - je *
        at: 2
    replace: invert
EOF
dry_run nfs.yaml --image nfs.ko --btf vmlinuz
has "nfs_flock's test is found in Debian's nfs.ko" 0 "nfs-flock: applicable"
has "and is what its author wrote" 0 "testb \$0x2,0x50("
dry_run nfs.yaml --image nfs.ko
has "without the kernel's types it is said what to give" 8 "give --btf with the kernel's vmlinuz"
sed -i 's/: 0x50}/: 0x28}/' "$work/nfs.yaml"
dry_run nfs.yaml --image nfs.ko --btf vmlinuz
has "a kernel with another layout is refused with both numbers" 8 \
	"the patch requires file_lock.fl_flags at 0x28 (40), and on the image it is at 0x50 (80)"
build_id=$(readelf -nW "$work/nfs.ko" | sed -n 's/.*Build ID: //p')
sed -i "s/^requires:/&\n  module-build-id: [$build_id]/; s/: 0x28}/: 0x50}/" "$work/nfs.yaml"
dry_run nfs.yaml --image nfs.ko --btf vmlinuz
has "the module's own build is taken" 0 "nfs-flock: applicable"
sed -i "s/module-build-id: .*/module-build-id: [00$build_id]/" "$work/nfs.yaml"
dry_run nfs.yaml --image nfs.ko --btf vmlinuz
has "another build of the module is refused with both" 8 "and it has $build_id"
sed -i '/module-build-id/d' "$work/nfs.yaml"
digest=$("$patchctl" disassemble --digest --json --image "$work/nfs.ko" nfs_flock |
	sed -n 's/.*"digest": *"\([0-9a-f]*\)".*/\1/p')
sed "s/module: nfs/&\n    function-digest: $digest/" "$work/nfs.yaml" >"$work/digest.yaml"
dry_run digest.yaml --image nfs.ko --btf vmlinuz
has "the digest that disassemble prints is taken" 0 "nfs-flock: applicable"
sed -i 's/function-digest: ./&0/; s/\(function-digest: .\{64\}\)./\1/' "$work/digest.yaml"
dry_run digest.yaml --image nfs.ko --btf vmlinuz
has "another digest is refused with both" 8 "$digest"

cat >"$work/key.s" <<'S'
	.globl keyed
	.type keyed, @function
keyed:	test %edi, %edi
1:	.byte 0x0f, 0x1f, 0x44, 0, 0
	xor %eax, %eax
2:	ret
	.size keyed, . - keyed
	.section __jump_table, "aw"
	.long 1b - ., 2b - .
	.quad key - .
	.data
key:	.quad 0, 0
S
"${CC:-gcc}" -c -o "$work/key.o" "$work/key.s"
printf '%s\n' 'patch: key' 'summary: a nop that the kernel has put there' 'sites:' \
	'  - function: keyed' '    offset: 2' '    expect: {asm: "call *"}' '    replace: nop' \
	>"$work/key.yaml"
dry_run key.yaml --image key.o
has "a static key's nop is not what nop has left" 5 'expected "call *", found 0f 1f 44 00 00'
echo "1..$n"
exit $failed
