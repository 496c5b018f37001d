/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel of the tests in this directory: 40 functions with one jump each, at +2, over 6 bytes. */
	.text
	.macro victim number
	.globl victim_\number
	.type victim_\number, @function
victim_\number:
	test %edi, %edi
	je 1f
	mov $1, %eax
	ret
1:	mov $2, %eax
	ret
	.size victim_\number, . - victim_\number
	.endm

	.altmacro
	.set number, 0
	.rept 40
	victim %number
	.set number, number + 1
	.endr
