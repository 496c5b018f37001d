#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernel.t: real files of the kernel. Compiled anew in a way that must not matter, derive finds no
# difference; with the one line changed that began this program, it finds that one.
set -euo pipefail
cd "$(dirname "$0")/../.."
patchctl=$PWD/${BUILD:-build}/patchctl
kernel=$(tests/guest/kernels.sh 5.10-kmem)
source=$(readlink -f "$kernel/build/source")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0
failed=0

ok()
{
	n=$((n + 1))
	if "${@:2}" >"$work/said" 2>&1; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/# /' "$work/said"
		failed=1
	fi
}

# DIRECTORY FILE...: each is compiled where its own headers lie beside it
groups=("fs/nfs file dir write" "fs/ext4 namei extents" "fs/fat fatent" "net/sunrpc clnt sched"
        "lib rhashtable" "drivers/net loopback")
files=()
for group in "${groups[@]}"; do
	read -ra names <<<"$group"
	dir=${names[0]//\//-}
	mkdir -p "$work/tree/$dir"
	cp "$source/${names[0]}"/*.h "$work/tree/$dir/" 2>/dev/null || true
	echo "obj-m += $dir/" >>"$work/tree/Kbuild"
	for name in "${names[@]:1}"; do
		cp "$source/${names[0]}/$name.c" "$work/tree/$dir/"
		echo "obj-m += $name.o" >>"$work/tree/$dir/Makefile"
		files+=("$dir/$name")
	done
done

# make_objects DIR FLAGS FILE...: compiles them, and moves the objects there
make_objects()
{
	local file
	make -s -j2 -C "$kernel/build" "M=$work/tree" KCFLAGS="-w $2" "${@:3}" >"$work/make" 2>&1 ||
		{ sed 's/^/# /' "$work/make"; echo "Bail out! the kernel's files do not compile"; exit 1; }
	for file in "${@:3}"; do
		mkdir -p "$work/$1/${file%/*}"
		mv "$work/tree/$file" "$work/$1/$file"
	done
}

same()
{
	"$patchctl" derive "$work/old/$1.o" "$work/new/$1.o" >"$work/out" 2>"$work/err" || { cat "$work/err"; return 1; }
	[ ! -s "$work/out" ] && grep -Eq '^no difference in [1-9][0-9]+ functions$' "$work/err" ||
		{ cat "$work/err" "$work/out"; return 1; }
}

make_objects old "" "${files[@]/%/.o}"
# other sections, other names of the compiler's, debug information, and remarks below the code
for file in "${files[@]}"; do
	printf '\n/* a remark */\n' >>"$work/tree/$file.c"
done
make_objects new "-frandom-seed=another -ffunction-sections -g" "${files[@]/%/.o}"
for file in "${files[@]}"; do
	ok "$file.o, compiled anew, does not differ" same "$file"
done

# the fix of 2007: flock() on NFS is refused
sed -i '/^int nfs_flock(/,/^}/s/if (!(fl->fl_flags & FL_FLOCK))/if (fl->fl_flags \& FL_FLOCK)/' \
	"$work/tree/fs-nfs/file.c"
make_objects fixed "" fs-nfs/file.o

derived()
{
	"$patchctl" derive --module nfs --name nfs-flock "$work/old/fs-nfs/file.o" \
		"$work/fixed/fs-nfs/file.o" >"$work/nfs-flock.yaml" 2>"$work/err" &&
		grep -q '^nfs_flock: in-place' "$work/err" &&
		[ "$(grep -c '^  - function:' "$work/nfs-flock.yaml")" = 1 ] &&
		grep -q 'replace: invert' "$work/nfs-flock.yaml" || { cat "$work/err" "$work/nfs-flock.yaml"; return 1; }
}
ok "the change of one line is one instruction, inverted" derived

# dry OBJECT STATUS
dry()
{
	local status=0
	"$patchctl" dry-run --image "$1" "$work/nfs-flock.yaml" || status=$?
	[ "$status" = "$2" ]
}
ok "it is applicable on the module that the kernel was built with" \
	dry "$kernel"/lib/modules/*/kernel/fs/nfs/nfs.ko 0
ok "and there already in the object of the changed source" dry "$work/fixed/fs-nfs/file.o" 4

echo "1..$n"
exit $failed
