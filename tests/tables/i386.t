#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# i386.t: the tables of a module of i386, which i386.s writes down.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo 1..1
as --32 -o "$work/i386.o" tests/tables/i386.s
"${BUILD:-build}/tests/owners" "$work/i386.o" >"$work/ours" || echo "failed" >>"$work/ours"
cat >"$work/expected" <<END
.text+0x5 victim+0x0 32 kprobe_blacklist
.text+0x5 victim+0x0 5 ftrace
.text+0xa victim+0x5 2 jump_label
.text+0xc victim+0x7 1 smp_lock
.text+0xf victim+0xa 2 ex_table
.text+0x11 victim+0xc 3 alternative
.text+0x14 victim+0xf 0 jump_target
.text+0x14 victim+0xf 0 ex_fixup
.text+0x14 victim+0xf 2 bug_table
.text+0x16 victim+0x11 5 static_call
.text+0x1b victim+0x16 5 retpoline
.text+0x20 victim+0x1b 5 return_site
END
if diff <(sort "$work/expected") <(sort "$work/ours") >"$work/diff"; then
	echo "ok 1 - owners in a module of i386 are those written down"
else
	echo "not ok 1 - owners in a module of i386 are those written down"
	sed 's/^/# /' "$work/diff"
	exit 1
fi
