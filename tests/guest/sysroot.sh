#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# sysroot.sh PACKAGE…: unpacks i386's packages of Debian 12, with all they depend on and what gcc -m32
# links, below the cache, and prints the directory. Nothing is installed, and the machine needs
# not know the architecture.
set -euo pipefail
export LC_ALL=C
# shellcheck source=tests/guest/cache.sh
. "$(dirname "$0")/cache.sh"

packages=(libc6-dev libgcc-12-dev "$@")

unpack() {
	local dir=$1 deb link
	mkdir -p "$dir/debs/partial"
	apt-get "${install[@]}" --download-only -o "Dir::Cache::Archives=$dir/debs" >&2
	for deb in "$dir"/debs/*.deb; do
		dpkg-deb -x "$deb" "$dir"
	done
	rm -r "$dir/debs" "$dir/usr/share"
	# Links that begin at the root would lead to the machine's own files.
	find "$dir" -type l -lname '/*' -printf '%P\n' | while read -r link; do
		ln -sfr "$dir$(readlink "$dir/$link")" "$dir/$link"
	done
}

own_apt bookworm i386
install=("${apt[@]}" -q -y --no-install-recommends install "${packages[@]}")
list=$(apt-get "${install[@]}" --simulate | sed -n 's/^Inst //p')
[ -n "$list" ] || die "apt does not know all of: ${packages[*]}"
cached sysroot-i386 "$list" unpack
