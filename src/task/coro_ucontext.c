/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coro_ucontext.c: the switch where there is no assembly for the processor.
 *
 * A context is large, holds pointers into itself on some systems and must not
 * move.  So each lives on the very stack that it describes: a coroutine that
 * stands does so inside plx__coro_jump, with its context in that frame; a new
 * one has its first context at the top of its stack.
 *
 * Traps.  The arguments of makecontext are ints, so the pointer goes in two
 * halves.  swapcontext asks the kernel for the signal mask each time, which
 * costs a hundred times the switch; and it puts that of the other in force,
 * which had been the thread's when it stopped: it is made the thread's of now.
 */
#ifdef __APPLE__ /* which has contexts for those who ask only */
#define _XOPEN_SOURCE 700
#endif
#include <config.h>
#include <signal.h>
#include <stdint.h>
#include <ucontext.h>
#include "coro.h"

static void
boot(unsigned high, unsigned low)
{
	uintptr_t self = (uintptr_t)((uint64_t)high << 32 | low);

	plx__coro_start((struct plx_coro *)self);
}

void
plx__coro_jump(struct plx_coro *from, struct plx_coro *to)
{
	ucontext_t here, *there = to->sp;

	from->sp = &here;
	(void)pthread_sigmask(SIG_BLOCK, NULL, &there->uc_sigmask);
	/* It fails only for a stack that is too small, which init refuses. */
	(void)swapcontext(&here, there);
}

void *
plx__coro_prepare(void *top, size_t size, struct plx_coro *self)
{
	uintptr_t place =
		((uintptr_t)top - sizeof(ucontext_t)) & ~(uintptr_t)63;
	ucontext_t *first = (ucontext_t *)place;
	uint64_t who = (uintptr_t)self;

	(void)getcontext(first);
	first->uc_link = NULL;
	first->uc_stack.ss_sp = (char *)top - size;
	first->uc_stack.ss_size = size - ((uintptr_t)top - place);
	makecontext(first, (void (*)(void))boot, 2, (unsigned)(who >> 32),
		    (unsigned)who);
	return first;
}
