#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels.sh NAME: builds a kernel that Debian has no package of, from the source of Debian 11 and
# kernels/common.config and kernels/NAME.config, below the cache, and prints the directory. It has
# what a directory of packages.sh has, and build/vmlinux and build/System.map.
set -euo pipefail
export LC_ALL=C
here=$(dirname "$0")
# shellcheck source=tests/guest/cache.sh
. "$here/cache.sh"

apt=()	# options for apt-get and apt-cache: own_apt's
name=${1:?usage: kernels.sh NAME, such as 5.10-kmem}
fragments=("$here/kernels/common.config" "$here/kernels/$name.config")
package=linux-source-${name%%-*}
[ -f "${fragments[1]}" ] || die "there is no $here/kernels/$name.config"

unpack() {
	local dir=$1
	(cd "$dir" && apt-get "${apt[@]}" -q download "$package=$version" >&2)
	dpkg-deb --fsys-tarfile "$dir"/*.deb | tar -xO "./usr/src/$package.tar.xz" |
		tar -xJ -C "$dir" --strip-components=1
	rm "$dir"/*.deb
}

# What a fragment asks for and the configuration has not: an option that is misspelt or whose
# dependencies are missing is silently left out.
missing() {
	sed -nE 's/^# (CONFIG_[^ ]*) is not set$/\1=/p' "$2" | grep -Fo -f - "$1" | sed 's/$/y is set/'
	grep '^CONFIG_' "$2" | grep -vxF -f "$1"
}

build() {
	local dir=$1 make arch=amd64 lacking
	cat "${fragments[@]}" >"$dir/fragment"
	grep -qxF 'CONFIG_64BIT=y' "$dir/fragment" || arch=i386
	make=(nice -n 15 make -s -j2 -C "$source" "O=$dir/build" "ARCH=${arch/amd64/x86_64}"
	      KBUILD_BUILD_USER=patcherd KBUILD_BUILD_HOST=guest)
	{
		mkdir "$dir/build"
		"${make[@]}" "KCONFIG_ALLCONFIG=$dir/fragment" allnoconfig
		lacking=$(missing "$dir/build/.config" "$dir/fragment") || true
		[ -z "$lacking" ] || die "$name's configuration has not: $lacking"
		"${make[@]}" bzImage modules
		PATH=$PATH:/sbin:/usr/sbin "${make[@]}" "INSTALL_MOD_PATH=$dir" modules_install
	} >&2
	cp "$dir/build/arch/x86/boot/bzImage" "$dir/vmlinuz"
	cp "$dir/build/include/config/kernel.release" "$dir/release"
	echo "$arch" >"$dir/arch"
	rm -r "$dir"/lib/modules/*/{build,source} "$dir/fragment" "$dir/build/arch/x86/boot"
	# Modules are built with the headers and with programs, which are below scripts and tools.
	find "$dir/build" \( -name scripts -o -name tools \) -prune -o \
		\( -name '*.[oa]' -o -name '.tmp_*' \) -type f -exec rm {} +
	# So few that the share that make_ext4 adds does not hold the file system's own blocks.
	make_ext4 "$dir/modules.img" "$dir/lib/modules" 16
}

own_apt bullseye
version=$(apt-cache "${apt[@]}" show --no-all-versions "$package" | sed -n 's/^Version: //p')
[ -n "$version" ] || die "Debian 11's suites have no package $package"
source=$(cached "$package" "$version" unpack)
cached "kernel-$name" "$version $(cat "${fragments[@]}")" build
