#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# image.sh [systemd]: makes the guests' root file system, a small Debian 12 with what the tests
# need and no kernel, with systemd or without, and prints the file's path. Needs root.
set -euo pipefail
export LC_ALL=C
# shellcheck source=tests/guest/cache.sh
. "$(dirname "$0")/cache.sh"

# What patcherd and patchctl link, and what loads modules.
packages=(libcapstone4 libelf1 libyaml-0-2 libjansson4 libsqlite3-0 libsodium23 kmod)
name=image${1:+-$1}
case ${1:-} in
# What runs the tests: an NFS server and client, users. The sanitizers, where the programs are
# built with them. gdb is what `make bench` compares with.
'') packages+=(nfs-kernel-server nfs-common iproute2 procps binutils libasan8 libubsan1 gdb) ;;
# Without udev systemd waits for devices.
systemd) packages+=(systemd udev) ;;
*) die "usage: image.sh [systemd]" ;;
esac

build() {
	local dir=$1
	[ "$(id -u)" = 0 ] || die "making the image needs root"
	own_sources >"$dir/sources.list"
	mmdebstrap --quiet --variant=minbase --mode=root --format=directory \
		--include="$(IFS=,; echo "${packages[*]}")" \
		--dpkgopt=path-exclude=/usr/share/doc/* --dpkgopt=path-exclude=/usr/share/man/* \
		--dpkgopt=path-exclude=/usr/share/locale/* \
		bookworm "$dir/root" "$dir/sources.list" >&2
	mkdir -p "$dir/root/usr/lib/modules" "$dir/root/test"
	make_ext4 "$dir/root.img" "$dir/root" 256
	rm -r "$dir/root" "$dir/sources.list"
}

list=$(apt-cache show --no-all-versions "${packages[@]}" | grep -E '^(Package|Version):')
dir=$(cached "$name" "$list" build)
echo "$dir/root.img"
