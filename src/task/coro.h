/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coro.h: a stack of one's own and the switch to another, and nothing else.
 *
 * A switch is symmetric: it saves where FROM stands and goes on where TO
 * stood.  Registers that the platform's calling convention asks a callee to
 * keep are kept, the floating-point control words among them; a new coroutine
 * starts with those of its maker.  Signal masks are nobody's to keep.
 * Sanitizers and valgrind are told of every stack and switch.
 *
 * A coroutine that has ended says so with plx__coro_leave and is never
 * switched to again; its stack may be given back from another stack only.
 */
#ifndef PLX_CORO_H
#define PLX_CORO_H

#include <stddef.h>
#include <stdint.h>

struct plx_coro {
	void *sp;      /* where it stands; set by the jump, which knows it to be
			  the first member */
	void *pc, *fp; /* with it, where the stack does not hold them */
	uint32_t control[2]; /* likewise: of floating point */
	char *stack; /* lowest usable byte; a thread's own is not known */
	size_t size;
	void (*entry)(void *arg);
	void *arg;
	void *fiber;	      /* the sanitizer's handle */
	void *fake_stack;     /* AddressSanitizer's */
	unsigned valgrind_id; /* and 1; 0: it does not know of C */
};

#include "sanitize.h"

/* Makes C stand for the thread that calls, on the stack it has. */
void plx__coro_init_thread(struct plx_coro *c);

/*
 * Makes C stand at the start of ENTRY(ARG) on [STACK, STACK + SIZE), 16-byte
 * aligned at its upper end.  ENTRY must not return: it leaves.
 * 0, or -EINVAL when SIZE cannot even hold that start.
 */
int plx__coro_init(struct plx_coro *c, void *stack, size_t size,
		   void (*entry)(void *arg), void *arg);

/* Forgets what is known of C, which stands or has left; frees no stack. */
void plx__coro_fini(struct plx_coro *c);

/*
 * The platform's part (coro_*).  The jump is the switch
 * that nobody hears of; prepare lays out the SIZE bytes below TOP such that a
 * jump to SELF, once its sp is what prepare returns, ends in plx__coro_start.
 */
#ifdef PLX_CORO_X86_64
#include "coro_x86_64.h"
#else
void plx__coro_jump(struct plx_coro *from, struct plx_coro *to);
#endif
void *plx__coro_prepare(void *top, size_t size, struct plx_coro *self);
_Noreturn void plx__coro_start(struct plx_coro *self);

/* Stops in FROM and goes on in TO; returns when somebody switches back. */
static inline void
plx__coro_switch(struct plx_coro *from, struct plx_coro *to)
{
	plx__note_leaving(from, to);
	plx__coro_jump(from, to);
	plx__note_arrived(from);
}

/* The last switch of FROM, which has ended.  Does not return. */
_Noreturn static inline void
plx__coro_leave(struct plx_coro *from, struct plx_coro *to)
{
	plx__note_ending(from, to);
	plx__coro_jump(from, to);
	__builtin_unreachable();
}

#endif
