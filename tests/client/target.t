#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `target` in object files, where a relocation says where a branch leads, and its bytes do not.
# Usage, from the top of the tree: tests/client/target.t [PATCHCTL]
set -u
patchctl=$(realpath "${1:-${BUILD:-build}/patchctl}") || exit 1
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

# assemble NAME FIRST SECOND: an object for each architecture, whose victim calls FIRST and jumps to
# SECOND, one of which it only refers to.
assemble() {
	local bits
	for bits in 64 32; do
		gcc -m$bits -c -x assembler -o "$work/$1.$bits" - <<-END || exit 1
			.type local, @function
			local:
			mov \$1, %eax
			ret
			.size local, . - local
			.globl victim
			.type victim, @function
			victim:
			test %eax, %eax
			call $2
			.type inside, @function
			inside:
			je $3
			jmp victim
			ret
			.size victim, . - victim
			.data
			number: .long 1
			.size number, . - number
			.section .init.text, "ax"
			.type early, @function
			early:
			ret
			call second
			.size early, . - early
		END
	done
}

# dry OBJECT WHERE TARGET
dry() {
	printf 'patch: p\nsummary: s\nsites: [{function: victim, %s, replace: {target: "%s"}}]\n' \
		"$2" "$3" >"$work/p.yaml"
	(cd "$work" && "$patchctl" dry-run --image "$1" p.yaml) >"$work/out" 2>&1
	status=$?
}

call='find: [{lines: [call first]}]'
exact='offset: 2, expect: {asm: "call first"}'
jump='find: [{lines: [je first]}]'
assemble old first first
assemble new second second
assemble own local local
for bits in 64 32; do
	for site in "$call" "$exact"; do
		[ "$site" = "$exact" ] && other=5 || other=6	# mismatch, not-found
		dry old.$bits "$site" second
		ok "$bits: a call is made one of a function that the object refers to" 0 applicable \
			'-0x.* e8 .* call first$' '\+0x.* e8 .* call second$'
		dry new.$bits "$site" second
		ok "$bits: and found in an object that calls it" 4 already-applied 'found .* call second'
		dry own.$bits "$site" second
		ok "$bits: and not in one that calls another" $other
	done
	dry old.$bits "$jump" second
	ok "$bits: so is a conditional jump" 0 applicable '-0x.* 0f 84 .* je first$' '\+0x.* je second$'
	dry new.$bits "$jump" second
	ok "$bits: and found" 4 already-applied
	dry old.$bits "$call" local
	ok "$bits: a function of the object is found by its name" 0 applicable '\+0x.* call local$'
	dry own.$bits "$call" local
	ok "$bits: and found in an object that calls it" 4 already-applied
	dry old.$bits "$call" elsewhere
	ok "$bits: one that the object does not name is another file's" 0 applicable \
		'\+0x.* call elsewhere$' "warning: old.$bits does not name elsewhere"
	dry old.$bits "$call" number
	ok "$bits: data is no function" 6 'there is no function number: that name is data, at 0x'
	dry old.$bits "$call" inside
	ok "$bits: the middle of the site's own function is none" 9 'inside is inside|inside of victim'
	dry old.$bits "$call" early
	ok "$bits: start-up code is none that may be called" 9 'early at 0x.* is start-up code'
	dry old.$bits 'find: [{lines: [jmp victim]}]' second
	ok "$bits: a jump of one byte does not reach it" 3 'cannot be made of jmp .* one byte'
done

# Its addresses that are made up lie farther from the code than a displacement reaches.
{
	printf 'victim: test %%eax, %%eax\n call first\n ret\n .type victim, @function\n'
	printf ' .size victim, . - victim\n .data\n'
	printf ' .long u%d\n' {1..9000}
	printf ' .long second\n'
} | gcc -c -x assembler -o "$work/large" - || exit 1
dry large "$call" second
ok "in an object of many symbols too" 0 applicable '\+0x.* call second$'

echo "1..$n"
exit $failed
