#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the client shows of sites that are no single instruction at an offset: variables, a function's
# entry, what a pattern found.
# Usage, from the top of the tree: tests/client/sites.t [PATCHCTL]
set -u
patchctl=$(realpath "${1:-${BUILD:-build}/patchctl}") || exit 1
python=/usr/bin/python3
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
n=0
failed=0

# ok NAME STATUS WORDS…: the client ended so, and said each of the words in a line of its output.
ok() {
	local name=$1 want=$2 words result=ok
	shift 2
	n=$((n + 1))
	[ "$status" = "$want" ] || result="not ok"
	for words; do
		grep -qE -- "$words" "$work/out" || { result="not ok"; echo "# not said: $words"; }
	done
	echo "$result $n - $name"
	[ "$result" = ok ] && return
	echo "# status $status"
	sed 's/^/# /' "$work/out"
	failed=1
}

# dry SITE [OPTION…]: a dry run of a patch of one site, given as YAML's flow form.
dry() {
	printf 'patch: p\nsummary: s\nsites: [%s]\n' "$1" >"$work/p.yaml"
	shift
	"$patchctl" dry-run --image "$work/image.o" "$@" "$work/p.yaml" >"$work/out" 2>&1
	status=$?
}

cat >"$work/image.s" <<'E2'
	.text
	.globl victim
	.type victim, @function
victim:
	.byte 0x0f, 0x1f, 0x44, 0, 0
	mov 0x50(%rdi), %eax
	add $1, %eax
	add $2, %eax
	add $3, %eax
	test %eax, %eax
	jne victim.cold
	mov $42, %eax
	ret
	.size victim, . - victim

	.section .text.unlikely, "ax"
	.type victim.cold, @function
victim.cold:
	mov $7, %eax
	sub $9, %eax
	ret
	.size victim.cold, . - victim.cold

	.data
	.globl mask
	.type mask, @object
	.balign 8
mask:
	.long 7, 0x80000000
	.size mask, 8
E2
gcc -c -o "$work/image.o" "$work/image.s" || exit 1

dry '{variable: mask, size: 4, expect: 7, replace: 0x40}'
ok 'a variable: its values as numbers' 0 '^@@ mask = 0x7 -> 0x40 @@$'
dry '{variable: mask, offset: 4, size: 4, expect: 0x80000000, replace: -1}'
ok 'a part of one: with the offset' 0 '^@@ mask\+0x4 = 0x80000000 -> 0xffffffff @@$'
dry '{variable: mask, size: 8, expect: 9, replace: 1}'
ok 'another value: what is expected and what is found' 5 '^@@ mask @@ mismatch$' \
	'^  expected  0x9$' '^  found     0x8000000000000007$'
dry '{variable: mask, size: 2, expect: 1, replace: 7}'
ok 'the new value: already-applied' 4 '^@@ mask @@ already-applied$'
dry '{variable: mask, size: 4, expect: 7, replace: 0x40}' --json
ok 'a variable in JSON: no function, bytes in the order of the target' 0 '"function":null' \
	'"variable":"mask"' '"replacement":\{"bytes":"40 00 00 00"'
dry '{variable: mosk, size: 4, expect: 7, replace: 0x40}'
ok 'a name that is not there: not-found, with the near one' 6 '^@@ mosk @@ not-found$' 'mask'

dry '{function: victim, expect: {asm: "mov *,*"}, replace: {return: -EPERM}}'
ok 'a function that returns: all lines of either kind' 0 '^@@ victim\+0x5 @@$' \
	'^-.*victim\+0x5 .*mov 0x50\(%rdi\),%eax$' '^-.*victim\+0x8 .*add \$0x1,%eax$' \
	'^\+.*victim\+0x5 .*mov \$0xffffffffffffffff,%rax$' '^\+.*victim\+0xc .*ret'

dry '{function: victim, find: [{lines: ["sub *,*"], at: 1}], replace: {immediate: 1}}'
ok 'a pattern that is in the cold part: its place there' 0 '^@@ victim\.cold\+0x5 @@$' \
	'^\+.*victim\.cold\+0x5 .*sub \$0x1,%eax$'
dry '{function: victim, find: [{lines: ["xor *,*"], at: 1}], replace: nop}'
ok 'a pattern that is nowhere: no offset' 6 '^@@ victim @@ not-found$'
dry '{function: victim, find: [{lines: ["xor *,*"], at: 1}], replace: nop}' --json
ok 'a pattern that is nowhere: null in JSON' 6 '"offset":null'

# --- status, by a daemon that has one answer ---
"$python" - "$work/socket" "$patchctl" >"$work/out" 2>&1 <<'E2'
import json, os, signal, socket, subprocess, sys
signal.alarm(60)
site = {"function": None, "variable": "mask", "module": "nfs", "offset": 0, "address": "0x1000",
        "now": "other", "old": "07 00 00 00", "new": "40 00 00 00", "found": "41 00 00 00",
        "owners": [], "message": "it holds 0x41"}
state = {"patch": "p", "state": "changed", "message": "a variable was set", "attention": False,
         "sha256": "", "source": "p.yaml", "release": "6.1", "boot_id": "", "intended_at": "",
         "changed_at": "", "caller": {"uid": 0, "pid": 1, "comm": "patchctl"}, "sites": [site]}
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
client = subprocess.Popen([sys.argv[2], "--socket", sys.argv[1], "status"])
connection, _ = listener.accept()
connection.recv(65536)
connection.sendall(json.dumps({"parameters": {"patches": [state]}}).encode() + b"\0")
sys.exit(client.wait())
E2
status=$?
ok 'status of a variable that was set since: its values, and no attention' 0 '^p +changed' \
	'^  mask \[nfs\] = 0x7 -> 0x40  0x1000  now: other, 0x41$' '^    it holds 0x41$' \
	'^  a variable was set$'

echo "1..$n"
exit $failed
