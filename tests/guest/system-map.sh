#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# system-map.sh RELEASE: prints the path of the System.map of Debian's i386 kernel of that release,
# below the cache. It is of the package of debugging symbols, of which nothing else is kept: that has
# 765 MB for 6.1 686-pae.
set -euo pipefail
export LC_ALL=C
# shellcheck source=tests/guest/cache.sh
. "$(dirname "$0")/cache.sh"

release=${1:?usage: system-map.sh RELEASE, such as 6.1.0-50-686-pae}
package=linux-image-$release-dbg
apt=()	# options for apt-get and apt-cache: own_apt's

# dpkg-deb ends early, when tar has what it was asked for.
extract() {
	local dir=$1
	(cd "$dir" && apt-get "${apt[@]}" -q download "$package=$version" >&2)
	{ dpkg-deb --fsys-tarfile "$dir"/*.deb 2>/dev/null || true; } |
		tar -xO --occurrence=1 "./usr/lib/debug/boot/System.map-$release" >"$dir/System.map"
	rm "$dir"/*.deb
}

own_apt bookworm i386
version=$(apt-cache "${apt[@]}" show --no-all-versions "$package" | sed -n 's/^Version: //p')
[ -n "$version" ] || die "Debian 12's suites have no package $package"
echo "$(cached "system-map-$release" "$version" extract)/System.map"
