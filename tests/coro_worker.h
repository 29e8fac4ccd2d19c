/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coro_worker.h: coroutines that a test goes to and that come home again.
 *
 * The thread of the test stands in HOME.  A worker runs its body on a stack of
 * its own until it pauses or is done; then the thread goes on.
 */
#ifndef PLX_CORO_WORKER_H
#define PLX_CORO_WORKER_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "coro.h"
#include "support.h"

#define STACK ((size_t)64 << 10)

struct worker {
	struct plx_coro coro;
	struct plx_coro *back; /* whom it switches to */
	void *stack;
	void (*body)(struct worker *w);
	uint64_t seed, sum;
	int rounding, seen, turns, done;
};

static struct plx_coro home;

static inline void
come_home(void)
{
	plx__coro_init_thread(&home);
}

/* A test whose thread stands in HOME. */
#define AT_HOME(SUITE, TEST) Test(SUITE, TEST, .init = come_home, .timeout = 60)

static inline void
run_worker(void *arg)
{
	struct worker *w = arg;

	w->body(w);
	w->done = 1;
	plx__coro_leave(&w->coro, w->back);
}

/*
 * Right above the stack lies what a walk that does not end at the first frame
 * would take for a call from run_worker.
 */
static inline void
start(struct worker *w, void (*body)(struct worker *w))
{
	uintptr_t above[16];

	if (!w->stack)
		w->stack = aligned_alloc(16, STACK + sizeof(above));
	cr_assert_not_null(w->stack);
	for (size_t i = 0; i < sizeof(above) / sizeof(above[0]); i++)
		above[i] = (uintptr_t)run_worker + 5;
	memcpy((char *)w->stack + STACK, above, sizeof(above));
	w->body = body;
	w->back = &home;
	w->done = 0;
	cr_assert_eq(plx__coro_init(&w->coro, w->stack, STACK, run_worker, w),
		     0);
}

static inline void
finish(struct worker *w)
{
	plx__coro_fini(&w->coro);
	free(w->stack);
	w->stack = NULL;
}

static inline void
resume(struct worker *w)
{
	plx__coro_switch(&home, &w->coro);
}

static inline void
pause_worker(void *arg)
{
	struct worker *w = arg;

	w->turns++;
	plx__coro_switch(&w->coro, w->back);
}

#endif
