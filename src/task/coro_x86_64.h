/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coro_x86_64.h: the switch for x86-64, System V calling convention.
 *
 * Part of coro.h.  It is laid into the function that switches, and says that
 * it destroys every register: the compiler then saves what it needs itself,
 * once, and no call has to be made and returned from.  What the compiler
 * cannot save is kept in the struct: stack and frame pointer, where to go on,
 * and the floating-point control words.  Nothing is pushed, for the function
 * may use the red zone.
 *
 * The control words belong to the callee-saved state, and loading them costs
 * more than all the rest.  They are stored always and loaded only when they
 * differ from what is in force; the sticky exception flags of mxcsr are
 * nobody's to keep and do not count.
 *
 * The way out is a jump: a `ret' would be foretold from the wrong stack, four
 * times the price.  No endbr64 stands where it lands, hence `notrack'.
 */
#ifndef PLX_CORO_X86_64_H
#define PLX_CORO_X86_64_H

#ifdef __AVX512F__
#define PLX_MORE_REGISTERS                                                     \
	, "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22",       \
		"xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", \
		"xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define PLX_MORE_REGISTERS
#endif

_Static_assert(offsetof(struct plx_coro, sp) == 0 &&
		       offsetof(struct plx_coro, pc) == 8 &&
		       offsetof(struct plx_coro, fp) == 16 &&
		       offsetof(struct plx_coro, control) == 24,
	       "the offsets below");

/* FROM is in rdi and TO in rsi, which is where a new one looks for itself. */
__attribute__((always_inline)) static inline void
plx__coro_jump(struct plx_coro *from, struct plx_coro *to)
{
	__asm__ volatile("leaq	1f(%%rip), %%rax\n\t"
			 "movq	%%rsp, (%%rdi)\n\t"
			 "movq	%%rax, 8(%%rdi)\n\t"
			 "movq	%%rbp, 16(%%rdi)\n\t"
			 "stmxcsr	24(%%rdi)\n\t"
			 "fnstcw	28(%%rdi)\n\t"
			 "movl	24(%%rdi), %%eax\n\t"
			 "movzwl	28(%%rdi), %%edx\n\t"
			 "xorl	24(%%rsi), %%eax\n\t"
			 "testl	$0xffc0, %%eax\n\t"
			 "jne	2f\n\t"
			 "cmpw	28(%%rsi), %%dx\n\t"
			 "je	3f\n"
			 "2:	ldmxcsr	24(%%rsi)\n\t"
			 "fldcw	28(%%rsi)\n"
			 "3:	movq	(%%rsi), %%rsp\n\t"
			 "movq	16(%%rsi), %%rbp\n\t"
			 "notrack jmp	*8(%%rsi)\n"
			 "1:"
			 : "+D"(from), "+S"(to)
			 :
			 : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11",
			   "r12", "r13", "r14", "r15", "xmm0", "xmm1", "xmm2",
			   "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
			   "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
			   "xmm15", "cc", "memory" PLX_MORE_REGISTERS);
}

#endif
