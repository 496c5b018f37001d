#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# image.sh [systemd] [i386]: makes the guests' root file system, a small Debian 12 with what the
# tests need and no kernel, with systemd or without, for amd64 or i386, and prints the file's path.
# Beside it lies its busybox, for the initramfs. Needs root.
set -euo pipefail
export LC_ALL=C
# shellcheck source=tests/guest/cache.sh
. "$(dirname "$0")/cache.sh"

# What patcherd and patchctl link, and what loads modules.
packages=(libcapstone4 libbpf1 libelf1 libyaml-0-2 libjansson4 libsqlite3-0 libsodium23 kmod
	  busybox-static)
arch=amd64 init=script apt=()
for word; do
	case $word in
	systemd) init=systemd ;;
	i386) arch=i386 ;;
	*) die "usage: image.sh [systemd] [i386]" ;;
	esac
done
name=image$(printf -- '-%s' "$@" | sed 's/^-$//')
case $init in
# What runs the tests: an NFS server and client, users. The sanitizers, where the programs are
# built with them. gdb is what `make bench` compares with.
script) packages+=(nfs-kernel-server nfs-common iproute2 procps binutils libasan8 libubsan1 gdb) ;;
# Without udev systemd waits for devices.
systemd) packages+=(systemd udev) ;;
esac

build() {
	local dir=$1
	[ "$(id -u)" = 0 ] || die "making the image needs root"
	own_sources bookworm "$arch" >"$dir/sources.list"
	mmdebstrap --quiet --variant=minbase --mode=root --arch="$arch" --format=directory \
		--include="$(IFS=,; echo "${packages[*]}")" \
		--dpkgopt=path-exclude=/usr/share/doc/* --dpkgopt=path-exclude=/usr/share/man/* \
		--dpkgopt=path-exclude=/usr/share/locale/* \
		bookworm "$dir/root" "$dir/sources.list" >&2
	mkdir -p "$dir/root/usr/lib/modules" "$dir/root/test"
	cp "$dir/root/bin/busybox" "$dir/busybox"
	make_ext4 "$dir/root.img" "$dir/root" 256
	rm -r "$dir/root" "$dir/sources.list"
}

[ "$arch" = amd64 ] || own_apt bookworm "$arch"
list=$(apt-cache "${apt[@]}" show --no-all-versions "${packages[@]}" | grep -E '^(Package|Version):')
dir=$(cached "$name" "$list" build)
echo "$dir/root.img"
