#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# image.sh: makes the guests' root file system, a small Debian 12 with what the tests need and
# neither kernel nor systemd, and prints the file's path. Needs root.
set -euo pipefail
export LC_ALL=C
# shellcheck source=tests/guest/cache.sh
. "$(dirname "$0")/cache.sh"

# What runs the tests: an NFS server and client, kernel modules, users.
# What patcherd and patchctl link, and the sanitizers where they are built with them.
# gdb is what `make bench` compares with.
packages=(nfs-kernel-server nfs-common kmod iproute2 procps
	libcapstone4 libelf1 libyaml-0-2 libjansson4 libsqlite3-0 libsodium23 binutils
	libasan8 libubsan1 gdb)

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
dir=$(cached image "$list" build)
echo "$dir/root.img"
