/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coro_aarch64.S: the switch for AArch64, AAPCS64.
 *
 * A coroutine that stands keeps x19 to x30, the lower halves of v8 to v15 and
 * FPCR in a frame at its stack pointer.  Writing FPCR drains the pipeline, so
 * that is done only when the target's differs; FPSR is nobody's to keep.
 *
 * The way out is `ret', which branch target identification lets land
 * anywhere; a `br' would have to find a landing pad behind each call.  x18
 * belongs to the platform and is left alone.  Return addresses are not
 * signed, so the mark for BTI is given and that for PAC is not.
 */
#include "coro_asm.h"

#define FRAME 176

	.text

/* void plx__coro_jump(struct plx_coro *from, struct plx_coro *to) */
FUNCTION plx__coro_jump
	hint	34 /* bti c */
	sub	sp, sp, #FRAME
	.cfi_def_cfa_offset FRAME
	stp	x19, x20, [sp, #0]
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	.cfi_offset x29, 80 - FRAME
	.cfi_offset x30, 88 - FRAME
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mrs	x9, fpcr
	str	x9, [sp, #160]
	mov	x10, sp
	str	x10, [x0]
	ldr	x10, [x1]
	mov	sp, x10
	ldr	x11, [sp, #160]
	cmp	x9, x11
	b.ne	2f
1:	ldp	x19, x20, [sp, #0]
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	ldp	d8, d9, [sp, #96]
	ldp	d10, d11, [sp, #112]
	ldp	d12, d13, [sp, #128]
	ldp	d14, d15, [sp, #144]
	.cfi_remember_state
	.cfi_restore x29
	.cfi_restore x30
	add	sp, sp, #FRAME
	.cfi_def_cfa_offset 0
	ret
	.cfi_restore_state
2:	msr	fpcr, x11
	b	1b
END plx__coro_jump

/*
 * Where a new coroutine starts: the arguments of the jump are still in their
 * registers.  It has no caller, and says so to whoever walks the stack.
 */
FUNCTION plx__coro_boot
	.cfi_undefined x30
	hint	34 /* bti c */
	mov	x0, x1
	bl	PLX_SYMBOL(plx__coro_start)
	brk	#1
END plx__coro_boot

/*
 * void *plx__coro_prepare(void *top, size_t size, struct plx_coro *self):
 * the stack pointer of a new one.  TOP is all that it needs.
 */
FUNCTION plx__coro_prepare
	hint	34 /* bti c */
	sub	x0, x0, #FRAME
	adr	x9, PLX_SYMBOL(plx__coro_boot)
	mrs	x10, fpcr
	stp	xzr, x9, [x0, #80]
	str	x10, [x0, #160]
	ret
END plx__coro_prepare

#ifdef __ELF__
	.section .note.gnu.property, "a"
	.p2align 3
	.long	4, 16, 5	/* sizes of name and content; property note */
	.asciz	"GNU"
	.long	0xc0000000, 4	/* AArch64 feature bits, all must agree */
	.long	1, 0		/* BTI */
#endif
NO_EXECUTABLE_STACK
