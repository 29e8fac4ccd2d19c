/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coro_x86_64.S: the switch for x86-64, System V calling convention.
 *
 * A coroutine that stands keeps, below the return address that its stack
 * pointer points at: rbp, rbx, r12 to r15, mxcsr and the x87 control word.
 * That is the red zone, so nothing is pushed; once the stack pointer is
 * stored, no signal handler runs on that stack any more.
 *
 * The floating-point control words belong to the callee-saved state, and
 * loading them costs more than all the rest.  They are stored always and
 * loaded only when they differ from what is in force; the sticky exception
 * flags of mxcsr are nobody's to keep and do not count.
 *
 * The way out is a jump: a `ret' would be foretold from the wrong stack, four
 * times the price.  It lands behind a call, where no endbr64 stands, hence
 * `notrack'.  The mark for IBT is given; that for shadow stacks is not, since
 * a switch without a shadow stack of its own would fault under one.
 */
#include "coro_asm.h"

#define CONTROL_BITS 0xffc0

	.text

/* void plx__coro_jump(struct plx_coro *from, struct plx_coro *to) */
FUNCTION plx__coro_jump
	endbr64
	movq	%rbp, -8(%rsp)
	movq	%rbx, -16(%rsp)
	movq	%r12, -24(%rsp)
	movq	%r13, -32(%rsp)
	movq	%r14, -40(%rsp)
	movq	%r15, -48(%rsp)
	stmxcsr	-56(%rsp)
	fnstcw	-52(%rsp)
	movl	-56(%rsp), %eax
	movzwl	-52(%rsp), %edx
	movq	%rsp, (%rdi)
	movq	(%rsi), %rsp
	xorl	-56(%rsp), %eax
	testl	$CONTROL_BITS, %eax
	jne	2f
	cmpw	-52(%rsp), %dx
	jne	2f
1:	movq	-8(%rsp), %rbp
	movq	-16(%rsp), %rbx
	movq	-24(%rsp), %r12
	movq	-32(%rsp), %r13
	movq	-40(%rsp), %r14
	movq	-48(%rsp), %r15
	movq	(%rsp), %rcx
	addq	$8, %rsp
	.cfi_def_cfa_offset 0
	.cfi_register rip, rcx
	notrack	jmp *%rcx
	.cfi_def_cfa_offset 8
	.cfi_offset rip, -8
2:	ldmxcsr	-56(%rsp)
	fldcw	-52(%rsp)
	jmp	1b
END plx__coro_jump

/*
 * Where a new coroutine starts: the arguments of the jump are still in their
 * registers.  It has no caller, and says so to whoever walks the stack.
 */
FUNCTION plx__coro_boot
	.cfi_undefined rip
	endbr64
	movq	%rsi, %rdi
	call	PLX_SYMBOL(plx__coro_start)
	ud2
END plx__coro_boot

/*
 * void *plx__coro_prepare(void *top, size_t size, struct plx_coro *self):
 * the stack pointer of a new one.  TOP is all that it needs.
 */
FUNCTION plx__coro_prepare
	endbr64
	leaq	PLX_SYMBOL(plx__coro_boot)(%rip), %rcx
	leaq	-8(%rdi), %rax
	movq	%rcx, (%rax)
	movq	$0, -8(%rax)
	stmxcsr	-56(%rax)
	fnstcw	-52(%rax)
	ret
END plx__coro_prepare

#ifdef __ELF__
	.section .note.gnu.property, "a"
	.p2align 3
	.long	4, 16, 5	/* sizes of name and content; property note */
	.asciz	"GNU"
	.long	0xc0000002, 4	/* x86 feature bits, all objects must agree */
	.long	1, 0		/* IBT */
#endif
NO_EXECUTABLE_STACK
