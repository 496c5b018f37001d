#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a patch allows, as its reader sees it, on the image of hazards.s.
# Usage, from the top of the tree: tests/client/allow.t [PATCHCTL]
set -u
patchctl=$(realpath "${1:-${BUILD:-build}/patchctl}") || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
n=0
failed=0

# dry_run ALLOW: leaves $status and $work/out. The load of owned() at +0xb may fault.
dry_run() {
	cat >"$work/p.yaml" <<-END
		patch: p
		summary: s
		sites:
		  - function: owned
		    offset: 0xb
		    expect: {bytes: "8b 07"}
		    replace: {bytes: "03 07"}
		    $1
	END
	"$patchctl" dry-run $json --image "$work/hazards.o" "$work/p.yaml" >"$work/out" 2>&1
	status=$?
}

# ok NAME STATUS [LINE…]: so the client ended, and these lines stand in its output.
ok() {
	local name=$1 want=$2 line why=
	shift 2
	n=$((n + 1))
	[ "$status" = "$want" ] || why="exit status $status, not $want; "
	for line; do
		grep -qF -- "$line" "$work/out" || why+="no '$line'; "
	done
	if [ -z "$why" ]; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		{ echo "$why"; cat "$work/out"; } | sed 's/^/# /'
		failed=1
	fi
}

"${CC:-gcc}" -c -o "$work/hazards.o" tests/client/hazards.s || exit 1
json=
dry_run ''
ok 'an owner that is not allowed is refused, and how to allow it is told' 9 \
	'allow: {ex_table: "the reason"}'
dry_run 'allow: {bug_table: "not a WARN"}'
ok "another owner's allowance does not count" 9 'allow: {ex_table: "the reason"}'
dry_run 'allow: {ex_table: "an add faults like a mov", bug_table: "for nothing"}'
ok 'what is allowed stands below the change, with its reason' 0 'p: applicable' \
	'  allowed: ex_table: an add faults like a mov' '  allowed: bug_table: for nothing'
json=--json
dry_run 'allow: {ex_table: "an add faults like a mov"}'
ok 'and in JSON' 0 '"allowed":[{"owner":"ex_table","reason":"an add faults like a mov"}]'

echo "1..$n"
exit $failed
