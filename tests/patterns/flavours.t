#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# flavours.t: patches/nfs-flock.yaml, as it ships, finds its instruction in the nfs.ko of every flavour
# of Debian's kernels, and it is the one that was looked at by hand once: tests/patterns/flavours.golden
# has "RELEASE OFFSET BYTES". Of a package newer than that list it must find one, which is told.
set -euo pipefail
cd "$(dirname "$0")/../.."
patchctl=${BUILD:-build}/patchctl
golden=tests/patterns/flavours.golden
list=$(tests/guest/flavours.sh)	# it says what the mirror lists and does not have
n=0
failed=0

# found DIR: "OUTCOME OFFSET BYTES" of the site
found() {
	local btf=()
	[ ! -e "$1/vmlinuz" ] || btf=(--btf "$1/vmlinuz")
	"$patchctl" dry-run --json --image "$1"/nfs.ko* ${btf[@]+"${btf[@]}"} patches/nfs-flock.yaml |
		/usr/bin/python3 -c 'import json, sys
result = json.loads(sys.stdin.readline())
site = result["sites"][0] if result["sites"] else {}
found = site.get("found") or {}
print(result["outcome"], site.get("offset"), found.get("bytes"))
print(result["message"] or "", file=sys.stderr)'
}

while read -r release _ dir; do
	n=$((n + 1))
	read -r outcome offset bytes < <(found "$dir" 2>"${TMPDIR:-/tmp}/flavours.$$")
	want=$(grep "^$release " "$golden" || true)
	got="$release $offset $bytes"
	if [ "$outcome" = applicable ] && [ "${want:-$got}" = "$got" ]; then
		echo "ok $n - $release: nfs_flock+$offset, $bytes"
		[ -n "$want" ] || echo "# look at it by hand, and add it to $golden"
	else
		echo "not ok $n - $release: $outcome at $offset, $bytes, not ${want:-applicable}"
		sed 's/^/# /' "${TMPDIR:-/tmp}/flavours.$$"
		failed=1
	fi
	rm -f "${TMPDIR:-/tmp}/flavours.$$"
done <<<"$list"
for version in 5.10.0- 6.1.0- 6.12.; do
	n=$((n + 1))
	if grep -qF "$version" <<<"$list"; then
		echo "ok $n - there are packages of $version*"
	else
		echo "not ok $n - there are packages of $version*"
		failed=1
	fi
done
echo "1..$n"
exit $failed
