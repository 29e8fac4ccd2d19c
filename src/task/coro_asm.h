/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coro_asm.h: how the assembler is told of a function, on ELF and on Mach-O.
 *
 * Functions are hidden: the library's own, never the linker's to redirect.
 * The note that the stack needs no execution is ELF's alone.
 */
#ifndef PLX_CORO_ASM_H
#define PLX_CORO_ASM_H

/* clang-format off */

#ifdef __APPLE__
#define PLX_SYMBOL(name) _##name
.macro FUNCTION name
	.globl	_\name
	.private_extern _\name
	.p2align 6
_\name:
	.cfi_startproc
.endm
.macro END name
	.cfi_endproc
.endm
.macro NO_EXECUTABLE_STACK
.endm
#else
#define PLX_SYMBOL(name) name
.macro FUNCTION name
	.globl	\name
	.hidden	\name
	.type	\name, %function
	.p2align 6
\name:
	.cfi_startproc
.endm
.macro END name
	.cfi_endproc
	.size	\name, . - \name
.endm
.macro NO_EXECUTABLE_STACK
	.section .note.GNU-stack, "", %progbits
.endm
#endif

#endif
