/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coro_x86_64.S: how a coroutine begins on x86-64; coro_x86_64.h switches.
 *
 * The mark for IBT is given; that for shadow stacks is not, since a switch
 * without a shadow stack of its own would fault under one.
 */
#include "coro_asm.h"

	.text

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
 * the stack pointer of a new one, which is TOP; the rest goes into SELF.
 */
FUNCTION plx__coro_prepare
	endbr64
	leaq	PLX_SYMBOL(plx__coro_boot)(%rip), %rcx
	movq	%rcx, 8(%rdx)
	movq	$0, 16(%rdx)
	stmxcsr	24(%rdx)
	fnstcw	28(%rdx)
	movq	%rdi, %rax
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
