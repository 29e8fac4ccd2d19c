/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coro.c: the life of a coroutine, apart from the jump itself.
 *
 * Valgrind guesses from the distance whether a new stack pointer means a
 * switch, and guesses wrong between neighbouring stacks, so each stack is
 * registered.  It also holds what lies below a stack pointer that has moved
 * up for dead, which a stack that is used again must be cleared of.  The
 * requests cost instructions: asked is first whether valgrind is there.
 * Making one is part of every spawn; members are set one by one because a
 * compiler clears a struct of this size by a string instruction, which takes
 * longer to begin than all the rest.
 */
#include <config.h>
#include <errno.h>
#include <stdint.h>
#include "coro.h"

_Static_assert(offsetof(struct plx_coro, sp) == 0, "the jump relies on it");

/* More than any platform's first frame or context and the calls above it. */
#define ROOM_TO_START 8192

#ifdef HAVE_VALGRIND
#include <valgrind/memcheck.h>

static void
tell_valgrind(struct plx_coro *c)
{
	if (RUNNING_ON_VALGRIND) {
		(void)VALGRIND_MAKE_MEM_UNDEFINED(c->stack, c->size);
		c->valgrind_id = 1 + (unsigned)VALGRIND_STACK_REGISTER(
					     c->stack, c->stack + c->size);
	}
}

static void
untell_valgrind(struct plx_coro *c)
{
	if (c->valgrind_id)
		VALGRIND_STACK_DEREGISTER(c->valgrind_id - 1);
}
#else
static void
tell_valgrind(struct plx_coro *c)
{
	(void)c;
}

static void
untell_valgrind(struct plx_coro *c)
{
	(void)c;
}
#endif

void
plx__coro_init_thread(struct plx_coro *c)
{
	*c = (struct plx_coro){0};
	plx__note_thread(c);
}

int
plx__coro_init(struct plx_coro *c, void *stack, size_t size,
	       void (*entry)(void *arg), void *arg)
{
	if (size < ROOM_TO_START || ((uintptr_t)stack + size) % 16 != 0)
		return -EINVAL;
	c->pc = c->fp = NULL;
	c->control[0] = c->control[1] = 0;
	c->stack = stack;
	c->size = size;
	c->entry = entry;
	c->arg = arg;
	c->fiber = c->fake_stack = NULL;
	c->valgrind_id = 0;
	plx__note_new(c);
	tell_valgrind(c);
	c->sp = plx__coro_prepare(c->stack + size, size, c);
	return 0;
}

_Noreturn void
plx__coro_start(struct plx_coro *self)
{
	plx__note_arrived(self);
	self->entry(self->arg);
	__builtin_trap();
}

void
plx__coro_fini(struct plx_coro *c)
{
	untell_valgrind(c);
	plx__note_gone(c);
}
