/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coro_riscv64.S: the switch for 64-bit RISC-V, float ABI double or soft.
 *
 * A coroutine that stands keeps ra, s0 to s11 and, where the calling
 * convention passes doubles in registers, fs0 to fs11 and the rounding mode in
 * a frame at its stack pointer.  The exception flags of fcsr are nobody's to
 * keep.  gp and tp are the thread's.
 *
 * The way out goes through t1: a jump through ra or t0 is taken for a return
 * and foretold from the wrong stack.
 */
#include "coro_asm.h"

#ifdef __riscv_float_abi_soft
#define FRAME 112
.macro FLOATS op
.endm
.macro KEEP_ROUNDING base
.endm
.macro SET_ROUNDING
.endm
#else
#define FRAME 208
.macro FLOATS op
	\op	fs0, 104(sp)
	\op	fs1, 112(sp)
	\op	fs2, 120(sp)
	\op	fs3, 128(sp)
	\op	fs4, 136(sp)
	\op	fs5, 144(sp)
	\op	fs6, 152(sp)
	\op	fs7, 160(sp)
	\op	fs8, 168(sp)
	\op	fs9, 176(sp)
	\op	fs10, 184(sp)
	\op	fs11, 192(sp)
.endm
/* Leaves the mode in force in t2. */
.macro KEEP_ROUNDING base
	frrm	t2
	sd	t2, 200(\base)
.endm
/* Compares the mode of the stack that is left, in t2. */
.macro SET_ROUNDING
	ld	t0, 200(sp)
	beq	t0, t2, 1f
	fsrm	t0
1:
.endm
#endif

	.text

/* void plx__coro_jump(struct plx_coro *from, struct plx_coro *to) */
FUNCTION plx__coro_jump
	addi	sp, sp, -FRAME
	.cfi_def_cfa_offset FRAME
	sd	ra, 0(sp)
	sd	s0, 8(sp)
	.cfi_offset ra, -FRAME
	.cfi_offset s0, 8 - FRAME
	sd	s1, 16(sp)
	sd	s2, 24(sp)
	sd	s3, 32(sp)
	sd	s4, 40(sp)
	sd	s5, 48(sp)
	sd	s6, 56(sp)
	sd	s7, 64(sp)
	sd	s8, 72(sp)
	sd	s9, 80(sp)
	sd	s10, 88(sp)
	sd	s11, 96(sp)
	FLOATS	fsd
	KEEP_ROUNDING sp
	sd	sp, 0(a0)
	ld	sp, 0(a1)
	SET_ROUNDING
	FLOATS	fld
	ld	t1, 0(sp)
	ld	s0, 8(sp)
	ld	s1, 16(sp)
	ld	s2, 24(sp)
	ld	s3, 32(sp)
	ld	s4, 40(sp)
	ld	s5, 48(sp)
	ld	s6, 56(sp)
	ld	s7, 64(sp)
	ld	s8, 72(sp)
	ld	s9, 80(sp)
	ld	s10, 88(sp)
	ld	s11, 96(sp)
	.cfi_restore s0
	.cfi_register ra, t1
	addi	sp, sp, FRAME
	.cfi_def_cfa_offset 0
	jr	t1
END plx__coro_jump

/*
 * Where a new coroutine starts: the arguments of the jump are still in their
 * registers.  It has no caller, and says so to whoever walks the stack.
 */
FUNCTION plx__coro_boot
	.cfi_undefined ra
	mv	a0, a1
	call	PLX_SYMBOL(plx__coro_start)
	ebreak
END plx__coro_boot

/*
 * void *plx__coro_prepare(void *top, size_t size, struct plx_coro *self):
 * the stack pointer of a new one.  TOP is all that it needs.
 */
FUNCTION plx__coro_prepare
	addi	a0, a0, -FRAME
	lla	t0, PLX_SYMBOL(plx__coro_boot)
	sd	t0, 0(a0)
	sd	zero, 8(a0)
	KEEP_ROUNDING a0
	ret
END plx__coro_prepare

NO_EXECUTABLE_STACK
