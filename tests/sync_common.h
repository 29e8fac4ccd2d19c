/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sync_common.h: what the tests of events, locks and their like share.
 *
 * A waiter is a task that waits once, for an object of any kind, and notes what
 * came of it and how many of them had gone on by then.
 */
#ifndef PLX_SYNC_COMMON_H
#define PLX_SYNC_COMMON_H

#include <pollux/sync.h>
#include "task_common.h"

typedef int wait_fn(void *object, int64_t deadline);

struct waiter {
	wait_fn *wait;
	void *object;
	int64_t deadline;
	plx_task *task;
	int result;
	int place; /* 0: it still waits; 1: it was the first to go on */
};

static int places;

static inline int
wait_once(void *arg)
{
	struct waiter *w = arg;

	w->result = w->wait(w->object, w->deadline);
	w->place = ++places;
	return 0;
}

/* Spawns a waiter and lets it come to its wait. */
static inline void
begin_wait(struct waiter *w, wait_fn *wait, void *object, int64_t deadline)
{
	memset(w, 0, sizeof(*w));
	w->wait = wait;
	w->object = object;
	w->deadline = deadline;
	plx_spawn(NULL, wait_once, w, &w->task);
	plx_checkpoint();
}

/* What came of it, once it has gone on, which must be soon. */
static inline int
end_wait(struct waiter *w)
{
	int r = plx_join(w->task, NULL, in(10 * PLX_SECOND));

	cr_expect_eq(r, 0, "it still waits");
	if (r < 0)
		stop_task(w->task);
	return w->result;
}

static inline void
begin_waits(struct waiter *w, int n, wait_fn *wait, void *object)
{
	for (int i = 0; i < n; i++)
		begin_wait(&w[i], wait, object, PLX_NEVER);
}

/* All of N go on with RESULT, and in the order in which they began. */
static inline void
expect_in_order(struct waiter *w, int n, int result)
{
	for (int i = 0; i < n; i++) {
		cr_expect_eq(end_wait(&w[i]), result, "%d: %d", i, w[i].result);
		if (i > 0)
			cr_expect_gt(w[i].place, w[i - 1].place, "%d", i);
	}
}

/* Counts its turns until it is cancelled. */
static inline int
count_turns(void *arg)
{
	int *turns = arg;

	while (plx_checkpoint() == 0)
		++*turns;
	return 0;
}

/*
 * Neither does WAIT, tried N times with deadline 0, ever give way, nor can it
 * keep the others out when it always finds what it wants.  UNDO may be NULL.
 */
static inline void
expect_fair(wait_fn *wait, void *object, int expected, void (*undo)(void *))
{
	int turns = 0;
	plx_task *t;

	plx_spawn(NULL, count_turns, &turns, &t);
	for (int i = 0; i < 10000; i++) {
		cr_expect_eq(wait(object, 0), expected);
		if (undo && expected >= 0)
			undo(object);
	}
	cr_expect_eq(turns, 0, "with deadline 0 others ran %d times", turns);
	for (int i = 0; i < 10000 && expected >= 0; i++) {
		cr_expect_eq(wait(object, PLX_NEVER), expected);
		if (undo)
			undo(object);
	}
	if (expected >= 0)
		cr_expect_geq(turns, 50, "others ran %d times", turns);
	stop_task(t);
}

/* So many that taking one out of line has to be cheap. */
enum {
	CROWD = SUPPORT_TSAN ? 2000 : 10000
};

/*
 * A crowd waits for OBJECT and is cancelled at once; with the last of them the
 * line is empty, and none has allocated anything.
 */
static inline void
expect_crowd_gone(wait_fn *wait, void *object, const struct plx_line *line)
{
	static struct waiter crowd[CROWD];
	unsigned long before;

	for (int i = 0; i < CROWD; i++) {
		crowd[i].wait = wait;
		crowd[i].object = object;
		crowd[i].deadline = PLX_NEVER;
		plx_spawn(NULL, wait_once, &crowd[i], &crowd[i].task);
	}
	before = support_calls(&support_sys, SUPPORT_RESIZE | SUPPORT_MAP);
	plx_checkpoint();
	cr_expect_not_null(line->first);
	for (int i = 0; i < CROWD; i++)
		plx_cancel(crowd[i].task);
	plx_checkpoint();
	cr_expect_eq(support_calls(&support_sys, SUPPORT_RESIZE | SUPPORT_MAP),
		     before);
	for (int i = 0; i < CROWD; i++)
		cr_expect_eq(end_wait(&crowd[i]), -ECANCELED);
	cr_expect_null(line->first);
	cr_expect_null(line->last);
}

/* The first of A and B that is ready. */
static inline int
either(struct plx_awaitable *a, struct plx_awaitable *b, int64_t deadline)
{
	struct plx_awaitable *const list[2] = {a, b};

	return plx_await_any(list, 2, deadline);
}

/* Calls FN(ARG) as a callback of the loop, and waits until that is done. */
static inline void
call_in_loop(void (*fn)(void *arg), void *arg)
{
	struct plx_call call = {0};

	plx_loop_call_soon(plx_self_loop(), &call, fn, arg);
	while (call.place)
		plx_checkpoint();
}

#endif
