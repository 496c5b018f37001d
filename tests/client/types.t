#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# types.t: patchctl types on Debian's kernels 6.1 and 6.12 as they are packaged: the kernel's types from
# its vmlinuz, and those of nfs.ko on top of them; and what is said where they are not.
set -euo pipefail
cd "$(dirname "$0")/../.."
patchctl=${BUILD:-build}/patchctl
python=/usr/bin/python3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0
failed=0
status=0

ok()
{
	n=$((n + 1))
	if "${@:2}"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "# status $status"
		head -n 40 "$work/out" | sed 's/^/# out: /'
		sed 's/^/# err: /' "$work/err"
		failed=1
	fi
}

# run ARGUMENT...: leaves $status, $work/out and $work/err.
run()
{
	status=0
	"$patchctl" types "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
}
exits() { [ "$status" = "$1" ]; }
err_has() { grep -qF -- "$1" "$work/err"; }
# line TEXT: a line of the output is this one, runs of blanks aside.
line() { grep -qxF -- "$1" < <(sed 's/^[ \t]*//' "$work/out" | tr -s ' '); }
# The output is one JSON object, and the expression holds of its rows, `r`.
json()
{
	"$python" -c 'import json, sys
r = json.load(open(sys.argv[1]))["rows"]
sys.exit(not eval("(" + sys.argv[2] + ")"))' "$work/out" "$1"
}

module()
{
	local packed
	packed=$(find "$1/lib/modules" -name 'nfs.ko*' | head -n 1)
	case $packed in
	*.xz) xz -dc "$packed" >"$2" ;;
	*) cp "$packed" "$2" ;;
	esac
}

old=$(tests/guest/packages.sh 6.1)
new=$(tests/guest/packages.sh 6.12)
module "$old" "$work/nfs-6.1.ko"
module "$new" "$work/nfs-6.12.ko"

# --- a kernel's types, from a vmlinuz (6.1: lz4, 6.12: zstd) ---
run --btf "$old/vmlinuz" file_lock
ok "a struct of 6.1 is laid out as pahole lays it out" eval 'exits 0 && [ ! -s "$work/err" ] &&
	[ "$(head -n 1 "$work/out")" = "struct file_lock {" ] &&
	line "unsigned int fl_flags; /* 80 4 */" && line "/* XXX 3 bytes hole, try to pack */" &&
	line "/* --- cacheline 1 boundary (64 bytes) was 8 bytes ago --- */" &&
	line "struct list_head fl_list; /* 8 16 */" && line "} afs; /* 184 24 */" &&
	line "} fl_u; /* 184 32 */" &&
	line "/* size: 216, cachelines: 4, members: 20 */" &&
	line "/* sum members: 213, holes: 1, sum holes: 3 */" &&
	line "/* last cacheline: 24 bytes */" && [ "$(tail -n 1 "$work/out")" = "};" ]'
run --btf "$new/vmlinuz" file_lock
ok "the same struct of 6.12 is another one" eval 'exits 0 &&
	line "struct file_lock_core c; /* 0 128 */"'
run --btf "$old/vmlinuz" sk_buff
ok "bitfields have the bit they begin with, and their holes" eval 'exits 0 &&
	line "__u8 cloned:1; /* 126: 0 1 */" && line "__u8 fclone:2; /* 126: 2 1 */" &&
	line "/* XXX 4 bits hole, try to pack */" &&
	line "void (*destructor)(struct sk_buff *); /* 96 8 */" && line "char cb[48]; /* 40 48 */"'

path='file_lock.fl_flags|file_lock.c.flc_flags'
run --btf "$old/vmlinuz" --json "$path"
ok "--json gives a member of 6.1 by one name" json \
	'[(x["name"], x["offset"], x["size"], x["bit_size"], x["depth"]) for x in r] ==
		[("fl_flags", 80, 4, None, 0)]'
run --btf "$new/vmlinuz" --json "$path"
ok "and of 6.12 by the other" json '[(x["name"], x["size"]) for x in r] == [("flc_flags", 4)]'
run --btf "$old/vmlinuz" --json sk_buff.cloned
ok "--json gives a bitfield's bits" json '[(x["name"], x["offset"], x["bit_offset"], x["bit_size"])
	for x in r] == [("cloned:1", 126, 0, 1)]'
run --btf "$old/vmlinuz" --json file.f_op
here=$(cat "$work/out")
run --btf "$new/vmlinuz" --json file.f_op
ok "a member that moved between the two has moved" [ "$here" != "$(cat "$work/out")" ]

# --- a module, on top of its kernel's ---
for kernel in 6.1 6.12; do
	[ "$kernel" = 6.1 ] && dir=$old || dir=$new
	run --image "$work/nfs-$kernel.ko" --btf "$dir/vmlinuz" --json nfs_direct_req
	ok "a struct that only nfs.ko of $kernel has is found in it" json \
		'r[0]["type"] == "struct nfs_direct_req" and
		 any(x["name"] == "inode" and x["type"] == "struct inode *" for x in r)'
	run --image "$work/nfs-$kernel.ko" --btf "$dir/vmlinuz" --json nfs_direct_req.kref.refcount
	ok "and leads on into a struct of its kernel" json \
		'(r[0]["type"], r[0]["name"], r[0]["size"]) == ("refcount_t", "refcount", 4)'
done
run --btf "$old/vmlinuz" nfs_direct_req
ok "the kernel alone does not have it" eval 'exits 6 &&
	err_has "nfs_direct_req is only declared in"'
run --image "$work/nfs-6.1.ko" file_lock
ok "without the kernel's types a module says what is missing" eval 'exits 6 &&
	err_has "nfs-6.1.ko has type information that goes on from that of its kernel: give --btf"'
run --image "$work/nfs-6.1.ko" --btf "$new/vmlinuz" file_lock
ok "on those of another kernel it is refused" eval 'exits 1 &&
	err_has "another build of the kernel"'
run --btf "$work/nfs-6.1.ko" file_lock
ok "a module's types are no kernel's" eval 'exits 1 && err_has "give the kernel'"'"'s vmlinuz"'

# --- a vmlinux has them itself; raw BTF; a file of a program has none ---
tests/tools/extract-vmlinux "$old/vmlinuz" "$work/vmlinux"
run --image "$work/vmlinux" file_lock.fl_flags
ok "a vmlinux has its own types" eval 'exits 0 && line "unsigned int fl_flags; /* 80 4 */"'
objcopy --dump-section .BTF="$work/raw" "$work/vmlinux" /dev/null
run --btf "$work/raw" file_lock.fl_flags
ok "raw BTF is taken as such" eval 'exits 0 && line "unsigned int fl_flags; /* 80 4 */"'
head -c 100000 "$work/raw" >"$work/short"
run --btf "$work/short" file_lock
ok "half of it is refused" eval 'exits 1 && err_has "short: damaged type information (BTF)"'
run --btf /bin/true file_lock
ok "a file without types is refused" eval 'exits 1 && err_has "/bin/true: it has no type information"'
run --btf "$0" file_lock
ok "what is no such file is told what --btf takes" eval 'exits 1 && err_has "a vmlinux or a vmlinuz"'

# --- what is wrong is said ---
run --btf "$work/raw" file_lock.fl_flgs
ok "a member that is not there is told with those like it" eval 'exits 6 &&
	err_has "struct file_lock has no member fl_flgs; like it: fl_flags"'
run --btf "$work/raw" fil_lock
ok "so is a type" eval 'exits 6 && err_has "there is no struct or union fil_lock" &&
	err_has "like it: file_lock"'
run --btf "$work/raw" file_lock.
ok "what is no name is a wrong command line" eval 'exits 2 &&
	err_has "no name of a member behind a dot"'
run --btf "$work/raw" --module nfs file_lock
ok "--module is for the running kernel" eval 'exits 2 && err_has "leave out --module"'

echo "1..$n"
exit $failed
