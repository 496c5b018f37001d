#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# packages.sh NAME: unpacks the newest Debian kernel of a version, the cloud one ("6.1", "6.12") or
# i386's ("6.1-686-pae"), and what builds modules for it, below the cache, and prints the directory.
# Nothing is installed. A NAME that kernels.sh builds comes from there.
#
#   DIR/release      uname -r              DIR/vmlinuz      the kernel
#   DIR/build        KDIR for modules      DIR/modules.img  /lib/modules as an ext4 image
#   DIR/lib/modules  the modules, with depmod's tables
#   DIR/arch         amd64 or i386
set -euo pipefail
export LC_ALL=C
# shellcheck source=tests/guest/cache.sh
. "$(dirname "$0")/cache.sh"

version=${1:?usage: packages.sh NAME, such as 6.1}
here=$(dirname "$0")
[ ! -e "$here/kernels/$version.config" ] || exec "$here/kernels.sh" "$version"
flavour=cloud-amd64 arch=amd64
case $version in *-686-pae) flavour=686-pae arch=i386 ;; esac
version=${version%-686-pae}
apt=(-o APT::Sandbox::User=root)	# options for apt-get and apt-cache
tools=("${apt[@]}")	# for what runs on this machine: linux-kbuild

# The newest kernel of this version that apt knows; the -unsigned and -dbg ones don't match.
newest() {
	apt-cache "${apt[@]}" pkgnames "linux-image-$version." |
		grep -E "^linux-image-[0-9][^-]*-([0-9]+-)?$flavour\$" | sort -V | tail -n 1
}

# The kernel, its headers, and what those depend on to build modules, as Package=Version lines.
wanted() {
	local release=${1#linux-image-} headers names
	headers=linux-headers-$release
	names=$(apt-cache "${apt[@]}" depends "$headers" |
		sed -nE 's/^[ |]*Depends: (linux-(headers|kbuild)-.*)/\1/p')
	{
		# shellcheck disable=SC2046	# names are words
		apt-cache "${apt[@]}" show --no-all-versions "$1" "$headers" \
			$(grep headers <<<"$names")
		apt-cache "${tools[@]}" show --no-all-versions "$(grep kbuild <<<"$names")"
	} | awk '/^Package:/ { p = $2 } /^Version:/ { v = $2 } /^SHA256:/ { print p, v, $2 }' |
		sort -u
}

unpack() {
	local dir=$1 release=$2 list=$3 deb headers
	mkdir -p "$dir/debs"
	awk '!/kbuild/ { print $1 "=" $2 }' <<<"$list" |
		(cd "$dir/debs" && xargs apt-get "${apt[@]}" -q download >&2)
	awk '/kbuild/ { print $1 "=" $2 }' <<<"$list" |
		(cd "$dir/debs" && xargs apt-get "${tools[@]}" -q download >&2)
	awk '{ print $3 }' <<<"$list" | sort >"$dir/wanted"
	sha256sum "$dir"/debs/*.deb | awk '{ print $1 }' | sort >"$dir/got"
	cmp "$dir/wanted" "$dir/got" >&2 || die "the packages downloaded are not those apt names"
	for deb in "$dir"/debs/*.deb; do
		dpkg-deb -x "$deb" "$dir"
	done
	rm -r "$dir/debs" "$dir/wanted" "$dir/got" "$dir/usr/share"
	# The headers name each other by absolute paths, as if they were installed.
	headers=usr/src/linux-headers-$release
	sed -i 's|^include /usr/src/|include $(dir $(lastword $(MAKEFILE_LIST)))../|' \
		"$dir/$headers/Makefile"
	rm -f "$dir/lib/modules/$release/build" "$dir/lib/modules/$release/source"
	ln -s "$headers" "$dir/build"
	ln -s "boot/vmlinuz-$release" "$dir/vmlinuz"
	PATH=$PATH:/sbin:/usr/sbin depmod -b "$dir" "$release"
	make_ext4 "$dir/modules.img" "$dir/lib/modules"
	echo "$arch" >"$dir/arch"
	echo "$release" >"$dir/release"
}

image=
[ "$arch" = i386 ] || image=$(newest) || image=
if [ -z "$image" ]; then
	own_apt bookworm "${arch/amd64/}"
	[ "$arch" = i386 ] || tools=("${apt[@]}")
	image=$(newest) || die "no package linux-image-$version.*-$flavour in Debian's suites"
fi
list=$(wanted "$image")
[ "$(wc -l <<<"$list")" -ge 4 ] || die "apt does not know all packages of ${image#linux-image-}: run apt-get update"
cached "kernel-${image#linux-image-}" "$list" unpack "${image#linux-image-}" "$list"
