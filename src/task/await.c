/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * await.c: awaitables, one or several at a time.
 *
 * An awaitable is armed while its task member is set.  A wait arms in order and
 * stops at the first that is ready; the first that says so, then or while the
 * task is parked, is the task's WON, and the others are told that they have
 * lost.  So what has two ends, a channel's sender and its receiver, moves
 * only if both ends will report it, and nothing has ever to be given back.
 * When the wait ends every one but the winner is disarmed, so that its owner
 * can drop the pointer into this frame.  Those that say -EINPROGRESS are waited
 * for, whatever the deadline.
 */
#include <config.h>
#include "gen_int.h"
#include "wait_int.h"

/* 1 it is ready, 0 it is armed, -errno it is not. */
static int
arm(struct plx_task *t, struct plx_awaitable *a)
{
	int r;

	if (!a || !a->ops || !a->ops->arm || !a->ops->disarm || !a->ops->result)
		return -EINVAL;
	if (a->task)
		return -EBUSY;
	a->task = t;
	a->ready = 0;
	r = a->ops->arm(a);
	if (r < 0) {
		a->task = NULL;
		return r;
	}
	if (r > 0)
		plx_awaitable_ready(a);
	return t->won != NULL;
}

/* As arm, for all of W until one is ready or fails; W->n says how many. */
static int
arm_all(struct plx_task *t, struct plx_list_wait *w, int n)
{
	int r = 0;

	while (r == 0 && w->n < n) {
		r = arm(t, w->list[w->n]);
		if (r >= 0)
			w->n++;
	}
	return r;
}

/* The index of T's winner, or -1. */
static int
find_won(const struct plx_task *t, const struct plx_list_wait *w)
{
	int i;

	for (i = 0; t->won && i < w->n; i++) {
		if (w->list[i] == t->won)
			return i;
	}
	return -1;
}

/* Takes back all but WINNER (-1: all).  What has not let go stays armed. */
static int
disarm_others(const struct plx_list_wait *w, int winner)
{
	struct plx_awaitable *a;
	int held = 0;
	int i;

	for (i = 0; i < w->n; i++) {
		a = w->list[i];
		if (i == winner)
			continue;
		if (a->ops->disarm(a) == -EINPROGRESS && !a->ready)
			held++;
		else
			a->task = NULL;
	}
	return held;
}

static int
count_held(const struct plx_list_wait *w)
{
	int held = 0;
	int i;

	for (i = 0; i < w->n; i++)
		held += w->list[i]->task && !w->list[i]->ready;
	return held;
}

/* Waits until nobody else owns any of the awaitables. */
static void
await_release(struct plx_task *t, struct plx_list_wait *w)
{
	w->wait.fixed = 1;
	w->wait.deadline = PLX_NEVER;
	while (count_held(w) > 0)
		plx__park(t, &w->wait);
}

/* Ends a wait that would return R if none were ready. */
static int
settle(struct plx_task *t, struct plx_list_wait *w, int r)
{
	int winner = find_won(t, w);
	int i;

	if (disarm_others(w, winner) > 0)
		await_release(t, w);
	if (winner < 0)
		winner = find_won(t, w);
	for (i = 0; i < w->n; i++)
		w->list[i]->task = NULL;
	return winner < 0 ? r : winner;
}

int
plx__await_list(struct plx_task *t, struct plx_awaitable *const *list, int n,
		int64_t deadline)
{
	struct plx_list_wait w;
	int r;

	if (!list || n < 1)
		return -EINVAL;
	w.wait.kind = PLX_WAIT_LIST;
	w.wait.fixed = 0;
	w.wait.deadline = deadline;
	w.list = list;
	w.n = 0;
	t->won = NULL;
	t->at_once = plx__passed(t->rt, deadline);
	r = arm_all(t, &w, n);
	if (r == 0)
		r = t->at_once ? -ETIMEDOUT : plx__park(t, &w.wait);
	return settle(t, &w, r);
}

/* While the task gives way the winner stays its own, as it does between being
   ready and the task's going on. */
int
plx_await_any(struct plx_awaitable *const *list, int n, int64_t deadline)
{
	struct plx_task *t = plx__current;
	int r = plx__begin(t);

	if (r < 0)
		return r;
	r = plx__await_list(t, list, n, deadline);
	if (r >= 0)
		list[r]->task = t;
	plx__end(t, deadline);
	if (r >= 0)
		list[r]->task = NULL;
	return r;
}

int
plx_await(struct plx_awaitable *a, int64_t deadline)
{
	struct plx_task *t = plx__current;
	int r;

	if (!t)
		return plx__gen_await(a, deadline);
	r = plx__begin(t);
	if (r < 0)
		return r;
	r = plx__await_list(t, &a, 1, deadline);
	if (r >= 0)
		r = a->ops->result(a);
	plx__end(t, deadline);
	return r;
}

int
plx_awaitable_result(struct plx_awaitable *a)
{
	return a && a->ops && a->ops->result ? a->ops->result(a) : -EINVAL;
}

int
plx_awaitable_ready(struct plx_awaitable *a)
{
	return a && a->task && !a->ready && plx__claim(a);
}
