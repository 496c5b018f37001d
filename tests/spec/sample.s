# SPDX-License-Identifier: GPL-2.0-or-later
# What the patch files of this directory that need a kernel are held against (x86-64).
	.text
	.globl	sample
	.type	sample, @function
sample:
	testb	$0x2, 0x50(%rdi)	# f6 47 50 02
	je	1f			# 74 03
	xor	%eax, %eax		# 31 c0
	ret				# c3
1:	mov	$-37, %eax		# b8 db ff ff ff
	ret				# c3
	.size	sample, . - sample
