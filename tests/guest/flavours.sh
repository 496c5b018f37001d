#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# flavours.sh: takes nfs.ko, and on amd64 vmlinuz, which has the types, out of the newest package of
# each flavour of 5.10, 6.1 and 6.12 that Debian 11 and 12 have for amd64 and i386. Prints a line for
# each, "RELEASE ARCH DIR"; DIR lies below the cache. Some 900 MB are fetched the first time.
set -euo pipefail
export LC_ALL=C
# shellcheck source=tests/guest/cache.sh
. "$(dirname "$0")/cache.sh"

# What is looked for: suite, architecture, what the release begins with, flavours.
rows='bullseye amd64 5.10.0- amd64 cloud-amd64 rt-amd64
bullseye i386 5.10.0- 686 686-pae rt-686-pae
bullseye amd64 6.1.0-0.deb11. amd64 cloud-amd64 rt-amd64
bookworm amd64 6.1.0- amd64 cloud-amd64 rt-amd64
bookworm i386 6.1.0- 686 686-pae rt-686-pae
bookworm amd64 6.12. amd64 cloud-amd64 rt-amd64'

# packages BEGINNING FLAVOUR: the newest first
packages() {
	apt-cache "${apt[@]}" pkgnames "linux-image-$1" |
		grep -E "^linux-image-${1//./\\.}[0-9]+(\+deb[0-9]+)?-$2\$" | sort -rV
}

# sum PACKAGE: the package's SHA-256
sum() {
	apt-cache "${apt[@]}" show --no-all-versions "$1" | sed -n 's/^SHA256: //p'
}

# unpack DIR PACKAGE SUM
unpack() {
	(cd "$1" && apt-get "${apt[@]}" -q download "$2" >&2)
	echo "$3 $(echo "$1"/*.deb)" | sha256sum -c --status || die "$2 is not the one that apt names"
	mkdir "$1/all"
	dpkg-deb -x "$1"/*.deb "$1/all"
	mv "$(find "$1/all/lib/modules" -name 'nfs.ko*')" "$1"
	case $2 in *amd64) mv "$1"/all/boot/vmlinuz-* "$1/vmlinuz" ;; esac
	rm -r "$1/all" "$1"/*.deb
}

# one SUITE ARCH PACKAGE: prints its line; fails where the mirror does not have what it lists.
one() {
	local sum dir
	own_apt "$1" "${2/amd64/}"
	sum=$(sum "$3")
	dir=$(cached "flavour-${3#linux-image-}" "$sum" unpack "$3" "$sum")
	echo "${3#linux-image-} $2 $dir"
}

# any SUITE ARCH PACKAGE…: of the first that can be had. A process for each, so that a failure in one
# ends that one at once.
any() {
	local package
	for package in "${@:3}"; do
		"$0" "$1" "$2" "$package" && return
		echo "${0##*/}: $package cannot be had, the one before it is looked for" >&2
	done
	echo "${0##*/}: $1 lists ${*:3}, and its mirror has none of them any more" >&2
}

if [ $# = 3 ]; then
	one "$@"
	exit
fi
while read -r suite arch beginning flavours; do
	own_apt "$suite" "${arch/amd64/}"
	for flavour in $flavours; do
		# shellcheck disable=SC2046	# names are words
		any "$suite" "$arch" $(packages "$beginning" "$flavour") </dev/null
	done
done <<<"$rows"
