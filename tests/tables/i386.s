# SPDX-License-Identifier: GPL-2.0-or-later
# A module of i386 with one entry of each of the kernel's tables: their relocations have the addend in
# place, and are R_386_32 and R_386_PC32. Forms: include/table.h.
	.section .init.text, "ax", @progbits
	nop
	.text
	.fill 5, 1, 0xcc		# not at the section's start
	.globl victim
	.type victim, @function
victim:
	call	__fentry__		# +0
	jmp	1f			# +5, of 2 bytes
	lock incl (%eax)		# +7
0:	mov	(%ecx), %eax		# +10
2:	.byte	0x0f, 0x18, 0x00	# +12
1:	ud2				# +15
	call	elsewhere		# +17
	call	indirect		# +22
	jmp	return			# +27
	.size victim, . - victim

	.section __mcount_loc, "a", @progbits
	.long	victim
	.section __jump_table, "aw", @progbits
	.long	victim + 5 - ., 1b - ., key + 1 - .
	.section .smp_locks, "a", @progbits
	.long	victim + 7 - .
	.section __ex_table, "a", @progbits
	.long	0b - ., 1b - ., 3
	.section .altinstructions, "a", @progbits
	.long	2b - ., replacement - .
	.word	0x21
	.byte	3, 3
	.section .altinstr_replacement, "ax", @progbits
replacement:
	.byte	0x0f, 0x0d, 0x00
	.section __bug_table, "aw", @progbits
	.long	1b, file
	.word	42, 0x901
	.section .static_call_sites, "a", @progbits
	.long	victim + 17 - ., call_key - .
	.section .retpoline_sites, "a", @progbits
	.long	victim + 22 - .
	.section .return_sites, "a", @progbits
	.long	victim + 27 - .
	.section _kprobe_blacklist, "aw", @progbits
	.long	victim
	.section .rodata.str1.1, "aMS", @progbits, 1
file:	.asciz	"fs/file.c"
	.data
key:	.long	0, 0
	.section .note.GNU-stack, "", @progbits
