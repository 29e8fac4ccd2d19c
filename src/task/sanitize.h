/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sanitize.h: what tools that watch the stack want to hear of coroutines.
 *
 * Part of coro.h.  Nothing of it is left in a build without a sanitizer; the
 * notes to valgrind (coro.c) are made where stacks are made, not where they
 * are switched.
 *
 * AddressSanitizer has to know the bounds of the stack that runs, and keeps a
 * second, fake one per coroutine, which is dropped when null is passed on
 * leaving.  It alone knows the bounds of a thread's own stack: a feigned
 * switch from the thread to itself brings them out.
 * ThreadSanitizer follows calls and returns on a stack of its own per fiber;
 * it must be told right before the jump, in the very function that jumps, or
 * what one fiber was entered with the other is left with.
 */
#ifndef PLX_SANITIZE_H
#define PLX_SANITIZE_H

#ifdef __has_feature
#define PLX_HAS_FEATURE(x) __has_feature(x)
#else
#define PLX_HAS_FEATURE(x) 0
#endif

/* A call would return on another stack than it was made on. */
#define PLX_NOTE __attribute__((always_inline)) static inline void

#if defined(__SANITIZE_ADDRESS__) || PLX_HAS_FEATURE(address_sanitizer)

#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stdint.h>

PLX_NOTE
plx__note_leaving(struct plx_coro *from, struct plx_coro *to)
{
	__sanitizer_start_switch_fiber(&from->fake_stack, to->stack, to->size);
}

PLX_NOTE
plx__note_ending(struct plx_coro *from, struct plx_coro *to)
{
	(void)from;
	__sanitizer_start_switch_fiber(NULL, to->stack, to->size);
}

PLX_NOTE
plx__note_arrived(struct plx_coro *self)
{
	__sanitizer_finish_switch_fiber(self->fake_stack, NULL, NULL);
}

PLX_NOTE
plx__note_thread(struct plx_coro *c)
{
	const void *stack;

	c->stack = (char *)__builtin_frame_address(0);
	c->size = 1;
	plx__note_leaving(c, c);
	__sanitizer_finish_switch_fiber(c->fake_stack, &stack, &c->size);
	c->stack = (char *)(uintptr_t)stack;
	plx__note_leaving(c, c);
	plx__note_arrived(c);
}

/* Frames that were never returned from have left their poison behind. */
PLX_NOTE
plx__note_new(struct plx_coro *c)
{
	__asan_unpoison_memory_region(c->stack, c->size);
}

PLX_NOTE
plx__note_gone(struct plx_coro *c)
{
	if (c->entry)
		__asan_unpoison_memory_region(c->stack, c->size);
}

#elif defined(__SANITIZE_THREAD__) || PLX_HAS_FEATURE(thread_sanitizer)

#include <sanitizer/tsan_interface.h>

PLX_NOTE
plx__note_leaving(struct plx_coro *from, struct plx_coro *to)
{
	(void)from;
	__tsan_switch_to_fiber(to->fiber, 0);
}

PLX_NOTE
plx__note_ending(struct plx_coro *from, struct plx_coro *to)
{
	(void)from;
	__tsan_switch_to_fiber(to->fiber, 0);
}

PLX_NOTE
plx__note_arrived(struct plx_coro *self)
{
	(void)self;
}

PLX_NOTE
plx__note_thread(struct plx_coro *c)
{
	c->fiber = __tsan_get_current_fiber();
}

PLX_NOTE
plx__note_new(struct plx_coro *c)
{
	c->fiber = __tsan_create_fiber(0);
}

PLX_NOTE
plx__note_gone(struct plx_coro *c)
{
	if (c->entry)
		__tsan_destroy_fiber(c->fiber);
}

#else

PLX_NOTE
plx__note_leaving(struct plx_coro *from, struct plx_coro *to)
{
	(void)from;
	(void)to;
}

PLX_NOTE
plx__note_ending(struct plx_coro *from, struct plx_coro *to)
{
	(void)from;
	(void)to;
}

PLX_NOTE
plx__note_arrived(struct plx_coro *self)
{
	(void)self;
}

PLX_NOTE
plx__note_thread(struct plx_coro *c)
{
	(void)c;
}

PLX_NOTE
plx__note_new(struct plx_coro *c)
{
	(void)c;
}

PLX_NOTE
plx__note_gone(struct plx_coro *c)
{
	(void)c;
}

#endif

#endif
