# SPDX-License-Identifier: GPL-2.0-or-later
# patches.sh: sourced in a guest: patches made from what this kernel has.

# listing SYMBOL: "OFFSET|BYTES|ASSEMBLER" of each instruction.
listing() {
	patchctl disassemble "$1" | sed -nE 's/^0x[0-9a-f]+ +\+(0x[0-9a-f]+) +(([0-9a-f]{2} )+)[-|/\<> ]*(.*)$/\1|\2|\4/p'
}

# spec NAME FUNCTION OFFSET EXPECT REPLACE [MODULE [MORE]]: writes NAME.yaml. MODULE "vmlinux": the
# kernel image.
spec() {
	local module="module: ${6:-patcherd_test}"
	[ "${6:-}" != vmlinux ] || module=
	cat >"$1.yaml" <<-END
		patch: ${1##*/}
		summary: made by a test
		sites:
		  - function: $2
		    $module
		    offset: $3
		    expect: {bytes: "$4"}
		    replace: {bytes: "$5"${7:-}}
	END
}

# nops BYTE…: as many one-byte nops.
nops() {
	printf '90 %.0s' "$@" | sed 's/ $//'
}
