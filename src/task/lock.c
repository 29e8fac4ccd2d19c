/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock.c: what one task at a time can hold.
 *
 * The line is empty of waiters that can be claimed while nobody owns the lock:
 * a release makes the first of them the owner at once, long before it runs.
 * So there is no moment at which a newcomer could slip in, and a task finds
 * out that it owns the lock even when it goes on for a cancel.
 *
 * The owner is known by its number, not by its address: that may be another
 * task's by the time at which a lock is found left taken.
 */
#include <config.h>
#include <pollux/sync.h>
#include "line.h"

static int
lock_arm(struct plx_awaitable *a)
{
	struct plx_waiter *w = plx__waiter_of(a);
	struct plx_lock *l = w->of;

	if (l->owner == a->task->id)
		return -EDEADLK;
	if (l->owner) {
		plx__line_join(&l->line, w);
		return 0;
	}
	if (plx_awaitable_ready(a))
		l->owner = a->task->id;
	return 1;
}

static const struct plx_awaitable_ops lock_ops = {
	.kind = "lock",
	.arm = lock_arm,
	.disarm = plx__waiter_disarm,
	.result = plx__waiter_result,
};

struct plx_awaitable *
plx_lock_awaitable(struct plx_sync_awaitable *w, struct plx_lock *l)
{
	return plx__waiter_fill(&w->waiter, &lock_ops, l);
}

int
plx_lock_acquire(struct plx_lock *l, int64_t deadline)
{
	struct plx_task *t = plx__current;
	int r = plx__begin(t);

	if (r < 0)
		return r;
	if (!l->owner)
		l->owner = t->id;
	else if (l->owner == t->id)
		r = -EDEADLK;
	else
		r = plx__line_stand(t, &l->line, &lock_ops, deadline);
	plx__end(t, deadline);
	return r;
}

int
plx_lock_release(struct plx_lock *l)
{
	struct plx_waiter *w;

	if (!plx_lock_held(l))
		return -EPERM;
	w = plx__line_claim(&l->line);
	l->owner = w ? w->base.task->id : 0;
	return 0;
}

int
plx_lock_held(const struct plx_lock *l)
{
	const struct plx_task *t = plx__current;

	return t && l->owner == t->id;
}
