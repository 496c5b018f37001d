#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# units.t: what the units of systemd/ do by themselves, without a systemd.
set -u
work=$(mktemp -d "${TMPDIR:-/tmp}/units.XXXXXX")
trap 'rm -rf "$work"' EXIT
n=0 failed=0

# ok NAME COMMAND…
ok() {
	n=$((n + 1))
	if "${@:2}" >"$work/out" 2>&1; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/# /' "$work/out"
		failed=1
	fi
}

# stopped: what patcherd.socket runs when it is stopped, on a directory of ours.
stopped() {
	local command
	command=$(sed -n 's/^ExecStopPost=-//p' systemd/patcherd.socket)
	eval "$(sed "s,/var/lib/patcherd,$work,g; s,\\$\\$,\$,g" <<<"$command")"
}

# marker BOOT_ID PATCH
marker() {
	echo "{\"boot_id\":\"$1\",\"at\":\"2026-11-21T14:03:09Z\",\"sha256\":\"00\",\"until\":1}" \
		>"$work/applying/$2"
}

mkdir "$work/applying"
stopped 2>/dev/null
marker "$(cat /proc/sys/kernel/random/boot_id)" this
marker "$(cat /proc/sys/kernel/random/boot_id)" this-too
marker 01234567-89ab-cdef-0123-456789abcdef crashed
stopped 2>/dev/null
ok "an orderly end of the machine forgets what was marked in this boot" \
	test ! -e "$work/applying/this" -a ! -e "$work/applying/this-too"
ok "and not the marker of a boot that crashed, which patcherd has not seen yet" \
	test -e "$work/applying/crashed"
echo "1..$n"
exit $failed
