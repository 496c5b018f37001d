#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# images.t: what --image takes besides a plain ELF file: modules and a vmlinuz as Debian packs them, of
# kernel 6.1 or the one that KERNEL names.
set -euo pipefail
cd "$(dirname "$0")/../.."
patchctl=${BUILD:-build}/patchctl
dir=$(tests/guest/packages.sh "${KERNEL:-6.1}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tap_out=$work/tap
. tests/guest/tap.sh

# listing IMAGE SYMBOL [OPTION...]: what disassemble says, but for the image's own path
listing()
{
	"$patchctl" disassemble --json --image "$1" "${@:3}" "$2" | sed 's,"path": *"[^"]*",,'
}
# same IMAGE: the packed module says what the plain one says
same()
{
	cmp <(listing "$1" nfs_flock) "$work/plain"
}
refused()
{
	! "$patchctl" disassemble --image "$1" nfs_flock >"$work/out" 2>"$work/err" &&
		grep -q "$2" "$work/err" || { cat "$work/out" "$work/err"; return 1; }
}

module=$(find "$dir/lib/modules" -name 'nfs.ko*' | head -n 1)
case $module in
*.xz) xz -dc "$module" >"$work/nfs.ko" ;;
*) cp "$module" "$work/nfs.ko" ;;
esac
listing "$work/nfs.ko" nfs_flock >"$work/plain"
ok "a plain module has nfs_flock" grep -q nfs_flock "$work/plain"
gzip -k "$work/nfs.ko"
xz -k --check=crc32 --lzma2=dict=1MiB "$work/nfs.ko"	# scripts/Makefile.modinst
zstd -q "$work/nfs.ko"
for packed in "$work"/nfs.ko.{gz,xz,zst}; do
	ok "${packed##*/} is the same as nfs.ko" same "$packed"
	head -c 30000 "$packed" >"$work/short"
	ok "half of ${packed##*/} is refused" refused "$work/short" "short: it is cut short"
done

# A packed kernel has no symbols: some of its own code, at the address the linker gave it.
tests/tools/extract-vmlinux "$dir/vmlinuz" "$work/vmlinux"
text=$(readelf -SW "$work/vmlinux" | awk '{ sub(/^ *\[ *[0-9]+\]/, "") } $1 == ".text" { print $3 }')
printf '%s T _stext\n%s t somewhere\n%x T behind\n' "$text" "$text" $((16#$text + 64)) >"$work/map"
ok "a vmlinuz without a System.map is refused with what to do" \
	refused "$dir/vmlinuz" "give the System.map"
listing "$work/vmlinux" somewhere --system-map "$work/map" >"$work/plain"
ok "a vmlinux with a System.map is read" grep -q somewhere "$work/plain"
ok "a vmlinuz is the same as its vmlinux" \
	cmp <(listing "$dir/vmlinuz" somewhere --system-map "$work/map") "$work/plain"
tap_end
