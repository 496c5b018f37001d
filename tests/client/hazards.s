# SPDX-License-Identifier: GPL-2.0-or-later
# Functions with owners of each sort, for hazards.t (x86-64). The tables are those of the kernel,
# see include/table.h.
	.text
	.globl	owned
	.type	owned, @function
owned:
	call	__fentry__
1:	.byte	0x0f, 0x1f, 0x44, 0x00, 0x00
	push	%rbx
2:	mov	(%rdi), %eax
3:	ud2
4:	pop	%rbx
	ret
	.size	owned, . - owned

	.section __jump_table, "aw"
	.long	1b - ., 4b - .
	.quad	key - .
	.section __ex_table, "a"
	.long	2b - ., 4b - ., 1
	.section __bug_table, "aw"
	.long	3b - ., 0
	.short	812, 0

	.text
	.globl	plain
	.type	plain, @function
plain:
	xor	%eax, %eax
	jmp	plain
	.size	plain, . - plain

	.section .init.text, "ax"
	.globl	start_up
	.type	start_up, @function
start_up:
	xor	%eax, %eax
	ret
	.size	start_up, . - start_up

	.data
	.balign	8			# the table has the branch's sort in a key's low bits
	.globl	key
	.type	key, @object
key:	.quad	0, 0
	.size	key, . - key
	.globl	counter
	.type	counter, @object
counter:
	.long	7
	.size	counter, . - counter

	.section .data..percpu, "aw"
	.globl	of_each_cpu
	.type	of_each_cpu, @object
of_each_cpu:
	.long	0
	.size	of_each_cpu, . - of_each_cpu
