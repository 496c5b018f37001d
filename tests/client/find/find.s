/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions and data as find.t's patches look for them. Two names are those of functions of the kernel,
 * whose types tell what they return. */
	.text
	.globl	locker
	.type	locker, @function
locker:
	endbr64
	push	%rbx
	testb	$0x2, 0x50(%rdi)
	je	1f
	xor	%eax, %eax
	mov	0x28(%rdi), %rbx
	test	%rbx, %rbx
	je	locker.cold
1:	mov	%esi, %eax
	and	$0x2, %eax
	je	2f
	mov	$0x1, %eax
2:	pop	%rbx
	ret
	.size	locker, . - locker

	/* as `invert` leaves it */
	.globl	changed
	.type	changed, @function
changed:
	testb	$0x2, 0x50(%rdi)
	jne	1f
	xor	%eax, %eax
1:	ret
	.size	changed, . - changed

	.globl	twice
	.type	twice, @function
twice:
	cmp	$0x3, %edi
	je	1f
	inc	%edi
	cmp	$0x3, %edi
	je	1f
	xor	%edi, %edi
1:	ret
	.size	twice, . - twice

	.globl	create_user_ns
	.type	create_user_ns, @function
create_user_ns:
	push	%rbp
	mov	%rsp, %rbp
	mov	$0x16, %eax
	neg	%eax
	pop	%rbp
	ret
	.size	create_user_ns, . - create_user_ns

	.globl	schedule
	.type	schedule, @function
schedule:
	mov	%rdi, %rsi
	mov	%rdx, %rcx
	xor	%edx, %edx
	ret
	.size	schedule, . - schedule

	.globl	tiny
	.type	tiny, @function
tiny:
	xor	%eax, %eax
	ret
	.size	tiny, . - tiny

	/* a static key's jump between a test and its branch */
	.globl	keyed
	.type	keyed, @function
keyed:
	test	%edi, %edi
1:	jmp	2f
	je	2f
	xor	%eax, %eax
2:	ret
	.size	keyed, . - keyed
	.section __jump_table, "aw"
	.long	1b - ., 2b - .
	.quad	key - .

	.section .text.unlikely, "ax"
	.type	locker.cold, @function
locker.cold:
	mov	$0x7, %edx
	cmp	$0x9, %edx
	jg	1f
	ud2
1:	ret
	.size	locker.cold, . - locker.cold

	.data
	.balign	8
	.globl	debug_mask
	.type	debug_mask, @object
	.size	debug_mask, 8
debug_mask:
	.long	0x40
	.long	0xffffffff
	.globl	key
	.type	key, @object
	.balign	8
key:	.quad	0, 0
	.size	key, . - key
	.bss
	.balign	8
	.type	counter, @object
	.size	counter, 4
counter:
	.zero	4
	.section .data..ro_after_init, "aw"
	.balign	8
	.type	decided, @object
	.size	decided, 4
decided:
	.long	1

	/* its .cold part jumps back into the middle, from another section */
	.section .text.rejoined, "ax"
	.type	rejoined, @function
rejoined:
	test	%edi, %edi
	jne	rejoined.cold
	xor	%eax, %eax
3:	mov	$0x1, %edx
	ret
	.size	rejoined, . - rejoined
	.section .text.rejoined.cold, "ax"
	.type	rejoined.cold, @function
rejoined.cold:
	nop
	jmp	3b
	.size	rejoined.cold, . - rejoined.cold
